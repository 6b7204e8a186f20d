"""Holds a history against what the protocol promises, whatever went wrong in the run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from bench.faults.history import Acked, Identity, Kept, Member, Received, Record, Sent, Stored, identity_of

Rule = Literal[
    "acknowledged and lost",
    "stored twice",
    "hole in seq",
    "order broken",
    "two ids",
    "never sent",
    "shown unstored",
    "socket order",
    "missed after sync",
]


@dataclass(frozen=True, slots=True)
class Violation:
    """One promise that was not kept; `what` names the conversation and the messages."""

    rule: Rule
    what: str


class Checker:
    """Takes a history apart once; `check` then goes through the rules."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.sent: dict[Identity, Sent] = {}
        self.acked: list[Acked] = []
        self.received: list[Received] = []
        self.stored: list[Stored] = []
        self.kept: list[Kept] = []
        self.members: list[Member] = []
        for record in records:
            self._take(record)
        self.places = {identity_of(stored): stored for stored in self.stored}

    def _take(self, record: Record) -> None:
        match record:
            case Sent():
                self.sent.setdefault(identity_of(record), record)
            case Acked():
                self.acked.append(record)
            case Received():
                self.received.append(record)
            case Stored():
                self.stored.append(record)
            case Kept():
                self.kept.append(record)
            case Member():
                self.members.append(record)

    def check(self) -> list[Violation]:
        """Every violation, rule by rule."""
        return [
            *self._lost(),
            *self._twice(),
            *self._holes(),
            *self._order(),
            *self._batches(),
            *self._ids(),
            *self._strangers(),
            *self._socket_order(),
            *self._missed(),
        ]

    def _lost(self) -> Iterator[Violation]:
        for identity in dict.fromkeys(identity_of(acked) for acked in self.acked):
            if identity not in self.places:
                yield Violation("acknowledged and lost", " ".join(identity))

    def _twice(self) -> Iterator[Violation]:
        for identity, count in Counter(identity_of(stored) for stored in self.stored).items():
            if count > 1:
                yield Violation("stored twice", f"{' '.join(identity)}: {count} times")
        for message_id, count in Counter(stored.message_id for stored in self.stored).items():
            if count > 1:
                yield Violation("stored twice", f"{message_id}: {count} times")

    def _holes(self) -> Iterator[Violation]:
        seqs: dict[str, list[int]] = defaultdict(list)
        for stored in self.stored:
            seqs[stored.conversation_id].append(stored.seq)
        for name, found in seqs.items():
            if found != list(range(1, len(found) + 1)):
                at = next(place for place, seq in enumerate(found, 1) if seq != place)
                yield Violation("hole in seq", f"{name}: {found[at - 1]} where {at} ought to be")

    def _order(self) -> Iterator[Violation]:
        """A send that follows an ack is stored after it, of one sender in one conversation."""
        lanes: dict[tuple[str, str], list[tuple[float, int, int, str]]] = defaultdict(list)
        for acked in self.acked:
            stored = self.places.get(identity_of(acked))
            if stored is not None:
                lane = acked.conversation_id, acked.sender_id
                lanes[lane].append((acked.at, 1, stored.seq, acked.client_message_id))
        for identity, sent in self.sent.items():
            stored = self.places.get(identity)
            if stored is not None:
                lanes[identity[:2]].append((sent.at, 0, stored.seq, sent.client_message_id))
        for lane, moments in lanes.items():
            highest, which = 0, ""
            for _, is_ack, seq, name in sorted(moments):
                if is_ack:
                    highest, which = max((highest, which), (seq, name))
                elif seq < highest:
                    yield Violation("order broken", f"{' '.join(lane)}: {name} ({seq}) before {which} ({highest})")

    def _batches(self) -> Iterator[Violation]:
        """What one answer accepted of one conversation is stored in its order."""
        last: dict[tuple[int, str, str], int] = {}
        for acked in self.acked:
            stored = self.places.get(identity_of(acked))
            if stored is None or not acked.batch:
                continue
            key = acked.batch, acked.conversation_id, acked.sender_id
            if stored.seq < last.get(key, 0):
                yield Violation("order broken", f"{acked.conversation_id}: {acked.client_message_id} within its batch")
            last[key] = stored.seq

    def _ids(self) -> Iterator[Violation]:
        ids: dict[Identity, set[str]] = defaultdict(set)
        named: list[Acked | Stored] = [*self.acked, *self.stored]
        for record in named:
            ids[identity_of(record)].add(record.message_id)
        for identity, found in ids.items():
            if len(found) > 1:
                yield Violation("two ids", f"{' '.join(identity)}: {', '.join(sorted(found))}")

    def _strangers(self) -> Iterator[Violation]:
        for identity in self.places:
            if identity not in self.sent:
                yield Violation("never sent", " ".join(identity))
        known = {(stored.message_id, stored.seq) for stored in self.stored}
        for told in {(received.message_id, received.seq) for received in self.received} - known:
            yield Violation("shown unstored", f"{told[0]} as {told[1]}")

    def _socket_order(self) -> Iterator[Violation]:
        """On one connection what is new comes in seq order; a repeat may come at any time."""
        highest: dict[tuple[str, str], int] = {}
        had: set[tuple[str, str]] = set()
        for received in self.received:
            if (received.connection, received.message_id) in had:
                continue
            had.add((received.connection, received.message_id))
            key = received.connection, received.conversation_id
            if received.seq < highest.get(key, 0):
                yield Violation("socket order", f"{' '.join(key)}: {received.seq} after {highest[key]}")
            highest[key] = max(highest.get(key, 0), received.seq)

    def _missed(self) -> Iterator[Violation]:
        kept = {(one.user_id, one.message_id, one.seq) for one in self.kept}
        inside: dict[str, list[str]] = defaultdict(list)
        for member in self.members:
            inside[member.conversation_id].append(member.user_id)
        for stored in self.stored:
            for user_id in inside.get(stored.conversation_id, ()):
                if (user_id, stored.message_id, stored.seq) not in kept:
                    yield Violation("missed after sync", f"{stored.conversation_id}: {stored.seq} by {user_id}")
