"""WebSocket: connecting, actions, answers and limits."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from functools import partial

import pytest

from bench.client import Device, UpgradeRefusedError, open_socket
from bench.client.rest import Json
from tests.e2e.conformance.cast import DEADLINE_S, Cast, refused_frame, settle

MOST_BURSTS = 10


async def test_connect(cast: Cast) -> None:
    """A ticket opens one socket, once; the same address opens with an Authorization header."""
    url = await cast.ada.ws_ticket()
    device = Device(cast.ada, "by ticket")
    await device.open(url)
    await settle(device)
    other = await Device.connect(cast.ada, "by header", by_ticket=False)
    await settle(other)
    with pytest.raises(UpgradeRefusedError) as used:
        await Device(cast.ada, "again").open(url)
    assert used.value.status in (401, 403)
    await asyncio.gather(device.close(), other.close())


@pytest.mark.parametrize("what", ["nothing", "a forged ticket", "an empty ticket", "a forged token"])
async def test_refused_upgrades(cast: Cast, what: str) -> None:
    """Nothing, or a bad ticket or token: the upgrade is refused with 401 or 403."""
    address = await cast.ada.ws_address()
    url = address + {"a forged ticket": "?ticket=forged", "an empty ticket": "?ticket="}.get(what, "")
    token = cast.ada.access_token[:-6] + "AAAAAA" if what == "a forged token" else None
    with pytest.raises(UpgradeRefusedError) as refused:
        await Device(cast.ada, "refused").open(url, access_token=token)
    assert refused.value.status in (401, 403)


ACTIONS: list[tuple[str, str, Json]] = [
    ("send", "chat:send:ack", {"conversationId": "{place}", "clientMessageId": "{new}", "content": "hello"}),
    ("edit", "chat:edit:ack", {"messageId": "{message}", "content": "edited"}),
    ("react", "chat:react:ack", {"messageId": "{message}", "emoji": "👍"}),
    ("delete", "chat:delete:ack", {"messageId": "{message}"}),
    ("seen", "chat:seen:ack", {"conversationId": "{place}", "seq": 1}),
    ("typing", "chat:typing:ack", {"conversationId": "{place}", "state": "start"}),
    ("join", "chat:join:ack", {"conversationId": "{place}"}),
    ("leave", "chat:leave:ack", {"conversationId": "{place}"}),
    ("ping", "pong", {}),
    ("sync", "sync", {}),
]
ALIASES: list[tuple[str, str, Json]] = [
    *((f"chat:{name}", answer, data) for name, answer, data in ACTIONS[:5] + ACTIONS[6:8]),
    ("chat:typing:start", "chat:typing:ack", {"conversationId": "{place}"}),
    ("chat:typing:stop", "chat:typing:ack", {"conversationId": "{place}"}),
]
ANSWERS: dict[str, set[str]] = {
    "chat:send:ack": {"messageId", "clientMessageId", "status"},
    "chat:seen:ack": {"conversationId", "lastDeliveredSeq", "lastReadSeq"},
    "chat:join:ack": {"conversationId", "online"},
    "pong": {"serverTime"},
    "sync": {"changes", "complete", "token"},
}


@pytest.mark.parametrize(("action", "answer", "data"), ACTIONS + ALIASES, ids=[a[0] for a in ACTIONS + ALIASES])
async def test_action(cast: Cast, action: str, answer: str, data: Json) -> None:
    """An action with a requestId gets exactly one answer bearing it, of its own event; without one it gets none."""
    place = await cast.direct()
    message = await cast.stored(place)
    values = {"{place}": place, "{message}": message["messageId"], "{new}": f"n-{action.replace(':', '-')}"}
    filled = {name: values.get(str(value), value) for name, value in data.items()}
    (device,) = await cast.devices(cast.ada)
    request_id = "x" * 64
    told = await asyncio.wait_for(device.start(action, filled, request_id=request_id), DEADLINE_S)
    assert ANSWERS.get(answer, set()) <= told.data.keys()
    device.start(action, filled, request_id="another")
    device.socket.send_text(f'{{"action":"{action}","data":{json.dumps(filled)}}}'.encode())
    await settle(device)
    await device.wait_until(lambda: "another" in [one.request_id for one in device.received], timeout_s=DEADLINE_S)
    await settle(device)
    answers = [one.event for one in device.received if one.request_id == request_id]
    assert answers == [answer]
    bare = [one.event for one in device.received if one.request_id is None]
    assert answer not in bare
    assert "error" not in bare


async def test_pong(cast: Cast) -> None:
    """pong {serverTime, missed?}: missed, which is true, only where events may not have reached the socket."""
    (device,) = await cast.devices(cast.ada)
    for _ in range(2):
        assert (await device.request("ping", {}, timeout_s=DEADLINE_S)).data.keys() == {"serverTime"}


async def test_batch(cast: Cast) -> None:
    """send {messages}: 1 to 25, kept in order; a result for each, a refused one alone; 26 or 0 are refused whole."""
    place = await cast.group(cast.ben)
    (device,) = await cast.devices(cast.ada)
    drafts: list[Json] = [
        {"conversationId": place, "clientMessageId": f"b{number}", "content": str(number)} for number in range(25)
    ]
    drafts[7]["replyTo"] = "m_aaaaaaaaaaaaaaaaaaaa"
    results = (await device.request("send", {"messages": drafts}, timeout_s=DEADLINE_S)).data["results"]
    assert [result["clientMessageId"] for result in results] == [f"b{number}" for number in range(25)]
    assert results[7] == {"clientMessageId": "b7", "status": "refused", "code": "invalid_request"}
    assert Counter(result["status"] for result in results) == {"accepted": 24, "refused": 1}
    await device.wait_until(lambda: len(device.messages) == 24, timeout_s=DEADLINE_S)
    assert [message["content"] for message in device.messages] == [str(n) for n in range(25) if n != 7]
    assert [message["seq"] for message in device.messages] == list(range(1, 25))
    for wrong in ([], [*drafts, drafts[0]]):
        await refused_frame(device, "invalid_request", "send", {"messages": wrong})


def has_messages(device: Device, count: int) -> bool:
    return len(device.messages) >= count


async def test_order(cast: Cast) -> None:
    """A send that follows an ack is stored after it, and each device gets the messages in seq order."""
    place = await cast.group(cast.ben)
    sender, *readers = await cast.devices(cast.ada, cast.ben, cast.ben)
    ids = [(await sender.send_message(place, str(n), timeout_s=DEADLINE_S)).data["messageId"] for n in range(30)]
    for device in (sender, *readers):
        await device.wait_until(partial(has_messages, device, 30), timeout_s=DEADLINE_S)
        assert [message["messageId"] for message in device.messages] == ids
        assert [message["seq"] for message in device.messages] == list(range(1, 31))


async def test_joined_frames(cast: Cast) -> None:
    """Events that wait together come as one frame, a JSON array of up to 32 KB, in seq order and each once."""
    place = await cast.group(cast.ben)
    (sender,) = await cast.devices(cast.ada)
    reader = FrameReader()
    socket = await open_socket(await cast.ben.ws_ticket(), reader.take)
    count = 0
    try:
        while not reader.joined and count < MOST_BURSTS * 25:
            drafts = [
                {"conversationId": place, "clientMessageId": f"j{number}", "content": "x" * 1_000}
                for number in range(count, count + 25)
            ]
            await sender.request("send", {"messages": drafts}, timeout_s=DEADLINE_S)
            count += 25
            await reader.wait_for(count)
    finally:
        await socket.close()
    assert reader.joined, f"{count} messages in bursts of 25 came one a frame"
    assert reader.seqs == list(range(1, count + 1))
    assert max(reader.sizes) <= 32 * 1024


class FrameReader:
    """Takes frames as they are, and events out of them."""

    def __init__(self) -> None:
        self.joined = 0
        self.sizes: list[int] = []
        self.seqs: list[int] = []
        self._changed = asyncio.Event()

    def take(self, payload: bytes) -> None:
        whole = json.loads(payload)
        self.sizes.append(len(payload))
        self.joined += isinstance(whole, list) and len(whole) > 1
        for event in whole if isinstance(whole, list) else [whole]:
            if event["event"] == "chat:receive":
                self.seqs.append(event["data"]["message"]["seq"])
        self._changed.set()

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while len(self.seqs) < count:
                self._changed.clear()
                await self._changed.wait()


REFUSALS: list[tuple[str, str, str, Json]] = [
    ("an unknown action", "invalid_request", "fly", {}),
    ("an unknown field", "invalid_request", "ping", {"x": 1}),
    ("content over 8,000", "invalid_request", "send",
     {"conversationId": "{place}", "clientMessageId": "long", "content": "x" * 8001}),
    ("a stranger's send", "not_found", "send", {"conversationId": "{secret}", "clientMessageId": "s", "content": "x"}),
    ("a stranger's seen", "not_found", "seen", {"conversationId": "{secret}", "seq": 1}),
    ("a stranger's typing", "not_found", "typing", {"conversationId": "{secret}", "state": "start"}),
    ("a stranger's join", "not_found", "join", {"conversationId": "{secret}"}),
    ("an unknown message", "not_found", "edit", {"messageId": "m_aaaaaaaaaaaaaaaaaaaa", "content": "x"}),
    ("another's message edited", "forbidden", "edit", {"messageId": "{theirs}", "content": "x"}),
    ("another's message deleted", "forbidden", "delete", {"messageId": "{theirs}"}),
    ("a bad sync token", "sync_token_invalid", "sync", {"token": "nonsense"}),
    ("no emoji", "invalid_request", "react", {"messageId": "{theirs}", "emoji": "word"}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "code", "action", "data"), REFUSALS, ids=[one[0] for one in REFUSALS])
async def test_refused_frames(cast: Cast, what: str, code: str, action: str, data: Json) -> None:
    """A frame that is refused gets one `error` with a code, and the socket goes on."""
    place = await cast.direct()
    secret = await cast.ada.create_group("Secret", [])
    theirs = (await cast.stored(place))["messageId"]
    values = {"{place}": place, "{secret}": secret, "{theirs}": theirs}
    filled = {name: values.get(str(value), value) for name, value in data.items()}
    (device,) = await cast.devices(cast.ben)
    error = await refused_frame(device, code, action, filled)
    assert error.retryable is False
    await settle(device)


@pytest.mark.parametrize(
    "frame",
    ["not JSON", "[]", "1", '{"action":"ping","requestId":"' + "x" * 65 + '"}', '{"action":"ping","requestId":5}'],
    ids=["not JSON", "a list", "a number", "requestId of 65", "requestId 5"],
)
async def test_unreadable_frames(cast: Cast, frame: str) -> None:
    """A frame that cannot be parsed, or whose requestId is bad, gets one `error` without a requestId."""
    (device,) = await cast.devices(cast.ada)
    device.socket.send_text(frame.encode())
    await device.wait_until(lambda: bool(device.received), timeout_s=DEADLINE_S)
    await settle(device)
    (error,) = [one for one in device.received if one.event == "error"]
    assert (error.request_id, error.data["code"]) == (None, "invalid_request")


@pytest.mark.parametrize(("binary", "size", "code"), [(False, 40_000, 1009), (True, 16, 1003)], ids=["40 KB", "binary"])
async def test_close_codes(cast: Cast, binary: bool, size: int, code: int) -> None:
    """A frame over 32 KB closes with 1009, a binary one with 1003."""
    (device,) = await cast.devices(cast.ada)
    payload = b'{"action":"ping","data":{"padding":"%s"}}' % (b"x" * size)
    (device.socket.send_binary if binary else device.socket.send_text)(payload)
    assert await device.wait_closed(timeout_s=DEADLINE_S) == code


async def test_sync_over_the_socket(cast: Cast) -> None:
    """sync: pages of up to 100 KB until complete, and the token goes on from there over either transport."""
    place = await cast.group(cast.ben)
    (device,) = await cast.devices(cast.ben)
    token = None
    while True:
        page = (await device.request("sync", {"token": token} if token else {}, timeout_s=DEADLINE_S)).data
        token = page["token"]
        if page["complete"]:
            break
    message = await cast.stored(place, "the one change")
    page = await cast.ok(200, "GET", "/api/sync", cast.ben, query={"token": token})
    changed = [one for one in page["changes"] if one.get("conversation", {}).get("conversationId") == place]
    assert changed[0]["messages"] == [message]
    again = (await device.request("sync", {"token": page["token"]}, timeout_s=DEADLINE_S)).data
    assert (again["changes"], again["complete"]) == ([], True)
