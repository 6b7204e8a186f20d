"""Defects that a history must find: each is planted, and the first seeds must tell of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from parley.domain.models import Conversation, Message
from parley.ports import MemberState, MessageSpan, Place, Stamp, SyncReader, SyncStore
from parley.services.sync_pages import SyncSizes

Messages = list[tuple[datetime, Message]]


class _Passing:
    """The port SyncReader: hands on what another one reads."""

    def __init__(self, reader: SyncReader) -> None:
        self._reader = reader

    def list_places(self, user_id: str) -> dict[str, Place]:
        return self._reader.list_places(user_id)

    def list_left(self, user_id: str, since: datetime) -> dict[str, datetime]:
        return self._reader.list_left(user_id, since)

    def list_stamps(self, conversation_ids: Sequence[str], since: datetime | None) -> dict[str, Stamp]:
        return self._reader.list_stamps(conversation_ids, since)

    def find_conversations(self, conversation_ids: Sequence[str]) -> dict[str, Conversation]:
        return self._reader.find_conversations(conversation_ids)

    def list_changed_messages(self, spans: Sequence[MessageSpan], limit: int) -> Messages:
        return self._reader.list_changed_messages(spans, limit)

    def list_tails(self, after: Mapping[str, int], limit: int) -> list[Message]:
        return self._reader.list_tails(after, limit)

    def list_changed_members(
        self, conversation_ids: Sequence[str], since: datetime | None, everybody: Sequence[str]
    ) -> dict[str, list[MemberState]]:
        return self._reader.list_changed_members(conversation_ids, since, everybody)


class _DropsTombstones(_Passing):
    def list_changed_messages(self, spans: Sequence[MessageSpan], limit: int) -> Messages:
        return [row for row in super().list_changed_messages(spans, limit) if row[1].deleted_at is None]


class _ForgetsWhoLeft(_Passing):
    def list_changed_members(
        self, conversation_ids: Sequence[str], since: datetime | None, everybody: Sequence[str]
    ) -> dict[str, list[MemberState]]:
        found = super().list_changed_members(conversation_ids, since, everybody)
        return {name: [state for state in states if state.membership] for name, states in found.items()}


class _ForgetsRemovals(_Passing):
    def list_left(self, user_id: str, since: datetime) -> dict[str, datetime]:  # noqa: ARG002  # the port's
        return {}


class _CutsPages(_Passing):
    """Takes the last message of a full page for the last there is."""

    def list_changed_messages(self, spans: Sequence[MessageSpan], limit: int) -> Messages:
        return super().list_changed_messages(spans, limit - 1)


class _Spoilt:
    """The port SyncStore, whose readers have a defect."""

    def __init__(self, store: SyncStore, defect: Callable[[SyncReader], SyncReader]) -> None:
        self._store = store
        self._defect = defect

    @contextmanager
    def read(self) -> Iterator[SyncReader]:
        with self._store.read() as reader:
            yield self._defect(reader)


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that could be wrong with sync."""

    sizes: SyncSizes | None = None
    reader: Callable[[SyncReader], SyncReader] | None = None

    def spoil(self, store: SyncStore) -> SyncStore:
        """The store with the defect."""
        return store if self.reader is None else _Spoilt(store, self.reader)


DEFECTS: Final[Mapping[str, Defect]] = {
    "it looks back no further than its last pass": Defect(sizes=SyncSizes(slack=timedelta(0))),
    "it looks back by less than a transaction lives": Defect(sizes=SyncSizes(slack=timedelta(seconds=20))),
    "it gives no tombstones": Defect(reader=_DropsTombstones),
    "it does not say who left": Defect(reader=_ForgetsWhoLeft),
    "it does not say what the caller was removed from": Defect(reader=_ForgetsRemovals),
    "it takes a full page for the last": Defect(sizes=SyncSizes(messages=5), reader=_CutsPages),
}
