"""Hashes and tokens without cryptography."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import datetime, timedelta

from parley.domain.errors import UnauthorizedError
from parley.domain.models import Identity

_PREFIX = "hashed"


class FakePasswordHasher:
    """Writes the password with a running number for salt; `verified` keeps which hashes were asked about."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.verified: list[str] = []
        self._salts = itertools.count(1)

    def hash_password(self, password: str) -> str:
        self.calls["hash_password"] += 1
        # A real one hashes the password's UTF-8, which a lone surrogate has not.
        return f"{_PREFIX}:{next(self._salts)}:{password.encode().hex()}"

    def verify_password(self, password_hash: str, password: str) -> bool:
        self.calls["verify_password"] += 1
        self.verified.append(password_hash)
        prefix, _, hashed = password_hash.rpartition(":")
        return prefix.startswith(f"{_PREFIX}:") and hashed == password.encode().hex()


class FakeTokens:
    """Issues and verifies numbered access tokens that hold for `ttl_s` seconds: both token ports at once."""

    def __init__(self, *, ttl_s: int = 600) -> None:
        self.calls: Counter[str] = Counter()
        self._ttl_s = ttl_s
        self._issued: dict[str, tuple[Identity, datetime]] = {}

    def issue_access_token(self, identity: Identity, now: datetime, *, token_id: str | None = None) -> tuple[str, int]:
        self.calls["issue_access_token"] += 1
        token = f"access-{token_id or len(self._issued) + 1}"
        self._issued[token] = identity, now + timedelta(seconds=self._ttl_s)
        return token, self._ttl_s

    def verify_access_token(self, token: str, now: datetime) -> Identity:
        self.calls["verify_access_token"] += 1
        identity, expires_at = self._issued.get(token, (None, now))
        if identity is None or expires_at <= now:
            raise UnauthorizedError("The access token does not hold.")
        return identity
