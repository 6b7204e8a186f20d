"""Passwords and tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from parley.domain.models import (
    Identity,
)
from parley.domain.sync import SyncState


class PasswordHasher(Protocol):
    """argon2id, or what takes its place."""

    def hash_password(self, password: str) -> str:
        """A salted hash that carries its own parameters."""
        ...

    def verify_password(self, password_hash: str, password: str) -> bool:
        """Whether the password is the one; takes the same time either way. False for a hash that is malformed."""
        ...


class TokenIssuer(Protocol):
    """Signs access tokens."""

    def issue_access_token(self, identity: Identity, now: datetime, *, token_id: str | None = None) -> tuple[str, int]:
        """A signed token for this identity, and for how many seconds from `now` it holds.

        Args:
            token_id: the token's own id, random if not given. The same three arguments give the same token.
        """
        ...


class TokenVerifier(Protocol):
    """Checks access tokens."""

    def verify_access_token(self, token: str, now: datetime) -> Identity:
        """Whose token it is.

        Raises:
            UnauthorizedError: malformed, signed by another key or algorithm, expired, or not issued by and for Parley.
        """
        ...


class SyncTokenCodec(Protocol):
    """Makes opaque tokens that nobody else can make."""

    def encode_token(self, state: SyncState) -> str:
        """A signed text, of characters that an address may hold."""
        ...

    def decode_token(self, token: str, user_id: str) -> SyncState:
        """What it says.

        Raises:
            SyncTokenInvalidError: it was not made here, or for another user.
        """
        ...
