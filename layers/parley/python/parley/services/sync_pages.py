"""Filling a page of sync: what of each conversation fits, and where the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from parley.domain.limits import SYNC_FIRST_MESSAGES_COUNT
from parley.domain.models import Conversation, Membership, Message, User
from parley.domain.sync import Known, MemberChange, SyncChange, SyncPosition
from parley.ports import MemberState
from parley.services.conversations import make_view

_FIRST_MEMBER: Final = " "  # before every user id
_CONVERSATION_BYTES: Final = 900
_MESSAGE_BYTES: Final = 620
_MEMBER_BYTES: Final = 330
_ATTACHMENT_BYTES: Final = 2_800  # most of it the address, with the session token of a Lambda's role in it


@dataclass(frozen=True, slots=True)
class SyncSizes:
    """How much sync gives, looks back and remembers.

    Attributes:
        slack: how much further than its last pass began a pass looks back: longer than a transaction can live (60 s),
            what it waits for others before it, and how far clocks are apart.
        conversations: of a page at most.
        messages: of a page at most, where the client names no limit.
        first_messages: of each conversation, for a client that has nothing yet.
        tail_of_new: the latest messages that a conversation comes with which is new to a client.
        members_shown_whole: a conversation that is new comes with all its members where they are at most so many.
        recent: the conversations that a token remembers at most.
    """

    slack: timedelta = timedelta(seconds=90)
    conversations: int = 25
    messages: int = 500
    first_messages: int = SYNC_FIRST_MESSAGES_COUNT
    tail_of_new: int = 1_000
    members_shown_whole: int = 100
    recent: int = 300


@dataclass(slots=True)
class Part:
    """One conversation's part of a page."""

    conversation_id: str
    known: Known
    """How far it was when its first page began."""
    conversation: Conversation | None = None
    membership: Membership | None = None
    messages: list[tuple[datetime | None, Message]] = field(default_factory=list)
    has_more_messages: bool = False
    by_seq: bool = False
    then_after: int | None = None
    """The seq after which its latest messages follow, once all that changed has been given."""
    members: list[MemberState] = field(default_factory=list)

    def people(self) -> Iterable[str]:
        """Whose profiles are to be shown."""
        if self.membership is not None and self.membership.peer_id is not None:
            yield self.membership.peer_id
        yield from (state.user_id for state in self.members if state.membership is not None)


class Room:
    """How much a page still holds."""

    def __init__(self, limit: int, max_bytes: int) -> None:
        self.bytes = max_bytes
        self.messages = limit
        self.members = limit


def fill_part(
    part: Part, users: Mapping[str, User], room: Room, *, is_first: bool, resumed: SyncPosition | None
) -> tuple[SyncChange | None, SyncPosition | None]:
    """What of a conversation fits into the page, and where it goes on; no change at all where nothing fits."""
    if part.conversation is None or part.membership is None:
        room.bytes -= _CONVERSATION_BYTES
        if room.bytes < 0 and not is_first:
            return None, None
        return SyncChange(part.conversation_id), None
    last = part.conversation.last_message
    size = _CONVERSATION_BYTES + (measure_message(last) if last is not None else 0)
    if size > room.bytes and not is_first:
        return None, None
    room.bytes -= size
    messages = _take_messages(part, room, is_first=is_first)
    members: list[MemberChange] = []
    position: SyncPosition | None = None
    if len(messages) < len(part.messages) or part.has_more_messages:
        position = _after_messages(part, messages, resumed)
    elif part.then_after is not None:
        position = SyncPosition(part.conversation_id, part.known, seq=part.then_after)
    else:
        states = _take_members(part, room)
        members = [change for state in states if (change := _member_change(state, users)) is not None]
        if len(states) < len(part.members):
            after = (
                states[-1].user_id if states else (resumed.user_id if resumed and resumed.user_id else _FIRST_MEMBER)
            )
            seq = 0 if part.by_seq else None
            position = SyncPosition(part.conversation_id, part.known, seq=seq, user_id=after)
    view = make_view(part.conversation, part.membership, dict(users))
    return SyncChange(part.conversation_id, view, tuple(message for _, message in messages), tuple(members)), position


def _take_messages(part: Part, room: Room, *, is_first: bool) -> list[tuple[datetime | None, Message]]:
    taken: list[tuple[datetime | None, Message]] = []
    for item in part.messages:
        size = measure_message(item[1])
        if room.messages < 1 or (size > room.bytes and not (is_first and not taken)):
            break
        room.bytes -= size
        room.messages -= 1
        taken.append(item)
    return taken


def _after_messages(
    part: Part, taken: Sequence[tuple[datetime | None, Message]], resumed: SyncPosition | None
) -> SyncPosition:
    if not taken:
        if resumed is not None:
            return resumed
        first = part.messages[0][1] if part.messages else None
        return SyncPosition(part.conversation_id, part.known, seq=first.seq - 1 if part.by_seq and first else None)
    changed_at, last = taken[-1]
    if part.by_seq:
        return SyncPosition(part.conversation_id, part.known, seq=last.seq)
    return SyncPosition(part.conversation_id, part.known, changed_at=changed_at, rev=last.rev)


def _take_members(part: Part, room: Room) -> list[MemberState]:
    count = max(0, min(room.members, room.bytes // _MEMBER_BYTES))
    taken = part.members[:count]
    room.members -= len(taken)
    room.bytes -= len(taken) * _MEMBER_BYTES
    return taken


def _member_change(state: MemberState, users: Mapping[str, User]) -> MemberChange | None:
    if state.membership is None:
        return MemberChange(state.user_id)
    user = users.get(state.user_id)
    return None if user is None else MemberChange(state.user_id, state.membership, user)


def measure_message(message: Message) -> int:
    """How many bytes it takes as JSON, at most about."""
    text = len(json.dumps(message.content, ensure_ascii=False).encode()) if message.content else 0
    reactions = sum(60 + 28 * len(reaction.user_ids) for reaction in message.reactions)
    return _MESSAGE_BYTES + text + reactions + 28 * len(message.mentions) + _ATTACHMENT_BYTES * len(message.attachments)
