"""`make demo`: two people on two devices each talk through a running stack, and the terminal shows what happens.

Ends with one line that counts what was sent, stored, delivered, lost and repeated; the exit status is 0 only when
nothing was lost, repeated or late. `PARLEY_URL`, or `PORT` on this machine, says where the stack is.
"""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from rich.console import Console
from rich.text import Text

from bench.client import ApiError, Device, FrameError, ParleyClient, Person, UpgradeRefusedError
from bench.client.device import draft
from bench.client.rest import Json

DEADLINE_S = 15.0
COLOURS = ("cyan", "magenta")

OPENING = (
    (0, 0, "direct", "Are we still on for Saturday?"),
    (1, 0, "direct", "Yes! I was about to ask the same."),
    (1, 1, "direct", "Writing from the train now, so the phone it is."),
    (0, 1, "group", "Then let us plan here, where we can find it again."),
    (1, 1, "group", "Good. I bring the tent, you bring the stove."),
)
AWAY = (
    (0, 0, "direct", "One more thing: the weather says rain after four."),
    (0, 0, "direct", "So an early start?"),
    (0, 1, "group", "List: stove, gas, matches, coffee."),
)
BATCH = ("…and a rope.", "…and the big pot.", "That is all, I promise.")
RETURN = (
    (1, 0, "direct", "Back again. Early start it is: seven."),
    (0, 1, "direct", "Seven. See you then."),
    (1, 1, "group", "Rope and pot are packed."),
)


@dataclass(slots=True)
class Sent:
    """A message that was acknowledged, and the name of the conversation it went to."""

    message_id: str
    conversation: str


@dataclass(slots=True)
class Tally:
    """What the last line counts. `arrived` and `expected` are pairs of a person's device and a message."""

    sent: list[Sent] = field(default_factory=list)
    expected: int = 0
    arrived: int = 0
    lost: int = 0
    repeated: int = 0
    stored: int = 0


class Demo:
    """The play: its people, their devices and conversations, and what became of every message."""

    def __init__(self, client: ParleyClient, console: Console) -> None:
        self.client = client
        self.console = console
        self.people: list[Person] = []
        self.devices: list[list[Device]] = [[], []]
        self.conversations: dict[str, str] = {}
        self.tally = Tally()

    async def run(self) -> Tally:
        """Plays it through; raises what the client raises where the stack refuses something or is late."""
        try:
            await self._sign_in()
            self._heading("They talk, in a direct conversation and in a group")
            await self._talk(OPENING)
            await self._go_away_and_come_back()
            self._heading("They go on")
            await self._talk(RETURN)
            await self._check()
        finally:
            await asyncio.gather(*(device.close() for devices in self.devices for device in devices))
        return self.tally

    async def _sign_in(self) -> None:
        self._heading("Two people sign in on two devices each")
        suffix, password = uuid.uuid4().hex[:8], f"demo-{uuid.uuid4().hex}"
        for index, name in enumerate(("Ada", "Ben")):
            username = f"{name.lower()}_{suffix}"
            first = await self.client.register(username, password, display_name=name)
            second = await self.client.login(username, password, device_name="phone")
            self.people.append(first)
            await self._connect(index, (first, second))
        ada, ben = self.people
        self.conversations["direct"] = await ada.create_direct(ben.user_id)
        self.conversations["group"] = await ada.create_group("Camping trip", [ben.user_id])

    async def _connect(self, index: int, sessions: Sequence[Person]) -> None:
        names = ("laptop", "phone")
        self.devices[index] = [await Device.connect(person, name) for person, name in zip(sessions, names, strict=True)]
        line = self._who(index)
        line.append(" is on a laptop and a phone")
        line.append(f" ({self.people[index].username})", style="dim")
        self.console.print(line, soft_wrap=True)

    async def _talk(self, lines: Sequence[tuple[int, int, str, str]]) -> None:
        for sender, device_index, conversation, text in lines:
            device = self.devices[sender][device_index]
            body = draft(self.conversations[conversation], text)
            answer = await device.send_message(
                body["conversationId"], text, client_message_id=body["clientMessageId"], timeout_s=DEADLINE_S
            )
            sent_at = answer.at - answer.took
            self._say(sender, device.name, conversation, text, answer.took)
            await self._deliveries([self._note(conversation, answer.data)], sent_at)

    def _note(self, conversation: str, ack: Json) -> Sent:
        sent = Sent(ack["messageId"], conversation)
        self.tally.sent.append(sent)
        return sent

    async def _deliveries(self, messages: Sequence[Sent], sent_at: float) -> None:
        """Waits for messages on every device that is connected, and shows when the last of them came to each."""
        line = Text("      ")
        for index, devices in enumerate(self.devices):
            for device in devices:
                if device.socket.closed.done():
                    continue
                ids = [message.message_id for message in messages]
                self.tally.expected += len(ids)
                times = [(await self._arrival(device, message_id)) for message_id in ids]
                self._append_delivery(line, index, device, [at - sent_at for at in times if at is not None], len(ids))
        self.console.print(line, soft_wrap=True)

    async def _arrival(self, device: Device, message_id: str) -> float | None:
        try:
            received = await device.wait_for_message(message_id, timeout_s=DEADLINE_S)
        except TimeoutError:
            self.tally.lost += 1
            return None
        self.tally.arrived += 1
        return received.at

    def _append_delivery(self, line: Text, index: int, device: Device, took: list[float], wanted: int) -> None:
        line.append("  ✓ " if len(took) == wanted else "  ✗ ", style="green" if len(took) == wanted else "bold red")
        line.append(self._who(index))
        line.append(f" {device.name} ", style="dim")
        line.append(f"{max(took) * 1000:.1f} ms" if len(took) == wanted else f"{len(took)} of {wanted}")

    async def _go_away_and_come_back(self) -> None:
        self._heading("Ben goes away: both of his sockets close")
        await asyncio.gather(*(device.close() for device in self.devices[1]))
        had = {name: self._last_seq(name) for name in self.conversations}
        before = len(self.tally.sent)
        await self._talk(AWAY)
        await self._talk_in_batch()
        missed = self.tally.sent[before:]
        self._heading("Ben comes back and catches up by history")
        self._count_repeats(self.devices[1])
        await self._connect(1, [device.person for device in self.devices[1]])
        await self._catch_up(missed, had)

    def _last_seq(self, conversation: str) -> int:
        conversation_id = self.conversations[conversation]
        return max(
            (m["seq"] for d in self.devices[1] for m in d.messages if m["conversationId"] == conversation_id), default=0
        )

    async def _talk_in_batch(self) -> None:
        device = self.devices[0][0]
        drafts = [draft(self.conversations["group"], text) for text in BATCH]
        answer = await device.send_messages(drafts, timeout_s=DEADLINE_S)
        for text in BATCH:
            self._say(0, device.name, "group", text, answer.took)
        acks = [result for result in answer.data["results"] if result["status"] == "accepted"]
        self.tally.lost += len(drafts) - len(acks)
        await self._deliveries([self._note("group", ack) for ack in acks], answer.at - answer.took)

    async def _catch_up(self, missed: Sequence[Sent], had: dict[str, int]) -> None:
        person = self.devices[1][0].person
        for name, conversation_id in self.conversations.items():
            wanted = [sent.message_id for sent in missed if sent.conversation == name]
            found = await person.history(conversation_id, after=had[name])
            ids = [message["messageId"] for message in found]
            self.tally.expected += len(wanted)
            self.tally.arrived += sum(1 for message_id in wanted if message_id in ids)
            self.tally.lost += sum(1 for message_id in wanted if message_id not in ids)
            self.tally.repeated += len(ids) - len(set(ids))
            for message in found:
                text = f"  {name:<6} seq {message['seq']:<3} {message['content']}"
                self.console.print(text, style="dim", soft_wrap=True, markup=False)

    async def _check(self) -> None:
        """Compares what was acknowledged with what the history holds."""
        for devices in self.devices:
            self._count_repeats(devices)
        for name, conversation_id in self.conversations.items():
            history = await self.people[0].history(conversation_id)
            ids = [message["messageId"] for message in history]
            wanted = [sent.message_id for sent in self.tally.sent if sent.conversation == name]
            self.tally.stored += len(set(ids) & set(wanted))
            self.tally.lost += len(set(wanted) - set(ids))
            self.tally.repeated += len(ids) - len(set(ids))
            if [message["seq"] for message in history] != list(range(1, len(history) + 1)):
                self.console.print(f"the {name} conversation's seq has holes", style="bold red")
                self.tally.lost += 1

    def _count_repeats(self, devices: Sequence[Device]) -> None:
        for device in devices:
            ids = [message["messageId"] for message in device.messages]
            self.tally.repeated += len(ids) - len(set(ids))

    def _heading(self, text: str) -> None:
        self.console.print()
        self.console.print(text, style="bold", soft_wrap=True)

    def _who(self, index: int) -> Text:
        return Text(self.people[index].display_name, style=f"bold {COLOURS[index]}")

    def _say(self, sender: int, device: str, conversation: str, text: str, took: float) -> None:
        line = Text(f"  {conversation:<6} ", style="dim")
        line.append(self._who(sender))
        line.append(f" ({device})", style="dim")
        line.append(f"  {text}  ")
        line.append(f"ack {took * 1000:.1f} ms", style="yellow")
        self.console.print(line, soft_wrap=True)


async def play(url: str, console: Console) -> int:
    """Runs the demo against a stack; the exit status."""
    async with ParleyClient(url) as client:
        try:
            await client.health()
        except (httpx.HTTPError, ValueError, OSError):
            console.print(
                f"No stack answers at {url}: start one with `make run` in another terminal, or set PARLEY_URL.",
                style="bold red",
                soft_wrap=True,
            )
            return 2
        try:
            tally = await Demo(client, console).run()
        except (ApiError, FrameError, UpgradeRefusedError, TimeoutError, OSError, httpx.HTTPError) as error:
            reason = str(error) or f"no answer within {DEADLINE_S:.0f} s"
            console.print(f"The demo could not go on: {reason}", style="bold red", soft_wrap=True)
            return 1
    good = not (tally.lost or tally.repeated)
    console.print()
    console.print(
        f"{len(tally.sent)} sent, {tally.stored} stored, {tally.arrived} of {tally.expected} delivered, "
        f"{tally.lost} lost, {tally.repeated} repeated",
        style="bold green" if good else "bold red",
        soft_wrap=True,
    )
    return 0 if good else 1


def main() -> int:
    """The command."""
    console = Console(highlight=False)
    return asyncio.run(
        play(os.environ.get("PARLEY_URL") or f"http://localhost:{os.environ.get('PORT') or 8000}", console)
    )


if __name__ == "__main__":
    sys.exit(main())
