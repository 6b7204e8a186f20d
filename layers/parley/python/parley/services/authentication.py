"""Who is calling: access tokens and tickets, and whether the session behind them still lives.

Apart from `accounts`, so that functions which only need to know their caller need neither the private key nor argon2.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from parley.domain.errors import UnauthorizedError
from parley.domain.ids import is_id
from parley.domain.limits import SESSION_CACHE_TTL_S
from parley.domain.models import Identity
from parley.ports import Clock, SessionStore, TicketStore, TokenVerifier

_SESSION_CACHE_MAX_COUNT: Final = 10_000
_SESSION_CACHE_TTL: Final = timedelta(seconds=SESSION_CACHE_TTL_S)


class Authentication:
    """Tells whose a token or ticket is. Safe to call from several threads."""

    def __init__(self, *, sessions: SessionStore, tickets: TicketStore, verifier: TokenVerifier, clock: Clock) -> None:
        self._sessions = sessions
        self._tickets = tickets
        self._verifier = verifier
        self._clock = clock
        self._seen_alive: OrderedDict[str, datetime] = OrderedDict()
        self._lock = threading.Lock()

    def authenticate(self, access_token: str) -> Identity:
        """Whose access token it is. A session that was seen alive in the last 4 s is not looked up again.

        Raises:
            UnauthorizedError: the token does not hold, or its session was ended.
            UnavailableError: the sessions cannot be reached.
        """
        now = self._clock.now()
        identity = self._verifier.verify_access_token(access_token, now)
        if not self._was_seen_alive(identity, now):
            self._check_session(identity)
            self._remember(identity, now)
        return identity

    def authorize_connection(self, *, ticket: str | None = None, access_token: str | None = None) -> Identity:
        """Who opens a WebSocket, by a ticket, which is used up, or else by a bearer token.

        The session is always looked up: a socket lives for hours, and a ticket of an ended session opens none.

        Raises:
            UnauthorizedError: neither is given, or the one given is bad, used, expired, or of an ended session.
            UnavailableError: the tickets or the sessions cannot be reached.
        """
        if ticket is not None:
            redeemed = self._tickets.redeem_ticket(ticket) if is_id(ticket) else None
            if redeemed is None:
                raise UnauthorizedError("The ticket is unknown, used or expired.")
            identity = redeemed
        elif access_token is not None:
            identity = self._verifier.verify_access_token(access_token, self._clock.now())
        else:
            raise UnauthorizedError("A ticket or an access token is needed.")
        self._check_session(identity)
        return identity

    def _check_session(self, identity: Identity) -> None:
        session = self._sessions.find_session(identity.session_id)
        if session is None or session.user_id != identity.user_id:
            raise UnauthorizedError("The session has ended.")

    def _was_seen_alive(self, identity: Identity, now: datetime) -> bool:
        with self._lock:
            seen_at = self._seen_alive.get(identity.session_id)
        # A clock that was set back must not keep an ended session alive.
        return seen_at is not None and timedelta(0) <= now - seen_at < _SESSION_CACHE_TTL

    def _remember(self, identity: Identity, now: datetime) -> None:
        with self._lock:
            self._seen_alive[identity.session_id] = now
            self._seen_alive.move_to_end(identity.session_id)
            while len(self._seen_alive) > _SESSION_CACHE_MAX_COUNT:
                self._seen_alive.popitem(last=False)
