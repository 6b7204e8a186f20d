"""Rooms: who has a conversation open, and what those people hear of each other."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Final

from parley.domain.errors import UnavailableError
from parley.domain.live import LiveEvent, TypingChanged, TypingState, UserJoined, UserLeft
from parley.domain.models import Connection, Identity
from parley.ports import ConnectionRegistry, ConversationStore, LiveEncoder, Push, PushClient, RoomRegistry
from parley.services.access import access_conversation
from parley.services.gone import GoneSockets

_log = logging.getLogger(__name__)

ONLINE_MAX_COUNT: Final = 1_000


class Announcer:
    """Posts what is told while it lasts. It never fails: what cannot be posted is not worth a second try."""

    def __init__(
        self,
        *,
        conversations: ConversationStore,
        gone: GoneSockets,
        rooms: RoomRegistry,
        push: PushClient,
        encode: LiveEncoder,
    ) -> None:
        self._conversations = conversations
        self._gone = gone
        self._rooms = rooms
        self._push = push
        self._encode = encode

    def announce(self, event: LiveEvent, conversation_ids: Sequence[str], *, without_user_id: str) -> None:
        """Tells everybody who has joined one of the conversations, is a member still, and is not that one user."""
        try:
            sockets = self._find_audience(conversation_ids, without_user_id)
        except UnavailableError:
            _log.warning("nobody could be told of something that does not last")
            return
        self.post(event, sockets)

    def post(self, event: LiveEvent, sockets: Iterable[Connection]) -> None:
        """Tells these sockets; those that are gone are forgotten."""
        frame = self._encode(event)
        pushes = [Push(socket, (frame,)) for socket in sockets]
        if not pushes:
            return
        for push, outcome in zip(pushes, self._push.post(pushes), strict=True):
            if outcome == "gone" and self._gone.forget(push.connection):
                self._leave_rooms(push.connection)

    def _find_audience(self, conversation_ids: Sequence[str], without_user_id: str) -> list[Connection]:
        joined = self._rooms.find_joined(conversation_ids)
        present = {
            name: [socket for socket in sockets if socket.user_id != without_user_id]
            for name, sockets in joined.items()
        }
        asked = {name: sorted({socket.user_id for socket in sockets}) for name, sockets in present.items() if sockets}
        members = self._conversations.find_members(asked) if asked else {}
        found: dict[str, Connection] = {}
        for name, user_ids in members.items():
            found |= {socket.connection_id: socket for socket in present[name] if socket.user_id in user_ids}
        return list(found.values())

    def _leave_rooms(self, connection: Connection) -> None:
        try:
            self._rooms.leave_rooms(connection)
        except UnavailableError:
            # The sweep finds it again.
            return


class Rooms:
    """Joining, leaving and typing."""

    def __init__(
        self,
        *,
        conversations: ConversationStore,
        registry: ConnectionRegistry,
        rooms: RoomRegistry,
        announcer: Announcer,
    ) -> None:
        self._conversations = conversations
        self._registry = registry
        self._rooms = rooms
        self._announcer = announcer

    def join_room(self, identity: Identity, conversation_id: str, connection: Connection) -> list[str]:
        """Lets a socket hear who types, comes and goes in a conversation, until it leaves or closes.

        The others who have joined are told, unless another of the caller's sockets has joined already.

        Returns:
            The members who are online, the caller among them; of more than 1,000 the first.

        Raises:
            NotFoundError: there is no such conversation, or the caller is not a member.
            UnavailableError: the members or the rooms cannot be reached.
        """
        access_conversation(self._conversations, identity, conversation_id)
        if self._rooms.join_room(conversation_id, connection):
            event = UserJoined(conversation_id, identity.user_id)
            self._announcer.announce(event, [conversation_id], without_user_id=identity.user_id)
        members = self._conversations.read_member_ids([conversation_id]).get(conversation_id)
        online = self._registry.find_connections(members.user_ids if members else ()).keys() | {identity.user_id}
        return sorted(online)[:ONLINE_MAX_COUNT]

    def leave_room(self, identity: Identity, conversation_id: str, connection: Connection) -> None:
        """Lets a socket hear of a conversation no more; the others who have joined are told when it was the last.

        Raises:
            NotFoundError: there is no such conversation, or the caller is not a member.
            UnavailableError: the rooms cannot be reached.
        """
        access_conversation(self._conversations, identity, conversation_id)
        if self._rooms.leave_room(conversation_id, connection):
            self._notify_left(identity.user_id, [conversation_id])

    def leave_rooms(self, connection: Connection) -> None:
        """What closing a socket does to its rooms.

        Raises:
            UnavailableError: the rooms cannot be reached.
        """
        self._notify_left(connection.user_id, self._rooms.leave_rooms(connection))

    def type_in_room(self, identity: Identity, conversation_id: str, state: TypingState) -> None:
        """Tells the others who have joined that the caller begins or stops to write.

        Raises:
            NotFoundError: there is no such conversation, or the caller is not a member.
            UnavailableError: the memberships cannot be reached.
        """
        access_conversation(self._conversations, identity, conversation_id)
        event = TypingChanged(conversation_id, identity.user_id, state)
        self._announcer.announce(event, [conversation_id], without_user_id=identity.user_id)

    def _notify_left(self, user_id: str, conversation_ids: Sequence[str]) -> None:
        for conversation_id in conversation_ids:
            event = UserLeft(conversation_id, user_id)
            self._announcer.announce(event, [conversation_id], without_user_id=user_id)
