"""Sync: everything that changed since a token was made, page by page, without a gap.

Revs become visible in their order, but not at the time that is written with them: a transaction may commit some time
after it took its time, by a clock that is not this one. So each pass looks back further than the last one began, by
longer than any transaction lives, and leaves out what the token says that the client has already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from parley.domain.limits import SYNC_PAGE_MAX_BYTES
from parley.domain.models import Conversation, Identity, User
from parley.domain.sync import (
    LEFT,
    Known,
    SyncChange,
    SyncPage,
    SyncPosition,
    SyncState,
    key_conversation,
    mark_conversation,
)
from parley.ports import Clock, MessageSpan, Place, Stamp, SyncReader, SyncStore, SyncTokenCodec, UserStore
from parley.services.paging import check_page_limit
from parley.services.sync_pages import Part, Room, SyncSizes, fill_part

_SIZES: Final = SyncSizes()
_OVERHEAD_BYTES: Final = 6 * 1024  # the frame around the changes, and the token
_AFTER_ALL: Final = "~"  # behind every conversation id


class Sync:
    """Makes clients whole again."""

    def __init__(
        self, *, store: SyncStore, users: UserStore, tokens: SyncTokenCodec, clock: Clock, sizes: SyncSizes = _SIZES
    ) -> None:
        self._sizes = sizes
        self._store = store
        self._users = users
        self._tokens = tokens
        self._clock = clock

    def sync(
        self, identity: Identity, token: str | None, *, limit: int | None = None, max_bytes: int = SYNC_PAGE_MAX_BYTES
    ) -> tuple[SyncPage, str]:
        """The next page of what the client does not have, and the token to ask on with, in so many queries as it
        brings conversations, 25 at most, and some ten.

        Without a token: every conversation with its latest 20 messages, and with its members where they are at most
        100. A conversation that is new to the client comes with its latest 1,000 messages at least.

        Args:
            limit: at most so many conversations, messages and members each, 1 to 100; None for as many as fit.
            max_bytes: at most so long is the page as JSON, unless one message alone is longer.

        Raises:
            SyncTokenInvalidError: the token was not made here for this user.
            InvalidRequestError: the limit is out of bounds.
        """
        if limit is not None:
            check_page_limit(limit)
        user_id = identity.user_id
        state = SyncState(user_id) if token is None else self._tokens.decode_token(token, user_id)
        now = self._clock.now()
        with self._store.read() as reader:
            work = _Pass(reader, state, now, limit, self._sizes).read()
        people = {person for part in work.parts for person in part.people()}
        users = self._users.find_users(sorted(people)) if people else {}
        page = work.assemble(users, max_bytes - _OVERHEAD_BYTES)
        return page, self._tokens.encode_token(page.state)


class _Pass:
    """One page of a pass: what to read, then what of it fits."""

    def __init__(
        self, reader: SyncReader, state: SyncState, now: datetime, limit: int | None, sizes: SyncSizes
    ) -> None:
        self._reader = reader
        self._state = state
        self._sizes = sizes
        self._limit = limit or sizes.messages
        self._max_parts = min(limit or sizes.conversations, sizes.conversations)
        self._started_at = state.started_at or now
        self._since = None if state.since is None else state.since - sizes.slack
        self._recent = dict(state.recent)
        self._stamps: Mapping[str, Stamp] = {}
        self._left: Mapping[str, datetime] = {}
        self._latest: Mapping[str, Known] = {}
        self._is_last_chunk = True
        self.parts: list[Part] = []

    def read(self) -> _Pass:
        places = self._reader.list_places(self._state.user_id)
        self._left = self._read_left(places)
        self._stamps = self._reader.list_stamps(list(places), self._since)
        self._latest = {name: stamp.known for name, stamp in self._stamps.items()} | dict.fromkeys(self._left, LEFT)
        names = self._choose(places)
        conversations = self._reader.find_conversations([name for name in names if name in places])
        self.parts = [self._begin(name, conversations.get(name), places.get(name)) for name in names]
        live = {part.conversation_id: part for part in self.parts if part.conversation is not None}
        new = {name for name in live if self._is_new(name, places[name])}
        returned = {name for name in new if self._was_known(name, places[name]) and not self._is_in_tail(name)}
        fresh = {name for name in live if self._is_in_tail(name) or name in new - returned}
        for name in returned:
            live[name].then_after = self._start_of_tail(live[name])
        self._read_changed(live, fresh)
        self._read_tails(live, fresh)
        self._read_members(live, fresh)
        return self

    def _read_left(self, places: Mapping[str, Place]) -> Mapping[str, datetime]:
        """What the user has left of late. A client that had nothing when its pass began may have this of its pages."""
        since = self._since
        if since is None and self._state.started_at is not None:
            since = self._state.started_at - self._sizes.slack
        if since is None:
            return {}
        left = self._reader.list_left(self._state.user_id, since)
        return {
            name: at
            for name, at in left.items()
            if name not in places
            and (self._since is not None or key_conversation(name) in self._recent or self._position_in(name))
        }

    def _choose(self, places: Mapping[str, Place]) -> list[str]:
        """The next conversations by id that hold something which the client does not have.

        None that comes before the one in which the last page ended: what came into being there since is the next
        pass's, as is all that changes behind this one. In its place the page's end would be forgotten.
        """
        position = self._state.position
        resumed = position.conversation_id if position is not None else ""
        names = [
            name
            for name in sorted({*self._latest, *([resumed] if resumed in places else [])})
            if name > self._state.after and name >= resumed and (name == resumed or not self._is_had(name))
        ]
        self._is_last_chunk = len(names) <= self._max_parts
        return names[: self._max_parts]

    def _begin(self, name: str, conversation: Conversation | None, place: Place | None) -> Part:
        if conversation is None or place is None:
            return Part(name, LEFT)
        stamp = self._stamps.get(name)
        position = self._position_in(name)
        known = position.known if position else stamp.known if stamp else (conversation.rev, 0)
        return Part(name, known, conversation, place.membership)

    def _position_in(self, name: str) -> SyncPosition | None:
        position = self._state.position
        return position if position is not None and position.conversation_id == name else None

    def _is_in_tail(self, name: str) -> bool:
        """Whether the last page ended among the latest messages of it, or among the members that follow those."""
        position = self._position_in(name)
        return position is not None and position.seq is not None

    def _is_new(self, name: str, place: Place) -> bool:
        """Whether the client has nothing of this stay in it: as it never had, or as its user has left and come back."""
        known = self._recent.get(key_conversation(name))
        if known is not None:
            return place.joined_rev > known[0]
        return self._since is None or place.membership.joined_at >= self._since

    def _was_known(self, name: str, place: Place) -> bool:
        """Whether the client had it when its token was made, and may have it still, as sync never said that it is left.

        Then it gets what changed of what it has, and the latest messages too, as it may have heard of it and let it go.
        """
        last, since = self._state.since, self._since
        if last is None or since is None:
            return False
        known = self._recent.get(key_conversation(name))
        if known is not None:
            return known != LEFT
        # Who joined shortly before it may not have had it yet, and is among them: they get too much at most. Of this
        # stay it may have told and not remembered it, as by a clock that is behind nothing changed since it began.
        is_old = place.membership.joined_at < last
        return is_old or any(began < last and since <= ended for began, ended in place.earlier)

    def _start_of_tail(self, part: Part) -> int:
        """After which seq the latest messages begin that a conversation comes with which is new."""
        assert part.conversation is not None  # noqa: S101 - what is live has one
        count = self._sizes.first_messages if self._since is None else self._sizes.tail_of_new
        return max(0, part.conversation.last_seq - count)

    def _read_changed(self, live: Mapping[str, Part], fresh: set[str]) -> None:
        spans = []
        for name in live:
            position = self._position_in(name)
            if name in fresh or self._since is None or (position is not None and position.user_id is not None):
                continue
            known = self._recent.get(key_conversation(name), (0, 0))
            at = (position.changed_at, position.rev) if position and position.changed_at else None
            spans.append(MessageSpan(name, self._since, known[0], at))
        found = self._reader.list_changed_messages(spans, self._limit + 1)
        for changed_at, message in found:
            live[message.conversation_id].messages.append((changed_at, message))
        self._cut_short(found[-1][1].conversation_id if len(found) > self._limit else None)

    def _read_tails(self, live: Mapping[str, Part], fresh: set[str]) -> None:
        after: dict[str, int] = {}
        for name in sorted(fresh):
            part, position = live[name], self._position_in(name)
            part.by_seq = True
            if position is not None and position.user_id is not None:
                continue
            after[name] = (
                position.seq if position is not None and position.seq is not None else self._start_of_tail(part)
            )
        found = self._reader.list_tails(after, self._limit + 1)
        for message in found:
            live[message.conversation_id].messages.append((None, message))
        self._cut_short(found[-1].conversation_id if len(found) > self._limit else None)

    def _cut_short(self, name: str | None) -> None:
        """Ends the page with this conversation, of which there is more than the page holds."""
        if name is None:
            return
        kept = [part for part in self.parts if part.conversation_id <= name]
        if len(kept) < len(self.parts) or kept[-1].conversation_id == name:
            self._is_last_chunk = False
        self.parts = kept
        for part in kept:
            if part.conversation_id == name and part.messages:
                part.has_more_messages = True
                part.messages = part.messages[: max(1, len(part.messages) - 1)]

    def _read_members(self, live: Mapping[str, Part], fresh: set[str]) -> None:
        live = {part.conversation_id: part for part in self.parts if part.conversation_id in live}
        whole = [
            name
            for name in live
            if name in fresh
            and (view := live[name].conversation)
            and view.member_count <= self._sizes.members_shown_whole
        ]
        for name, states in self._reader.list_changed_members(list(live), self._since, whole).items():
            known = (-1, -1) if name in fresh else self._recent.get(key_conversation(name), (-1, -1))
            position = self._position_in(name)
            after = (position.user_id or "") if position is not None else ""
            live[name].members = [
                state
                for state in states
                if state.user_id > after and (state.known[0] > known[0] or state.known[1] > known[1])
            ]

    def assemble(self, users: Mapping[str, User], max_bytes: int) -> SyncPage:
        """The page, cut where it is full, and the state after it."""
        changes: list[SyncChange] = []
        room = Room(self._limit, max_bytes)
        for part in self.parts:
            change, position = fill_part(
                part, users, room, is_first=not changes, resumed=self._position_in(part.conversation_id)
            )
            if change is not None:
                changes.append(change)
            if position is not None:
                return self._unfinished(changes, position)
            if change is None:
                return self._unfinished(changes, None)
            self._recent[key_conversation(part.conversation_id)] = part.known
            self._pass_over(part)
        if not self._is_last_chunk:
            return self._unfinished(changes, None)
        mark = self._state.mark ^ self._mark_had(self._state.after, _AFTER_ALL)
        complete = mark == _mark(self._latest)
        self._state = replace(self._state, after=_AFTER_ALL)
        state = SyncState(self._state.user_id, since=self._started_at, recent=self._still_recent())
        return SyncPage(tuple(changes), complete, state)

    def _pass_over(self, part: Part) -> None:
        """Notes that the pass is through with this conversation, and with those before it that it left out."""
        name = part.conversation_id
        mark = self._state.mark ^ self._mark_had(self._state.after, name)
        if name in self._latest:
            mark ^= mark_conversation(name, part.known)
        self._state = replace(self._state, after=name, position=None, mark=mark)

    def _mark_had(self, after: str, before: str) -> int:
        """The fingerprint of the conversations between two that the client has as they are."""
        return _mark({name: had for name, had in self._latest.items() if after < name < before and self._is_had(name)})

    def _is_had(self, name: str) -> bool:
        """Whether the client has this conversation, which changed of late, as it is."""
        return self._recent.get(key_conversation(name)) == self._latest[name]

    def _unfinished(self, changes: Sequence[SyncChange], position: SyncPosition | None) -> SyncPage:
        state = replace(
            self._state,
            started_at=self._started_at,
            position=position or self._state.position,
            recent=self._still_recent(),
        )
        return SyncPage(tuple(changes), complete=False, state=state)

    def _still_recent(self) -> dict[str, Known]:
        """What is worth remembering: how far the client has what this pass, or the next, will look at once more."""
        bound = self._started_at - self._sizes.slack
        times = {name: stamp.changed_at for name, stamp in self._stamps.items()} | dict(self._left)
        ahead = [name for name in times if name > self._state.after]
        # What was left comes last, so that it is never among those that are too many to be remembered.
        behind = sorted(
            (name in self._left, at, name) for name, at in times.items() if at >= bound and name <= self._state.after
        )
        keys = [key_conversation(name) for name in (*ahead, *(name for *_, name in behind[-self._sizes.recent :]))]
        return {key: self._recent[key] for key in keys if key in self._recent}


def _mark(conversations: Mapping[str, Known]) -> int:
    """The fingerprint of how far conversations are."""
    mark = 0
    for name, known in conversations.items():
        mark ^= mark_conversation(name, known)
    return mark
