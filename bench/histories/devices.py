"""Clients that sync, each in its own way: always, seldom, in pieces, or from a token that it had long ago."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Callable
from typing import Final

from bench.client.replica import Json, Replica, differences
from bench.histories.desk import TOKENS, Desk
from bench.histories.state import (
    WatchedStore,
    describe_held,
    page_as_json,
    read_anew,
    read_history,
    read_members,
)
from bench.histories.timing import HistoryClock
from parley.domain.errors import NotFoundError
from parley.domain.models import Identity
from parley.ports import SyncStore
from parley.services.sync_pages import SyncSizes
from parley.services.syncing import Sync

LIMITS: Final = (None, None, 1, 2, 5, 25, 100)
_PAGES_MAX_COUNT: Final = 5_000

SpoilStore = Callable[[SyncStore], SyncStore]
"""Puts a defect into what sync reads, to see it found."""


class Device:
    """One client of somebody's. `found` has what it held and ought not to have, at moments when it was whole."""

    def __init__(
        self,
        name: str,
        who: Identity,
        desk: Desk,
        chance: random.Random,
        *,
        clock: HistoryClock,
        sizes: SyncSizes,
        spoil: SpoilStore,
    ) -> None:
        self.name = name
        self._who = who
        self._desk = desk
        self._clock = clock
        self._chance = chance
        self._sizes = sizes
        self._spoil = spoil
        self._watched = WatchedStore(desk.stores.sync, who)
        self._sync = Sync(
            store=spoil(self._watched), users=desk.stores.users, tokens=TOKENS, clock=desk.clock, sizes=sizes
        )
        self._replica = Replica(who.user_id)
        self._token: str | None = None
        self._unfilled: set[str] = set()
        self._knows_all_members: set[str] = set()
        self._first: dict[str, int] = {}
        self.pages = self.compared = 0
        self.found: list[str] = []

    def fork(self, name: str, chance: random.Random) -> Device:
        """Another client that has what this one has, and will go on from its token."""
        other = Device(name, self._who, self._desk, chance, clock=self._clock, sizes=self._sizes, spoil=self._spoil)
        other._replica, other._token = copy.deepcopy(self._replica), self._token
        other._unfilled, other._knows_all_members = set(self._unfilled), set(self._knows_all_members)
        other._first = dict(self._first)
        return other

    def ask(self) -> Json:
        """One page, applied; where it is the last of its pass, now and then held against the moment that it is of."""
        self._watched.is_watched = self._chance.random() < 0.25
        limit, max_bytes = self._chance.choice(LIMITS), self._chance.choice((12_000, 100_000, 524_288))
        page, self._token = self._sync.sync(self._who, self._token, limit=limit, max_bytes=max_bytes)
        told = page_as_json(page, self._token)
        self._apply(told)
        self.pages += 1
        if page.complete:
            for name in self._unfilled:
                self._first[name] = self._start_of_run(name)
            if self._watched.is_watched:
                # Profiles are looked up after that moment: who was erased between is left out of the page.
                self._watched.note_erased()
                self._hold_against(self._watched.seen, erased=self._watched.erased, is_moment=True)
            self._replica.begin_pass()
            self._fill()
        self._clock.advance(self._chance.choice((0, 0.05, 1, 7)))
        return told

    def _apply(self, told: Json) -> None:
        """Takes the page in, and notes of what came new whether all its members came: of a large group they do not."""
        known = set(self._replica.conversations)
        self._replica.apply_sync(told)
        held = set(self._replica.conversations)
        self._unfilled = (self._unfilled | (held - known)) & held
        self._knows_all_members = (self._knows_all_members | (held - known)) & held
        for name in self._unfilled:
            if self._replica.conversations[name].view["memberCount"] > self._sizes.members_shown_whole:
                self._knows_all_members.discard(name)

    def _start_of_run(self, name: str) -> int:
        """From which seq on it has all messages of a conversation; what was edited before that may have come too."""
        held = self._replica.conversations[name]
        seqs = {message["seq"] for message in held.messages.values()}
        first: int = held.view["lastSeq"] + 1
        while first - 1 in seqs:
            first -= 1
        least = min(held.view["lastSeq"], self._sizes.first_messages, self._sizes.tail_of_new)
        if held.view["lastSeq"] + 1 - first < least:
            self.found.append(f"{self.name}/{name}: it came without its latest {least} messages")
        return first

    def ask_all(self) -> None:
        """Pages until they are all."""
        for _ in range(_PAGES_MAX_COUNT):
            if self.ask()["complete"]:
                return
        self.found.append(f"{self.name}: {_PAGES_MAX_COUNT} pages, and no end")

    def compare(self) -> None:
        """While nobody writes: all pages come to what is read anew, and after them there is nothing to tell."""
        self.ask_all()
        self._hold_against(read_anew(self._desk, self._who), erased=set(), is_moment=False)
        if again := self.ask()["changes"]:
            self.found.append(f"{self.name}: nothing happened, and {len(again)} changes came")

    def _fill(self) -> None:
        """Reads what sync leaves to be read by pages: the history before the latest messages, and large groups."""
        wanted = [name for name in sorted(self._unfilled) if self._chance.random() < 0.5]
        self._unfilled.clear()
        for name in wanted:
            held = self._replica.conversations[name]
            with contextlib.suppress(NotFoundError):  # they have left meanwhile, as sync will tell
                for message in read_history(self._desk, self._who, name, before=self._first[name]).values():
                    held.messages.setdefault(message["messageId"], message)
                self._first[name] = 1
                for user_id, member in read_members(self._desk, self._who, name).items():
                    held.members.setdefault(user_id, member)
                self._knows_all_members.add(name)

    def _hold_against(self, fresh: Json, *, erased: set[str], is_moment: bool) -> None:
        held = describe_held(self._replica)
        for name in held.keys() & fresh.keys():
            mine, theirs = held[name], fresh[name]
            # What nobody has asked for yet may be there or not; from where it has been given it is without a hole.
            wanted = mine["messages"].keys() | {seq for seq in theirs["messages"] if seq >= self._first[name]}
            theirs["messages"] = {seq: message for seq, message in theirs["messages"].items() if seq in wanted}
            mine["members"] = {who: member for who, member in mine["members"].items() if who not in erased}
            if name not in self._knows_all_members:
                theirs["members"] = {who: theirs["members"].get(who) for who in mine["members"]}
            if is_moment:
                mine["view"].pop("peer"), theirs["view"].pop("peer")
        self.compared += 1
        when = "at a moment" if is_moment else "at rest"
        self.found += [f"{self.name} {when}{line}" for line in differences(held, fresh)]
