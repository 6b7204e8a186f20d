"""A lane: one person's messages into one conversation, seen from the sender's socket and from a recipient's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from bench.client import Socket
from bench.client.rest import Json

CONTENT = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all."


@dataclass(slots=True)
class Lane:
    """Messages of one sender and what became of them. Times are seconds of `time.perf_counter`.

    `sent`, `acknowledged` (the messageIds) and `delivered` go by clientMessageId; the lists of times are seconds from
    the send to the ack, and to the arrival on the recipient's socket. `on_answer` is called for each answered frame.
    """

    conversation_id: str
    sender_id: str
    prefix: str
    batch: int = 1
    sent: dict[str, float] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    delivered: set[str] = field(default_factory=set)
    ack_times: list[float] = field(default_factory=list)
    receive_times: list[float] = field(default_factory=list)
    repeated: int = 0
    refused: int = 0
    last_delivery: float = 0.0
    on_answer: Callable[[Lane], None] | None = None
    socket: Socket | None = None

    @property
    def is_done(self) -> bool:
        """Whether everything sent was answered, and everything acknowledged delivered."""
        acknowledged = len(self.acknowledged)
        return acknowledged + self.refused >= len(self.sent) and len(self.delivered) >= acknowledged

    def send(self) -> None:
        """Sends the next frame: one message, or `batch` of them."""
        assert self.socket is not None
        first = len(self.sent)
        ids = [f"{self.prefix}-{number}" for number in range(first, first + self.batch)]
        drafts = [
            {"conversationId": self.conversation_id, "clientMessageId": client_id, "content": CONTENT}
            for client_id in ids
        ]
        data: Json = drafts[0] if self.batch == 1 else {"messages": drafts}
        frame = orjson.dumps({"action": "send", "requestId": ids[0], "data": data})
        now = time.perf_counter()
        for client_id in ids:
            self.sent[client_id] = now
        self.socket.send_text(frame)

    def answer(self, event: Json, now: float) -> None:
        """Takes the answer to a frame."""
        sent_at = self.sent.get(event["requestId"])
        if sent_at is None:
            return
        if event.get("event") == "chat:send:ack":
            self.ack_times.append(now - sent_at)
            data: Json = event["data"]
            for result in data.get("results", [data]):
                if result["status"] == "accepted":
                    self.acknowledged[result["clientMessageId"]] = result["messageId"]
                else:
                    self.refused += 1
        else:
            self.refused += self.batch
        if self.on_answer:
            self.on_answer(self)

    def receive(self, message: Json, now: float) -> None:
        """Takes a message that came to the recipient."""
        client_id = message["clientMessageId"]
        sent_at = self.sent.get(client_id)
        if sent_at is None:
            return
        if client_id in self.delivered:
            self.repeated += 1
            return
        self.delivered.add(client_id)
        self.receive_times.append(now - sent_at)
        self.last_delivery = now


def listen(outgoing: Lane | None, incoming: Lane | None, on_texts: Callable[[], None]) -> Callable[[bytes], None]:
    """What a person's socket calls: answers go to the lane they send on, messages to the lane they are sent on.

    Args:
        outgoing: the lane that this person sends on, if any.
        incoming: the lane whose recipient this person is, if any.
        on_texts: called once after each text.
    """

    def on_text(payload: bytes) -> None:
        now = time.perf_counter()
        whole = orjson.loads(payload)
        for event in whole if isinstance(whole, list) else (whole,):
            if "requestId" in event:
                if outgoing:
                    outgoing.answer(event, now)
            elif incoming and event.get("event") == "chat:receive":
                message = event["data"]["message"]
                if message["senderId"] == incoming.sender_id:
                    incoming.receive(message, now)
        on_texts()

    return on_text
