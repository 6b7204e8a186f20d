"""Who gets which events of a batch, made into pushes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from parley.domain.models import Connection
from parley.domain.records import (
    ConversationCreated,
    ConversationUpdated,
    GroupDeleted,
    GroupShown,
    MembersChanged,
    MessageChanged,
    MessageStored,
    PushEvent,
    ReceiptMoved,
)
from parley.ports import EventEncoder, MemberIds, Push, Reach
from parley.services.frames import join_frames


@dataclass(frozen=True, slots=True)
class Audience:
    """Users who all get the same events of the batch; `events` are places in it, ascending.

    `is_shared` says that the events look alike to all of them, `is_named` that the events say who they are: else they
    are the members of a conversation.
    """

    user_ids: Sequence[str]
    events: list[int]
    is_shared: bool = False
    is_named: bool = False


@dataclass(slots=True)
class Pushing:
    """What is to be pushed; the events in it, once for each socket; who is to sync, as some of it is left out."""

    pushes: list[Push]
    count: int
    asked: list[Connection]


def find_audiences(events: Sequence[PushEvent | GroupShown], members: Mapping[str, MemberIds]) -> list[Audience]:
    """The events by who gets them.

    Whoever was removed in between gets nothing more, and whoever was added may see what came before.

    Args:
        members: by conversation, as new as `members_rev_of` its events.
    """
    audiences: dict[tuple[str, bool, Sequence[str] | None], Audience] = {}
    for place, event in enumerate(events):
        chosen = _recipients_of(event)
        is_shared = not isinstance(event, GroupShown)
        user_ids = members[event.key].user_ids if chosen is None else chosen
        audience = audiences.setdefault(
            (event.key, is_shared, chosen),
            Audience(user_ids, [], is_shared=is_shared, is_named=chosen is not None),
        )
        audience.events.append(place)
        if isinstance(event, MembersChanged) and event.removed:
            gone = tuple(sorted(set(event.removed).difference(user_ids)))
            told = Audience(gone, [], is_shared=True, is_named=True)
            audiences.setdefault((event.key, True, gone), told).events.append(place)
    return list(audiences.values())


def members_rev_of(event: PushEvent | GroupShown) -> int | None:
    """As new as which change of members a list must be to tell who gets the event; None where it takes no list."""
    match event:
        case MessageStored() | MessageChanged() | ReceiptMoved() | MembersChanged():
            return event.members_rev
        case GroupDeleted():
            return event.rev
        case GroupShown(recipient_ids=None):
            return event.conversation.members_rev
        case _:
            return None


def _recipients_of(event: PushEvent | GroupShown) -> tuple[str, ...] | None:
    """Who gets the event, where it names them; None for the members of its conversation."""
    match event:
        case ConversationCreated() | ConversationUpdated():
            return (event.recipient_id,)
        case GroupDeleted() | GroupShown():
            return event.recipient_ids
        case _:
            return None


def find_lanes(events: Sequence[PushEvent | GroupShown], audiences: Iterable[Audience]) -> dict[str, tuple[int, int]]:
    """The lowest and the highest seq of the new messages, by conversation; see `ConnectionRegistry.begin_pushes`."""
    lanes: dict[str, tuple[int, int]] = {}
    for audience in audiences:
        for place in audience.events:
            event = events[place]
            if isinstance(event, MessageStored):
                seq = event.message.seq
                lowest, highest = lanes.get(event.key, (seq, seq))
                lanes[event.key] = min(lowest, seq), max(highest, seq)
    return lanes


def make_pushes(
    events: Sequence[PushEvent], audiences: Sequence[Audience], reach: Reach, encode: EventEncoder
) -> Pushing:
    """A push for each socket; users in the same audiences share frames."""
    reached: dict[str, list[int]] = {user_id: [] for user_id in reach.connections}
    for number, audience in enumerate(audiences):
        for user_id in audience.user_ids:
            if user_id in reached:
                reached[user_id].append(number)
    frames = _Frames(events, encode)
    places_of: dict[tuple[int, ...], tuple[int, ...]] = {}
    pushing = Pushing([], 0, [])
    for user_id, numbers in reached.items():
        together = tuple(numbers)
        if together not in places_of:
            places_of[together] = tuple(sorted(place for number in together for place in audiences[number].events))
        for connection in reach.connections[user_id]:
            places = _leave_out(places_of[together], events, connection, reach)
            if len(places) < len(places_of[together]):
                pushing.asked.append(connection)
            if places:
                pushing.count += len(places)
                pushing.pushes.append(Push(connection, frames.join(places)))
    return pushing


def _leave_out(
    places: tuple[int, ...], events: Sequence[PushEvent], connection: Connection, reach: Reach
) -> tuple[int, ...]:
    """The places without those of messages that are for the socket's sync to bring."""
    if not reach.floors and connection.connection_id not in reach.resumed:
        return places
    resumed = reach.resumed.get(connection.connection_id)

    def is_for_sync(event: PushEvent) -> bool:
        return isinstance(event, MessageStored) and (
            event.message.seq <= reach.floors.get((connection.connection_id, event.key), 0)
            or (resumed is not None and event.message.created_at < resumed)
        )

    return tuple(place for place in places if not is_for_sync(events[place]))


class _Frames:
    """Encodes each event once, and joins each choice of them once."""

    def __init__(self, events: Sequence[PushEvent], encode: EventEncoder) -> None:
        self._events = events
        self._encode = encode
        self._encoded: dict[int, bytes] = {}
        self._joined: dict[tuple[int, ...], tuple[bytes, ...]] = {}

    def join(self, places: tuple[int, ...]) -> tuple[bytes, ...]:
        """The frames of the events at these places, in this order."""
        if places not in self._joined:
            for place in places:
                if place not in self._encoded:
                    self._encoded[place] = self._encode(self._events[place])
            self._joined[places] = join_frames([self._encoded[place] for place in places])
        return self._joined[places]
