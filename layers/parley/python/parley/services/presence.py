"""Presence: who is online, and who hears of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from parley.domain.errors import FieldProblem, InvalidRequestError, UnavailableError
from parley.domain.ids import is_id
from parley.domain.limits import PRESENCE_MAX_COUNT, SOCKET_EXPIRY_NOTICE_S, SOCKET_MAX_DURATION_S
from parley.domain.live import Presence, SessionExpiring
from parley.domain.models import Connection, Identity
from parley.ports import Clock, ConnectionRegistry, ConversationStore, PushClient, RoomRegistry, UserStore
from parley.services.gone import GoneSockets
from parley.services.rooms import Announcer, Rooms

_log = logging.getLogger(__name__)

_LIFE: Final = timedelta(seconds=SOCKET_MAX_DURATION_S)
_NOTICE: Final = timedelta(seconds=SOCKET_EXPIRY_NOTICE_S)


class PresenceTracking:
    """Follows sockets as they open, close and vanish.

    Somebody is online as long as one of their sockets is open. Who has joined a conversation with them hears when that
    changes. All of it stands on Valkey, which may forget: frames bring back what is open, the sweep ends what is not.
    """

    def __init__(
        self,
        *,
        users: UserStore,
        conversations: ConversationStore,
        registry: ConnectionRegistry,
        gone: GoneSockets,
        room_registry: RoomRegistry,
        rooms: Rooms,
        announcer: Announcer,
        push: PushClient,
        clock: Clock,
    ) -> None:
        self._users = users
        self._conversations = conversations
        self._registry = registry
        self._gone = gone
        self._room_registry = room_registry
        self._rooms = rooms
        self._announcer = announcer
        self._push = push
        self._clock = clock

    def note_opened(self, connection: Connection) -> None:
        """Tells of a user who came online with this socket. It never fails: presence is no reason to refuse one."""
        try:
            if self._room_registry.set_online(connection.user_id):
                self._notify(Presence(connection.user_id, online=True, last_seen_at=self._clock.now()))
        except UnavailableError:
            _log.warning("nobody could be told that a user is online")

    def note_closed(self, connection: Connection) -> None:
        """Takes a socket that closed out of its rooms, and tells of a user who went offline with it; idempotent.

        Raises:
            UnavailableError: the registry or the database cannot be reached; the sweep does it later.
        """
        self._rooms.leave_rooms(connection)
        if not self._registry.find_connections((connection.user_id,)):
            self._end_presence(connection.user_id)

    def list_presence(self, identity: Identity, user_ids: Sequence[str]) -> list[Presence]:
        """Who of these is online, in the order asked for; who shares no conversation with the caller is left out.

        Args:
            user_ids: at most 100; one that comes twice counts once.

        Raises:
            InvalidRequestError: there are too many.
        """
        wanted = [user_id for user_id in dict.fromkeys(user_ids) if is_id(user_id)]
        if len(wanted) > PRESENCE_MAX_COUNT:
            problem = FieldProblem("ids", f"It holds more than {PRESENCE_MAX_COUNT}.")
            raise InvalidRequestError("So many cannot be asked for at once.", [problem])
        contacts = self._conversations.find_contacts(identity.user_id, wanted)
        shown = [user_id for user_id in wanted if user_id in contacts or user_id == identity.user_id]
        online = self._registry.find_connections(shown) if shown else {}
        seen = self._users.find_last_seen([user_id for user_id in shown if user_id not in online]) if shown else {}
        now = self._clock.now()
        return [
            Presence(user_id, user_id in online, now if user_id in online else seen.get(user_id)) for user_id in shown
        ]

    def sweep(self) -> int:
        """Ends the sockets whose closing nobody heard of, and tells those that are about to expire; how many ended.

        Every gateway is asked after every socket, so that within a minute nobody is shown online who is not.

        Raises:
            UnavailableError: the registry or the database cannot be reached.
        """
        ended = 0
        for connections in self._registry.list_connections():
            outcomes = self._push.probe(connections)
            for connection, outcome in zip(connections, outcomes, strict=True):
                if outcome == "gone" and not self._gone.is_opening(connection):
                    self._registry.remove_connection(connection.user_id, connection.connection_id)
                    self.note_closed(connection)
                    ended += 1
                else:
                    self._warn_of_end(connection)
        for user_ids in self._room_registry.list_online():
            present = self._registry.find_connections(user_ids)
            for user_id in user_ids:
                if user_id not in present:
                    self._end_presence(user_id)
        return ended

    def _warn_of_end(self, connection: Connection) -> None:
        ends_at = connection.connected_at + _LIFE
        if ends_at - _NOTICE <= self._clock.now() < ends_at and self._room_registry.claim_notice(
            connection.connection_id
        ):
            self._announcer.post(SessionExpiring(ends_at), [connection])

    def _end_presence(self, user_id: str) -> None:
        if self._room_registry.set_offline(user_id):
            now = self._clock.now()
            self._users.record_last_seen(user_id, now)
            self._notify(Presence(user_id, online=False, last_seen_at=now))

    def _notify(self, presence: Presence) -> None:
        places = self._conversations.list_conversation_ids(presence.user_id)
        self._announcer.announce(presence, places, without_user_id=presence.user_id)
