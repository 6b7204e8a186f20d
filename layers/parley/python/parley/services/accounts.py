"""Accounts: registering, signing in, and the tickets that open sockets."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from parley.domain import ids, text
from parley.domain.errors import BadCredentialsError, FieldProblem, InvalidRequestError, UnauthorizedError
from parley.domain.limits import EMAIL_MAX_CHARS, PASSWORD_MAX_CHARS, SESSION_TTL_DAYS, WS_TICKET_TTL_S
from parley.domain.models import Credentials, Identity, Session, User
from parley.ports import Clock, PasswordHasher, SessionStore, TicketStore, TokenIssuer, UserStore


@dataclass(frozen=True, slots=True)
class SignIn:
    """A device that has just signed in.

    `access_token` holds for `expires_in` seconds. `refresh_token` is shown this once; only its hash is kept.
    """

    user: User
    access_token: str
    refresh_token: str
    expires_in: int
    session_id: str


class Accounts:
    """Registering and signing in. Who is calling later on is `authentication`'s to tell. Safe to call from threads."""

    def __init__(
        self,
        *,
        users: UserStore,
        sessions: SessionStore,
        tickets: TicketStore,
        hasher: PasswordHasher,
        issuer: TokenIssuer,
        clock: Clock,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._tickets = tickets
        self._hasher = hasher
        self._issuer = issuer
        self._clock = clock
        self._decoy_hash: str | None = None

    def register(
        self,
        *,
        username: str,
        email: str,
        password: str,
        display_name: str | None = None,
        device_name: str | None = None,
    ) -> SignIn:
        """Makes an account and signs its first device in.

        Args:
            display_name: the username when None.

        Raises:
            InvalidRequestError: a field breaks its rule; all of them are told at once.
            ConflictError: the username or the email (compared without case) is taken.
        """
        display_name = username if display_name is None else display_name
        check_registration(username, email, password, display_name, device_name)
        now = self._clock.now()
        user = User(ids.new_user_id(), username, email, display_name, avatar_url=None, about=None, created_at=now)
        self._users.insert_user(user, self._hasher.hash_password(text.normalize_password(password)))
        return self._do_sign_in(user, device_name, now)

    def login(self, *, login: str, password: str, device_name: str | None = None) -> SignIn:
        """Signs a device in by username or email, both compared without case.

        A login that nobody has takes the same time and gets the same answer as a wrong password.

        Raises:
            BadCredentialsError: the two do not belong together.
            InvalidRequestError: the device's name breaks its rule.
        """
        if device_name is not None and (problem := text.check_device_name(device_name)):
            raise InvalidRequestError("The device name cannot be used.", [FieldProblem("deviceName", problem)])
        # Made before anyone is looked up, so that the first unknown login after a cold start is no slower than others.
        decoy = self._decoy_hash or self._make_decoy_hash()
        credentials = self._find_credentials(login)
        matches = self._verify_password(credentials.password_hash if credentials else decoy, password)
        if credentials is None or not matches:
            raise BadCredentialsError("The login or the password is wrong.")
        return self._do_sign_in(credentials.user, device_name, self._clock.now())

    def issue_ws_ticket(self, identity: Identity) -> str:
        """A ticket that opens one WebSocket for this identity within the next 30 s: 256 random bits."""
        ticket = secrets.token_urlsafe(32)
        self._tickets.insert_ticket(ticket, identity, WS_TICKET_TTL_S)
        return ticket

    def get_user(self, identity: Identity) -> User:
        """The caller's own profile.

        Raises:
            UnauthorizedError: the account is no more.
        """
        user = self._users.find_users((identity.user_id,)).get(identity.user_id)
        if user is None:
            raise UnauthorizedError("The account is no more.")
        return user

    def _do_sign_in(self, user: User, device_name: str | None, now: datetime) -> SignIn:
        identity = Identity(user.user_id, ids.new_session_id())
        # The session's id stands in front, so that a later reuse of a rotated token names the session to end.
        refresh_token = f"{identity.session_id}.{secrets.token_urlsafe(32)}"
        session = Session(
            session_id=identity.session_id,
            user_id=user.user_id,
            device_name=device_name,
            refresh_token_hash=hash_refresh_token(refresh_token),
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(days=SESSION_TTL_DAYS),
        )
        self._sessions.insert_session(session)
        access_token, expires_in_s = self._issuer.issue_access_token(identity, now)
        return SignIn(user, access_token, refresh_token, expires_in_s, identity.session_id)

    def _find_credentials(self, login: str) -> Credentials | None:
        # No account has such a login: usernames and emails are short and ASCII.
        if not login.isascii() or "\0" in login or len(login) > EMAIL_MAX_CHARS:
            return None
        return self._users.find_credentials(login)

    def _verify_password(self, password_hash: str, password: str) -> bool:
        if len(password) > PASSWORD_MAX_CHARS or text.check_plain(password):
            # Nobody's password: hashed all the same, in a form that can be, so that the time tells nothing.
            self._hasher.verify_password(password_hash, "")
            return False
        return self._hasher.verify_password(password_hash, text.normalize_password(password))

    def _make_decoy_hash(self) -> str:
        self._decoy_hash = self._hasher.hash_password(secrets.token_urlsafe(32))
        return self._decoy_hash


def check_registration(username: str, email: str, password: str, display_name: str, device_name: str | None) -> None:
    """Whether an account may be made of these.

    Raises:
        InvalidRequestError: with every field that breaks its rule.
    """
    findings = {
        "username": text.check_username(username),
        "email": text.check_email(email),
        "password": text.check_password(password),
        "displayName": text.check_display_name(display_name),
        "deviceName": None if device_name is None else text.check_device_name(device_name),
    }
    problems = [FieldProblem(field, problem) for field, problem in findings.items() if problem]
    if problems:
        raise InvalidRequestError("The account cannot be made of these.", problems)


def hash_refresh_token(refresh_token: str) -> str:
    """SHA-256 in hexadecimal. Enough for 256 random bits, which no list of guesses holds; a password needs argon2."""
    return hashlib.sha256(refresh_token.encode()).hexdigest()
