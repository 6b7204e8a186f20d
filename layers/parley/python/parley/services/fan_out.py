"""Fan-out: every event to every open socket of everybody whom it concerns, joined into as few frames as it can be.

A gateway bills posts, so events that wait for one socket go together. Sockets that are to get the same events get the
same bytes: a burst into a group of 500 is encoded and joined once, and not 500 times.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from parley.domain.models import Connection, Membership
from parley.domain.records import (
    ConversationCreated,
    ConversationUpdated,
    FanOutChunk,
    GroupShown,
    MessageStored,
    PushEvent,
)
from parley.domain.times import to_epoch_ms
from parley.ports import ConnectionRegistry, ConversationStore, EventEncoder, MemberIds, Publisher, PushClient
from parley.services.chunks import LARGE_GROUP_COUNT, PushNotes, make_chunks
from parley.services.conversations import make_view
from parley.services.frames import make_frame, split_events
from parley.services.gone import GoneSockets
from parley.services.member_cache import MemberCache
from parley.services.pushes import Audience, find_audiences, find_lanes, make_pushes, members_rev_of


@dataclass(frozen=True, slots=True)
class FanOutReport:
    """What became of a batch: sockets that took all their frames, that were gone, that failed; frames and events given.

    `frames` and `events` count once for each socket they were for, whatever became of it.
    """

    pushed: int = 0
    gone: int = 0
    failed: int = 0
    frames: int = 0
    events: int = 0


class FanOut:
    """The consumer of `chat.receive`."""

    def __init__(
        self,
        *,
        conversations: ConversationStore,
        registry: ConnectionRegistry,
        gone: GoneSockets,
        push: PushClient,
        publisher: Publisher,
        encode: EventEncoder,
        note_pushes: PushNotes,
        large_group_count: int = LARGE_GROUP_COUNT,
    ) -> None:
        self._conversations = conversations
        self._members = MemberCache(conversations)
        self._registry = registry
        self._gone = gone
        self._push = push
        self._publisher = publisher
        self._large_group_count = large_group_count
        self._encode = encode
        self._note_pushes = note_pushes

    def fan_out(self, events: Sequence[PushEvent | GroupShown]) -> FanOutReport:
        """Pushes events to their sockets, in the order given on each; one that comes twice in a batch goes once.

        Of a batch that comes again a socket that has opened since gets no message that was to be pushed before, as
        newer ones may have come to it meanwhile: its sync brings them.

        What is for a group that ever had more than 200 members is handed on in parts, each to be pushed by
        `fan_out_chunk`. Views of a group, another for each member, are not.

        Sockets that are gone are forgotten. What could not be pushed is counted and not tried again: the answer to the
        socket's next ping says so, and sync makes its client whole.

        Raises:
            UnavailableError: who is to get them could not be read. Nothing was pushed; the batch may be given again.
        """
        events = list({event.event_id: event for event in events}.values())
        members = self._find_members(events)
        audiences = self._hand_on_large(events, find_audiences(events, members), members)
        user_ids = list(dict.fromkeys(user_id for audience in audiences for user_id in audience.user_ids))
        if not user_ids:
            return FanOutReport()
        reach = self._registry.begin_pushes(user_ids, find_lanes(events, audiences))
        if not reach.connections:
            return FanOutReport()
        pushing = make_pushes(*self._show_groups(events, audiences, reach.connections), reach, self._encode)
        self._gone.ask_to_sync(pushing.asked)
        pushes = pushing.pushes
        outcomes = self._push.post(pushes)
        self._gone.settle(pushes, outcomes)
        small = {place for audience in audiences for place in audience.events}
        self._note_pushes([(event_id, None) for event_id in _new_messages(events, small)], pushes, outcomes)
        return FanOutReport(
            pushed=outcomes.count("pushed"),
            gone=outcomes.count("gone"),
            failed=outcomes.count("failed"),
            frames=sum(len(push.frames) for push in pushes),
            events=pushing.count,
        )

    def _find_members(self, events: Sequence[PushEvent | GroupShown]) -> dict[str, MemberIds]:
        """By conversation, a list of members as new as the newest event asks."""
        wanted: dict[str, int] = {}
        for event in events:
            members_rev = members_rev_of(event)
            if members_rev is not None:
                wanted[event.key] = max(wanted.get(event.key, 0), members_rev)
        return self._members.find_member_ids(wanted) if wanted else {}

    def _show_groups(
        self,
        events: Sequence[PushEvent | GroupShown],
        audiences: Sequence[Audience],
        connections: Mapping[str, tuple[Connection, ...]],
    ) -> tuple[list[PushEvent], list[Audience]]:
        """Puts a view of each recipient's own in the place of every GroupShown; one query for all of them.

        Only for those who have a socket open and are members still.
        """
        if not any(isinstance(event, GroupShown) for event in events):
            return [event for event in events if not isinstance(event, GroupShown)], list(audiences)
        shown: dict[int, tuple[GroupShown, list[str]]] = {}
        for audience in audiences:
            for place in audience.events:
                event = events[place]
                if isinstance(event, GroupShown):
                    shown[place] = event, [user_id for user_id in audience.user_ids if user_id in connections]
        wanted: dict[str, dict[str, None]] = {}
        for event, user_ids in shown.values():
            wanted.setdefault(event.key, {}).update(dict.fromkeys(user_ids))
        memberships = (
            self._conversations.read_memberships({place: tuple(users) for place, users in wanted.items()})
            if any(wanted.values())
            else {}
        )
        expanded: list[PushEvent] = []
        numbers: dict[int, int] = {}
        single: list[Audience] = []
        for place, event in enumerate(events):
            if not isinstance(event, GroupShown):
                numbers[place] = len(expanded)
                expanded.append(event)
                continue
            members = memberships.get(event.key, {})
            for user_id in shown[place][1]:
                if user_id in members:
                    single.append(Audience((user_id,), [len(expanded)]))
                    expanded.append(_show(event, members[user_id]))
        shared = [
            Audience(audience.user_ids, [numbers[place] for place in audience.events if place in numbers])
            for audience in audiences
        ]
        return expanded, [*shared, *single]

    def _hand_on_large(
        self,
        events: Sequence[PushEvent | GroupShown],
        audiences: Sequence[Audience],
        members: Mapping[str, MemberIds],
    ) -> list[Audience]:
        """Hands on what is for large groups; the others.

        A group that is small again keeps this way, as what is pushed at once would overtake what was handed on before;
        so does what is for those whom it has no more.

        Raises:
            UnavailableError: it could not be handed on.
        """
        chunks: list[FanOutChunk] = []
        small: list[Audience] = []
        for audience in audiences:
            known = members.get(events[audience.events[0]].key)
            if audience.is_shared and known is not None and known.peak_count > self._large_group_count:
                chunks += self._make_chunks(events, audience)
            else:
                small.append(audience)
        if chunks:
            for failure in self._publisher.publish(chunks):
                if failure is not None:
                    raise failure
        return small

    def _make_chunks(self, events: Sequence[PushEvent | GroupShown], audience: Audience) -> list[FanOutChunk]:
        shared = [event for place in audience.events if not isinstance(event := events[place], GroupShown)]
        messages = iter([_describe(event) for event in shared])
        parts = split_events([self._encode(event) for event in shared])
        return make_chunks(
            shared[0].key,
            max(members_rev_of(event) or 0 for event in shared),
            [make_frame(part) for part in parts],
            _new_messages(events, audience.events),
            [tuple(itertools.islice(messages, len(part))) for part in parts],
            recipient_ids=audience.user_ids if audience.is_named else None,
        )


def _new_messages(events: Sequence[PushEvent | GroupShown], places: Collection[int]) -> list[str]:
    """The ids of the new messages among the events at these places."""
    return [event.message.message_id for place in sorted(places) if isinstance(event := events[place], MessageStored)]


def _describe(event: PushEvent) -> tuple[int, int]:
    """The seq and the time of a new message; see FanOutChunk."""
    if not isinstance(event, MessageStored):
        return 0, 0
    return event.message.seq, to_epoch_ms(event.message.created_at)


def _show(event: GroupShown, membership: Membership) -> ConversationCreated | ConversationUpdated:
    view = make_view(event.conversation, membership, {})
    if event.change == "create":
        return ConversationCreated(membership.user_id, view)
    return ConversationUpdated(membership.user_id, view)
