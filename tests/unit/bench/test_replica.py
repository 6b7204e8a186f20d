"""The copy of the state that a client of the bench keeps."""

from __future__ import annotations

from bench.client.replica import Json, Replica

HERE = {"conversationId": "c_1", "rev": 3, "lastSeq": 1, "memberCount": 1}


def message(rev: int, content: str | None, **fields: object) -> Json:
    empty: Json = {"mentions": [], "attachments": [], "reactions": [], "editedAt": None, "deletedAt": None}
    told = {"messageId": "m_1", "conversationId": "c_1", "senderId": "u_2", "seq": 1, "rev": rev, "content": content}
    return empty | told | fields


def synced(*messages: Json, rev: int) -> Json:
    change = {"conversation": HERE | {"rev": rev}, "messages": list(messages), "members": []}
    return {"changes": [change], "complete": True, "token": "t"}


def test_a_tombstone_from_sync_takes_the_place_of_the_one_made_of_an_older_message() -> None:
    replica = Replica("u_1")
    replica.begin_pass()
    replica.apply_sync(synced(message(3, "one"), rev=3))
    gone = {"conversationId": "c_1", "messageId": "m_1", "seq": 1, "rev": 5}
    replica.apply_event("message:delete", gone)
    assert replica.has_gap(), "rev 4, an edit, never came"

    replica.begin_pass()
    told = message(5, None, editedAt="2026-12-01T00:00:00.000Z", deletedAt="2026-12-01T00:00:01.000Z")
    replica.apply_sync(synced(told, rev=5))

    assert replica.conversations["c_1"].messages["m_1"] == told
    replica.apply_event("message:update", {"rev": 4, "message": message(4, "edited")})
    assert replica.conversations["c_1"].messages["m_1"] == told
