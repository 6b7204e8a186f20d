"""Cursors come back as they went, and nothing else does."""

from __future__ import annotations

import base64

import pytest

from parley.domain.errors import InvalidRequestError
from parley.protocol.cursors import ConversationCursor, HistoryCursor, MemberCursor, decode_cursor, encode_cursor
from tests.unit.protocol.samples import AT


def test_cursors_come_back() -> None:
    sidebar = ConversationCursor(updated_at=AT, conversation_id="c_1")
    assert decode_cursor(ConversationCursor, encode_cursor(sidebar)).key == (AT, "c_1")
    members = MemberCursor(user_id="u_1")
    assert decode_cursor(MemberCursor, encode_cursor(members)) == members
    history = HistoryCursor(direction="after", seq=7)
    assert decode_cursor(HistoryCursor, encode_cursor(history)) == history
    assert encode_cursor(history).isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "a",
        "é",
        "\ud800",
        "!!!!",
        "a" * 513,
        base64.urlsafe_b64encode(b"{}").decode(),
        base64.urlsafe_b64encode(b"\xff\xff").decode(),
        base64.urlsafe_b64encode(b"[" * 300).decode(),
        base64.urlsafe_b64encode(b'{"direction":"after","seq":"7"}').decode(),
        base64.urlsafe_b64encode(b'{"direction":"up","seq":7}').decode(),
        base64.urlsafe_b64encode(b'{"direction":"after","seq":7,"x":1}').decode(),
        encode_cursor(MemberCursor(user_id="u_1")),
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        decode_cursor(HistoryCursor, text)
    assert [problem.field for problem in caught.value.problems] == ["cursor"]
