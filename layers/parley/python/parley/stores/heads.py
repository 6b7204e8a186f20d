"""Where a conversation stands: what its next messages and changes are numbered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pymongo import UpdateOne

from parley.domain.models import SeqRuns
from parley.stores.codecs import Raw, decode_runs

HEAD: Final[Mapping[str, bool]] = {"lastSeq": True, "rev": True, "membersRev": True, "deletedRuns": True}
"""The projection of a conversation that is a head."""


@dataclass(frozen=True, slots=True)
class Head:
    """A conversation's counters as a transaction read them."""

    last_seq: int
    rev: int
    members_rev: int
    deleted_runs: SeqRuns = ()


def decode_head(document: Raw) -> Head:
    return Head(document["lastSeq"], document["rev"], document["membersRev"], decode_runs(document.get("deletedRuns")))


def move_head(conversation_id: str, head: Head, changes: Mapping[str, Any]) -> UpdateOne:
    """Sets fields of a conversation, unless it has moved on since its head was read."""
    return UpdateOne({"_id": conversation_id, "lastSeq": head.last_seq, "rev": head.rev}, {"$set": dict(changes)})
