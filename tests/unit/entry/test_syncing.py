"""Sync over both transports, and its tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley.domain.errors import SyncTokenInvalidError
from parley.domain.models import Identity
from parley.domain.sync import SyncPosition, SyncState
from parley.domain.times import from_epoch_ms
from parley.security.sync_tokens import HmacSyncTokenCodec
from tests.unit.entry.stack import Stack
from tests.unit.entry.test_websocket import Socket
from tests.unit.services.world import draft

KEY = "k" * 32


@pytest.fixture
def here(stack: Stack, ann: Identity, ben: Identity) -> str:
    place = stack.make_group(ann, ben).conversation.conversation_id
    stack.store(ben, draft(place))
    return place


def test_over_rest(stack: Stack, ann: Identity, ben: Identity, here: str) -> None:
    first = stack.request("GET", "/api/sync", caller=ann)
    assert (first.status, first.json["complete"]) == (200, True)
    (change,) = first.json["changes"]
    assert set(change) == {"conversation", "messages", "members"}
    assert change["conversation"]["conversationId"] == here
    assert [message["content"] for message in change["messages"]] == ["Hello"]
    assert [member["userId"] for member in change["members"]] == ["u_ann", "u_ben"]
    held = stack.database.memberships
    stack.conversation_store.replace_members(here, [held[here, "u_ben"]], stack.clock.advance(1))

    again = stack.request("GET", "/api/sync", caller=ann, query={"token": first.json["token"]})

    assert again.json["changes"] == [{"conversationId": here, "removed": True}]
    others = stack.request("GET", "/api/sync", caller=ben, query={"token": again.json["token"]})
    assert (others.status, others.json["code"]) == (410, "sync_token_invalid")
    for query in ({"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"more": "1"}):
        assert stack.request("GET", "/api/sync", caller=ann, query=query).status == 422


def test_on_a_socket(stack: Stack, ann: Identity, here: str) -> None:
    socket = Socket(stack, ann)
    for name in ("sync", "chat:sync"):
        answer = socket.send(name, {})
        assert (answer["event"], answer["requestId"], answer["data"]["complete"]) == ("sync", "r1", True)
        assert answer["data"]["changes"][0]["conversation"]["conversationId"] == here
    assert socket.send("sync", {"token": "forged"})["data"]["code"] == "sync_token_invalid"
    assert socket.send("sync", {"token": 1})["data"]["code"] == "invalid_request"


def test_on_a_socket_a_page_is_under_100_kb(stack: Stack, ann: Identity, ben: Identity, here: str) -> None:
    stack.store(ben, *(draft(here, f"long-{number}", "\x01🦜" * 4_000) for number in range(12)))
    socket, token, seqs = Socket(stack, ann), None, []
    while True:
        data: dict[str, Any] = socket.send("sync", {} if token is None else {"token": token})["data"]
        assert len(json.dumps(data, ensure_ascii=False).encode()) <= 100 * 1024
        seqs += [message["seq"] for change in data["changes"] for message in change["messages"]]
        token = data["token"]
        if data["complete"]:
            break
    assert seqs == list(range(1, 14))


STATE = SyncState(
    "u_1",
    since=from_epoch_ms(1_769_860_802_345),
    started_at=from_epoch_ms(1_769_860_812_345),
    after="c_1",
    position=SyncPosition("c_2", (7, 3), changed_at=from_epoch_ms(5), rev=4, seq=None, user_id="u_9"),
    mark=2**47,
    recent={"abc": (7, 3), "def": (-1, 0)},
)


@pytest.mark.parametrize("state", [STATE, SyncState("u_1")])
def test_a_token_says_what_was_put_in(state: SyncState) -> None:
    codec = HmacSyncTokenCodec(KEY)
    token = codec.encode_token(state)
    assert codec.decode_token(token, "u_1") == state
    assert token.replace("-", "").replace("_", "").isalnum()


def test_a_token_that_was_tampered_with_or_is_anothers_does_not_hold() -> None:
    codec = HmacSyncTokenCodec(KEY)
    token = codec.encode_token(STATE)
    flipped = [
        f"{token[:place]}{'A' if token[place] != 'A' else 'B'}{token[place + 1 :]}" for place in range(len(token) - 1)
    ]
    for bad in ("", "x", "é", token[:-2], token * 2000, *flipped):
        with pytest.raises(SyncTokenInvalidError):
            codec.decode_token(bad, "u_1")
    with pytest.raises(SyncTokenInvalidError):
        codec.decode_token(token, "u_2")
    with pytest.raises(SyncTokenInvalidError):
        HmacSyncTokenCodec("another key, as long as it must be").decode_token(token, "u_1")
    with pytest.raises(ValueError, match="32 characters"):
        HmacSyncTokenCodec("short")


def test_a_token_of_many_conversations_fits_into_an_address() -> None:
    recent = {f"{number * 7919 % 10_007:010}": (number, number % 7) for number in range(300)}
    assert len(HmacSyncTokenCodec(KEY).encode_token(SyncState("u_1", recent=recent))) < 6_144
