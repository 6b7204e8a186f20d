"""Sessions: the devices that a person is signed in on, and the refresh tokens that keep them so."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from parley.domain import refresh_tokens
from parley.domain.errors import UnauthorizedError, UnavailableError
from parley.domain.limits import REFRESH_GRACE_S, SESSION_TTL_DAYS
from parley.domain.models import Identity, Rotation, Session
from parley.ports import Clock, SessionStore, TokenIssuer
from parley.services.access import not_found
from parley.services.ending import Ending
from parley.services.paging import check_page_limit

_TRIES: Final = 3
_GRACE: Final = timedelta(seconds=REFRESH_GRACE_S)
_TTL: Final = timedelta(days=SESSION_TTL_DAYS)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What keeps a device signed in. `access_token` holds for `expires_in` seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


class Sessions:
    """Keeps devices signed in, shows them, and signs them out."""

    def __init__(self, *, sessions: SessionStore, ending: Ending, issuer: TokenIssuer, clock: Clock) -> None:
        self._sessions = sessions
        self._ending = ending
        self._issuer = issuer
        self._clock = clock

    def refresh(self, refresh_token: str) -> Tokens:
        """Exchanges a refresh token for the next one and an access token.

        The same token again within 10 s, as of a client that did not hear the answer, gets the very same answer. Later
        it shows that two have it: the session ends.

        Raises:
            UnauthorizedError: the token is no session's current one.
            UnavailableError: the sessions cannot be reached; the same token may be tried again.
        """
        session_id = refresh_tokens.read_session_id(refresh_token)
        for _ in range(_TRIES if session_id else 0):
            session = self._sessions.find_session(session_id or "")
            if session is None:
                break
            now = self._clock.now()
            token_hash = refresh_tokens.hash_refresh_token(refresh_token)
            if hmac.compare_digest(token_hash, session.refresh_token_hash):
                session = _rotate(session, refresh_token, now)
                if not self._sessions.rotate_session(session, expected_hash=token_hash):
                    continue  # the same token, at the same time: that exchange's answer is this one's too
                return self._answer(session, refresh_token)
            if _is_repeated(session, token_hash, now):
                return self._answer(session, refresh_token)
            if refresh_tokens.was_issued(refresh_token, session.refresh_key):
                self._ending.end_session(session.user_id, session.session_id, "token_reused")
            break
        else:
            if session_id:
                raise UnavailableError("The session is being refreshed elsewhere.", retry_after_s=1.0)
        raise UnauthorizedError("The refresh token is unknown, used or expired.")

    def logout(self, identity: Identity) -> None:
        """Ends the caller's session and closes its sockets; idempotent."""
        self._ending.end_session(identity.user_id, identity.session_id, "logout")

    def logout_all(self, identity: Identity) -> None:
        """Ends all of the caller's sessions and closes their sockets; idempotent."""
        self._ending.end_sessions(identity.user_id, "logout")

    def list_sessions(
        self, identity: Identity, *, before: tuple[datetime, str] | None = None, limit: int
    ) -> list[Session]:
        """The caller's sessions by `(created_at, session_id)` descending.

        Args:
            before: that key of the last one already had; None starts at the newest.
            limit: 1 to 100.

        Raises:
            InvalidRequestError: the limit is out of bounds.
        """
        check_page_limit(limit)
        return self._sessions.list_sessions(identity.user_id, before=before, limit=limit)

    def end_session(self, identity: Identity, session_id: str) -> None:
        """Ends a session of the caller's and closes its sockets.

        Raises:
            NotFoundError: there is none of theirs with this id.
        """
        session = self._sessions.find_session(session_id)
        if session is None or session.user_id != identity.user_id:
            raise not_found()
        self._ending.end_session(identity.user_id, session_id, "ended")

    def _answer(self, session: Session, refresh_token: str) -> Tokens:
        """What the exchange of `refresh_token`, the session's last one, gave and gives."""
        rotation = session.rotation
        if rotation is None:
            raise AssertionError("a session that was rotated says so")
        successor = refresh_tokens.derive_refresh_token(refresh_token, rotation.nonce, session.refresh_key)
        access_token, expires_in_s = self._issuer.issue_access_token(
            Identity(session.user_id, session.session_id),
            rotation.rotated_at,
            token_id=refresh_tokens.hash_refresh_token(successor)[:16],
        )
        return Tokens(access_token, successor, expires_in_s)


def start_session(session_id: str, user_id: str, device_name: str | None, now: datetime) -> tuple[Session, str]:
    """A new session and its first refresh token, which is kept nowhere."""
    refresh_key = refresh_tokens.new_refresh_key()
    refresh_token = refresh_tokens.new_refresh_token(session_id, refresh_key)
    session = Session(
        session_id=session_id,
        user_id=user_id,
        device_name=device_name,
        refresh_token_hash=refresh_tokens.hash_refresh_token(refresh_token),
        created_at=now,
        last_seen_at=now,
        expires_at=now + _TTL,
        refresh_key=refresh_key,
    )
    return session, refresh_token


def _rotate(session: Session, refresh_token: str, now: datetime) -> Session:
    """The session once its current token has been exchanged for the next."""
    # A session of before there were keys gets one now.
    refresh_key = session.refresh_key or refresh_tokens.new_refresh_key()
    nonce = refresh_tokens.new_nonce()
    successor = refresh_tokens.derive_refresh_token(refresh_token, nonce, refresh_key)
    return replace(
        session,
        refresh_token_hash=refresh_tokens.hash_refresh_token(successor),
        last_seen_at=now,
        expires_at=now + _TTL,
        refresh_key=refresh_key,
        rotation=Rotation(session.refresh_token_hash, nonce, now),
    )


def _is_repeated(session: Session, token_hash: str, now: datetime) -> bool:
    """Whether this token is the one before the current, exchanged so lately that its client may not know."""
    rotation = session.rotation
    return (
        rotation is not None
        and hmac.compare_digest(token_hash, rotation.previous_token_hash)
        and abs(now - rotation.rotated_at) <= _GRACE
    )
