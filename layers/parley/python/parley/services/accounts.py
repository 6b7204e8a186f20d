"""Accounts: registering, signing in, passwords, and the tickets that open sockets."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from parley.domain import ids, text
from parley.domain.errors import (
    BadCredentialsError,
    FieldProblem,
    ForbiddenError,
    InvalidRequestError,
    UnauthorizedError,
    UnavailableError,
)
from parley.domain.limits import EMAIL_MAX_CHARS, PASSWORD_MAX_CHARS, WS_TICKET_TTL_S
from parley.domain.models import Credentials, Identity, User
from parley.domain.passwords import check_guessable
from parley.ports import Clock, PasswordHasher, SessionStore, TicketStore, TokenIssuer, UserStore
from parley.services.ending import Ending
from parley.services.rate_limits import RateLimits
from parley.services.sessions import start_session


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
        ending: Ending,
        limits: RateLimits,
        clock: Clock,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._tickets = tickets
        self._hasher = hasher
        self._issuer = issuer
        self._ending = ending
        self._limits = limits
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

    def login(self, *, login: str, password: str, device_name: str | None = None, address: str | None = None) -> SignIn:
        """Signs a device in by username or email, both compared without case.

        A login that nobody has takes the same time and gets the same answer as a wrong password.

        Args:
            address: where the request comes from.

        Raises:
            BadCredentialsError: the two do not belong together.
            RateLimitedError: there were too many tries at this account, or from this address.
            InvalidRequestError: the device's name breaks its rule.
        """
        if device_name is not None and (problem := text.check_device_name(device_name)):
            raise InvalidRequestError("The device name cannot be used.", [FieldProblem("deviceName", problem)])
        self._limits.check_login(address=address)
        # Made before anyone is looked up, so that the first unknown login after a cold start is no slower than others.
        decoy = self._decoy_hash or self._make_decoy_hash()
        credentials = self._find_credentials(login)
        self._limits.check_password(credentials.user.user_id if credentials else login.lower())
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
            raise _no_more()
        return user

    def change_password(self, identity: Identity, *, current_password: str, new_password: str) -> None:
        """Changes the caller's password, then ends their other sessions.

        Raises:
            ForbiddenError: the current password is another one.
            InvalidRequestError: the new password breaks its rule.
            UnauthorizedError: the account is no more.
            UnavailableError: it may not have changed, or not all other sessions may have ended.
        """
        credentials = self.check_password(identity, current_password)
        user = credentials.user
        problem = check_new_password(new_password, user.username, user.email, user.display_name)
        if problem:
            raise InvalidRequestError("The new password cannot be used.", [FieldProblem("newPassword", problem)])
        new_hash = self._hasher.hash_password(text.normalize_password(new_password))
        if not self._users.replace_password(user.user_id, old_hash=credentials.password_hash, new_hash=new_hash):
            raise UnavailableError("The password is being changed elsewhere.", retry_after_s=1.0)
        self._ending.end_sessions(user.user_id, "password_changed", keep=identity.session_id)

    def check_password(self, identity: Identity, password: str) -> Credentials:
        """The caller's credentials, if this is their password.

        Raises:
            ForbiddenError: it is not.
            RateLimitedError: there were too many tries at this account.
            UnauthorizedError: the account is no more.
        """
        credentials = self._users.find_user_credentials(identity.user_id)
        if credentials is None:
            raise _no_more()
        self._limits.check_password(identity.user_id)
        if not self._verify_password(credentials.password_hash, password):
            raise ForbiddenError("The password is wrong.")
        return credentials

    def _do_sign_in(self, user: User, device_name: str | None, now: datetime) -> SignIn:
        identity = Identity(user.user_id, ids.new_session_id())
        session, refresh_token = start_session(identity.session_id, user.user_id, device_name, now)
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
        "password": check_new_password(password, username, email, display_name),
        "displayName": text.check_display_name(display_name),
        "deviceName": None if device_name is None else text.check_device_name(device_name),
    }
    problems = [FieldProblem(field, problem) for field, problem in findings.items() if problem]
    if problems:
        raise InvalidRequestError("The account cannot be made of these.", problems)


def check_new_password(password: str, *names: str) -> str | None:
    """What is wrong with a password that somebody with these names chooses, or None."""
    return text.check_password(password) or check_guessable(text.normalize_password(password), names)


def _no_more() -> UnauthorizedError:
    return UnauthorizedError("The account is no more.")
