"""Open sockets, the rooms that they have joined, and the tickets that open them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from parley.domain.models import (
    Connection,
    Identity,
)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a push may go.

    Args:
        connections: the open sockets by user; users without any are left out.
        floors: by connection id and lane, the highest seq that was about to be pushed before the registry knew the
            socket, or before the socket missed something. What is not above it is for its sync to bring.
        resumed: by connection id, since when the registry knows sockets that were open before. What they were shown
            until then nobody knows: messages that are older are for their sync too.
    """

    connections: Mapping[str, tuple[Connection, ...]]
    floors: Mapping[tuple[str, str], int]
    resumed: Mapping[str, datetime]


class ConnectionRegistry(Protocol):
    """Whose sockets are open where. A hint that may be lost: nothing but live pushes and presence hangs on it."""

    def add_connection(self, connection: Connection) -> None:
        """Adds a socket that opens; idempotent. It is forgotten by itself 2 h 10 min later, longer than one can live.

        It counts as having missed nothing.
        """
        ...

    def renew_connection(self, connection: Connection) -> None:
        """Adds a socket that is open, whether it was known or not; idempotent. What it missed is to be told still."""
        ...

    def note_missed(self, connections: Sequence[Connection]) -> None:
        """Notes that these sockets did not get what was meant for them, in one round trip; idempotent.

        Of a socket that is forgotten this is noted too. What was begun before has floors for them from now on.
        """
        ...

    def ask_to_sync(self, connections: Sequence[Connection]) -> None:
        """Has the next `take_missed` of these sockets say that they may have missed something; idempotent."""
        ...

    def take_missed(self, connection: Connection) -> bool:
        """Renews a socket, and says whether it may have missed something since it was added, or since this was said.

        Of concurrent calls one is told so. What is missed while it runs is told by this call or by the next one. A
        registry that was lost, or never knew the socket, has it as one that missed something.
        """
        ...

    def remove_connection(self, user_id: str, connection_id: str) -> bool:
        """Forgets one socket and no other of that user; whether it was known. Idempotent.

        If it is open all the same, and is renewed, it counts as one that missed something.
        """
        ...

    def list_connections(self) -> Iterator[list[Connection]]:
        """All open sockets, in parts; one that opens or closes meanwhile may be left out."""
        ...

    def find_connections(self, user_ids: Sequence[str]) -> dict[str, tuple[Connection, ...]]:
        """The open sockets of these users, in one round trip; users without any are left out."""
        ...

    def begin_pushes(self, user_ids: Sequence[str], lanes: Mapping[str, tuple[int, int]]) -> Reach:
        """Finds these users' sockets, and notes what is about to be pushed to them; in one round trip.

        Args:
            lanes: the lowest and the highest seq by lane, a name under which seqs are pushed in order. Floors are told
                for lanes whose lowest seq was begun before, within the last ten minutes at least: a batch that
                comes again. What lies before the first seq that is known of a lane counts as begun before all.
        """
        ...


class RoomRegistry(Protocol):
    """Which sockets have joined which conversations, and who was told to be online. A hint that may be lost.

    Every entry is forgotten by itself 2 h 10 min after the last time that anybody joined, or was online.
    """

    def join_room(self, conversation_id: str, connection: Connection) -> bool:
        """Lets a socket hear of a conversation; whether it is the first of its user's there. Idempotent."""
        ...

    def leave_room(self, conversation_id: str, connection: Connection) -> bool:
        """Lets it hear no more; whether it was there and the last of its user's. Idempotent."""
        ...

    def leave_rooms(self, connection: Connection) -> list[str]:
        """Lets it hear no more of any; the conversations where it was the last of its user's. Idempotent."""
        ...

    def find_joined(self, conversation_ids: Sequence[str]) -> dict[str, tuple[Connection, ...]]:
        """The sockets in these rooms, in one round trip; empty rooms are left out."""
        ...

    def set_online(self, user_id: str) -> bool:
        """Notes that a user is online; whether that is news. Of concurrent calls one is told so."""
        ...

    def set_offline(self, user_id: str) -> bool:
        """Notes that a user is not online; whether that is news. Of concurrent calls one is told so."""
        ...

    def list_online(self) -> Iterator[list[str]]:
        """Everybody noted as online, in parts; who comes or goes meanwhile may be left out."""
        ...

    def claim_notice(self, connection_id: str) -> bool:
        """Whether nobody told this socket yet that it expires; of all calls within an hour one is told so."""
        ...


class TicketStore(Protocol):
    """Tickets that open one WebSocket each."""

    def insert_ticket(self, ticket: str, identity: Identity, ttl_s: int) -> None:
        """Keeps a ticket for `ttl_s` seconds."""
        ...

    def redeem_ticket(self, ticket: str) -> Identity | None:
        """Whose ticket it is, once: of concurrent calls exactly one gets it. None when unknown, used or expired."""
        ...
