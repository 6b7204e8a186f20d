"""A client that keeps what sync gives it, and what it ought to have come to."""

from __future__ import annotations

import random
from typing import Final

from parley.domain.models import AcceptedChange, ChangeKind, ConversationView, Identity, Membership, Message
from parley.domain.sync import SyncPage
from parley.services.conversations import make_view
from parley.services.sync_pages import SyncSizes
from parley.services.syncing import Sync
from tests.fakes import FakeClock
from tests.unit.services.world import World

AT: Final = FakeClock().now()

State = dict[str, tuple[ConversationView, dict[str, Message], dict[str, Membership]]]


class SyncClient:
    """One device of somebody."""

    def __init__(self, world: World, identity: Identity, *, sizes: SyncSizes | None = None) -> None:
        self._sync = world.syncing
        if sizes is not None:
            self._sync = Sync(
                store=world.sync_store,
                users=world.user_store,
                tokens=world.sync_tokens,
                clock=world.clock,
                sizes=sizes,
            )
        self._identity = identity
        self.token: str | None = None
        self.state: State = {}

    def ask(self, limit: int | None = None) -> SyncPage:
        """One page, applied."""
        page, self.token = self._sync.sync(self._identity, self.token, limit=limit)
        for change in page.changes:
            if change.view is None:
                self.state.pop(change.conversation_id, None)
                continue
            _, messages, members = self.state.get(change.conversation_id, (change.view, {}, {}))
            messages |= {message.message_id: message for message in change.messages}
            for member in change.members:
                if member.membership is None:
                    members.pop(member.user_id, None)
                else:
                    members[member.user_id] = member.membership
            self.state[change.conversation_id] = change.view, messages, members
        return page

    def ask_all(self, limit: int | None = None) -> list[SyncPage]:
        """Pages until the server says that they are all."""
        pages = [self.ask(limit)]
        while not pages[-1].complete:
            pages.append(self.ask(limit))
            assert len(pages) < 2_000, "a pass must come to an end"
        return pages


def read_anew(world: World, identity: Identity) -> State:
    """What a client has that reads everything from scratch."""
    database = world.database
    users = world.user_store.find_users([who for _, who in database.memberships])
    state: State = {}
    for (place, who), membership in database.memberships.items():
        if who != identity.user_id:
            continue
        messages = {key: database.messages[key] for key in database.histories.get(place, [])}
        members = {other: held for (there, other), held in database.memberships.items() if there == place}
        state[place] = make_view(database.conversations[place], membership, users), messages, members
    return state


def a_change(message_id: str, place: str, kind: ChangeKind, who: str = "u_ben") -> AcceptedChange:
    """A change that no other repeats, accepted when the clock began."""
    number = random.randrange(2**60)
    emoji = "👍" if kind == "react" else None
    return AcceptedChange(
        f"x_{number}", kind, message_id, place, who, AT, f"text {number}" if kind == "edit" else None, emoji
    )
