"""What sync reads, in memory, and tokens without cryptography."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from parley.domain.errors import SyncTokenInvalidError
from parley.domain.models import Conversation, Message
from parley.domain.sync import SyncState
from parley.ports import MemberState, MessageSpan, Place, Stamp
from tests.fakes.database import FakeDatabase
from tests.fakes.outside import Outside


class FakeSyncStore(Outside):
    """Reads a FakeDatabase; its lock stands for a snapshot. Each reader's method counts as one call."""

    def __init__(self, database: FakeDatabase) -> None:
        super().__init__(database.lock)
        self._database = database

    @contextmanager
    def read(self) -> Iterator[FakeSyncReader]:
        self._reach("read")
        with self._lock:
            yield FakeSyncReader(self._database, self)


class FakeSyncReader:
    """The port SyncReader."""

    def __init__(self, database: FakeDatabase, store: FakeSyncStore) -> None:
        self._database = database
        self._stamps = database.stamps
        self._calls = store.calls

    def list_places(self, user_id: str) -> dict[str, Place]:
        self._calls["list_places"] += 1
        return {
            place: Place(membership, self._stamps.joined[place, who], self._stamps.stays.get((place, who), ()))
            for (place, who), membership in self._database.memberships.items()
            if who == user_id
        }

    def list_left(self, user_id: str, since: datetime) -> dict[str, datetime]:
        self._calls["list_left"] += 1
        return {place: at for (place, who), (_, at) in self._stamps.left.items() if who == user_id and at >= since}

    def list_stamps(self, conversation_ids: Sequence[str], since: datetime | None) -> dict[str, Stamp]:
        self._calls["list_stamps"] += 1
        found: dict[str, Stamp] = {}
        for place in conversation_ids:
            if (changed_at := self._stamps.conversations.get(place)) is None:
                continue
            receipts, moved_at = self._stamps.receipts.get(place, (0, changed_at))
            latest = max(changed_at, moved_at)
            if since is None or latest >= since:
                found[place] = Stamp((self._database.conversations[place].rev, receipts), latest)
        return found

    def find_conversations(self, conversation_ids: Sequence[str]) -> dict[str, Conversation]:
        self._calls["find_conversations"] += 1
        held = self._database.conversations
        return {place: held[place] for place in conversation_ids if place in held}

    def list_changed_messages(self, spans: Sequence[MessageSpan], limit: int) -> list[tuple[datetime, Message]]:
        self._calls["list_changed_messages"] += 1
        found = []
        for span in spans:
            for message in self._history(span.conversation_id):
                changed_at = self._stamps.messages[message.message_id]
                is_ahead = span.position is None or (changed_at, message.rev) > span.position
                if changed_at >= span.since and message.rev > span.after_rev and is_ahead:
                    found.append((changed_at, message))
        found.sort(key=lambda item: (item[1].conversation_id, item[0], item[1].rev))
        return found[:limit]

    def list_tails(self, after: Mapping[str, int], limit: int) -> list[Message]:
        self._calls["list_tails"] += 1
        found = [message for place, seq in after.items() for message in self._history(place) if message.seq > seq]
        return sorted(found, key=lambda message: (message.conversation_id, message.seq))[:limit]

    def list_changed_members(
        self, conversation_ids: Sequence[str], since: datetime | None, everybody: Sequence[str]
    ) -> dict[str, list[MemberState]]:
        self._calls["list_changed_members"] += 1
        found: dict[str, list[MemberState]] = {}
        for (place, who), membership in self._database.memberships.items():
            known, changed_at = self._stamps.members[place, who]
            is_changed = since is not None and place in conversation_ids and changed_at >= since
            if place in everybody or is_changed:
                found.setdefault(place, []).append(MemberState(who, place, membership, known))
        for (place, who), (rev, left_at) in self._stamps.left.items():
            if since is not None and place in conversation_ids and left_at >= since:
                found.setdefault(place, []).append(MemberState(who, place, None, (rev, 0)))
        return {place: sorted(states, key=lambda state: state.user_id) for place, states in found.items()}

    def _history(self, place: str) -> list[Message]:
        return [self._database.messages[key] for key in self._database.histories.get(place, ())]


class FakeSyncTokens:
    """Keeps what tokens say under running numbers."""

    def __init__(self) -> None:
        self.states: dict[str, SyncState] = {}

    def encode_token(self, state: SyncState) -> str:
        token = f"sync-{len(self.states) + 1}"
        self.states[token] = state
        return token

    def decode_token(self, token: str, user_id: str) -> SyncState:
        state = self.states.get(token)
        if state is None or state.user_id != user_id:
            raise SyncTokenInvalidError("The sync token does not hold.")
        return state
