"""What a writer does: people's random acts. What the contract refuses is an act too."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from bench.histories.desk import Desk
from bench.histories.timing import TRANSACTION_LIFE, HistoryClock, committing_after
from parley.domain.errors import ParleyError, UnavailableError
from parley.domain.models import AcceptedReceipt, Draft, Identity, Message, ReceiptStatus, Role
from parley.domain.records import ReceiptRequested

EMOJI: Final = ("🦉", "👍", "✨")
LATENESS_S: Final = (0, 0, 0, 1, 10, 30, 60)
_PARKED_MAX_S: Final = 0.1
_SENDS_MAX_COUNT: Final = 25


class Writer:
    """One thread's acts, each of somebody among `people`. `told` counts what came of them."""

    def __init__(self, desk: Desk, clock: HistoryClock, people: Sequence[Identity], chance: random.Random) -> None:
        self._desk = desk
        self._clock = clock
        self._people = people
        self._chance = chance
        self._numbers = 0
        self.told: Counter[str] = Counter()
        self._ways: list[tuple[int, Callable[[Identity], object]]] = [
            (26, self._send), (9, self._edit), (6, self._delete), (9, self._react), (9, self._read),
            (5, self._read_all), (4, self._mute), (4, self._create),
            (3, self._create_direct), (3, self._rename), (2, self._change_photo),
            (11, self._change_members), (3, self._change_role), (4, self._leave), (1, self._end), (2, self._block),
            (1, self._erase),
        ]  # fmt: skip

    def run(self, count: int) -> None:
        """Acts so often, one after the other."""
        weights = [weight for weight, _ in self._ways]
        for _ in range(count):
            (way,) = self._chance.choices([way for _, way in self._ways], weights)
            lateness = min(timedelta(seconds=self._chance.choice(LATENESS_S)), TRANSACTION_LIFE)
            with self._clock.act() as began:
                due = began + lateness
                with committing_after(lambda due=due: self._clock.wait_until(due, at_most_s=_PARKED_MAX_S)):  # type: ignore[misc]  # mypy infers no default of a lambda
                    self.told[self._act(way)] += 1
            self._clock.advance(self._chance.choice((0, 0.1, 2)))

    def _act(self, way: Callable[[Identity], object]) -> str:
        try:
            way(self._chance.choice(self._people))
            if self._chance.random() < 0.7:
                self._desk.consume()
        except ParleyError as error:
            return str(error.code)
        return "done"

    def _place(self, who: Identity) -> str:
        known = sorted(self._desk.stores.conversations.list_conversation_ids(who.user_id))
        return self._chance.choice(known) if known else "c_nowhere"

    def _message(self, who: Identity, *, own: bool = False) -> Message | None:
        found = self._desk.messages.list_messages(who, self._place(who), limit=self._chance.choice((3, 30)))
        found = [message for message in found if not own or message.sender_id == who.user_id]
        return self._chance.choice(found) if found else None

    def _other(self) -> str:
        return self._chance.choice(self._people).user_id

    def _some(self) -> list[str]:
        return [one.user_id for one in self._chance.sample(self._people, self._chance.randint(1, len(self._people)))]

    def _send(self, who: Identity) -> None:
        drafts = []
        for place in [self._place(who) for _ in range(self._chance.choice((1, 1, 2)))]:
            for _ in range(self._chance.choice((1, 1, 3, _SENDS_MAX_COUNT // 2))):
                self._numbers += 1
                name = f"{self._chance.getrandbits(48):x}-{self._numbers}"
                mentions = (self._other(),) if self._chance.random() < 0.1 else ()
                drafts.append(Draft(place, name, f"content {name}", mentions=mentions))
        self._desk.chat.send_messages(who, drafts[:_SENDS_MAX_COUNT])

    def _edit(self, who: Identity) -> None:
        if message := self._message(who, own=True):
            self._desk.editing.edit_message(who, message.message_id, f"edited {self._chance.random()}")

    def _delete(self, who: Identity) -> None:
        if message := self._message(who):
            self._desk.editing.delete_message(who, message.message_id)

    def _react(self, who: Identity) -> None:
        if message := self._message(who):
            remove = self._chance.random() < 0.3
            self._desk.editing.react(who, message.message_id, self._chance.choice(EMOJI), remove=remove)

    def _read(self, who: Identity) -> None:
        statuses: tuple[ReceiptStatus, ...] = ("read", "delivered")
        seq = self._chance.randint(0, 60)
        self._desk.receipts.record_receipt(who, self._place(who), self._chance.choice(statuses), seq)

    def _read_all(self, who: Identity) -> None:
        """Many people's receipts in many conversations, as one batch."""
        now = self._desk.clock.now()
        for _ in range(self._chance.randint(2, 12)):
            receipt = AcceptedReceipt(self._place(who), self._other(), "read", self._chance.randint(0, 90), now)
            self._desk.kafka.publish([ReceiptRequested(receipt)])

    def _mute(self, who: Identity) -> None:
        self._desk.conversations.mute_conversation(who, self._place(who), muted=self._chance.random() < 0.5)

    def _create(self, who: Identity) -> None:
        self._desk.conversations.create_group(who, name="A group", member_ids=self._some())

    def _create_direct(self, who: Identity) -> None:
        self._desk.conversations.create_direct(who, self._other())

    def _rename(self, who: Identity) -> None:
        self._desk.groups.rename_group(who, self._place(who), f"Name {self._chance.random()}")

    def _change_photo(self, who: Identity) -> None:
        address = f"https://example.org/{self._chance.random()}" if self._chance.random() < 0.7 else None
        self._desk.groups.change_photo(who, self._place(who), address)

    def _change_members(self, who: Identity) -> None:
        """Adds some or removes some; often the one that was removed is added again in the next moment."""
        place, some = self._place(who), self._some()[:3]
        if self._chance.random() < 0.5:
            self._desk.groups.change_members(who, place, add=some)
            return
        self._desk.groups.change_members(who, place, remove=some)
        if self._chance.random() < 0.5:
            self._send(self._chance.choice(self._people))
            self._desk.groups.change_members(who, place, add=some[:1])

    def _change_role(self, who: Identity) -> None:
        roles: tuple[Role, ...] = ("owner", "admin", "member")
        self._desk.groups.change_role(who, self._place(who), self._other(), self._chance.choice(roles))

    def _leave(self, who: Identity) -> None:
        self._desk.groups.leave_group(who, self._place(who))

    def _end(self, who: Identity) -> None:
        self._desk.groups.delete_group(who, self._place(who))

    def _block(self, who: Identity) -> None:
        if self._chance.random() < 0.5:
            self._desk.users.block_user(who, self._other())
        else:
            self._desk.users.unblock_user(who, self._other())

    def _erase(self, who: Identity) -> None:
        """What the erasure of an account does to conversations, from its first step to its last."""
        known = {one.user_id for one in self._people[:2]}
        if who.user_id in known:
            return  # those are who sync
        self._desk.stores.users.begin_erasure(who.user_id, self._desk.clock.now())
        while places := self._desk.stores.conversations.list_conversation_ids(who.user_id):
            for place in places:
                with contextlib.suppress(UnavailableError):  # others were in the way: it is tried until it is done
                    self._desk.groups.withdraw_user(who.user_id, place)
