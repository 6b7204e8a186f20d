"""The services of accounts and sessions."""

# ruff: noqa: PLC0415  # each part is imported when it is first asked for: that is what this package is for

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from parley.bootstrap.chat import ChatServices
from parley.config import (
    RateLimitSettings,
)
from parley.domain.rates import read_buckets

if TYPE_CHECKING:
    from parley.domain.models import Identity
    from parley.services.accounts import Accounts
    from parley.services.authentication import Authentication
    from parley.services.ending import Ending
    from parley.services.erasure import Erasure
    from parley.services.rate_limits import RateLimits
    from parley.services.sessions import Sessions
    from parley.services.users import Users


class AccountServices(ChatServices):
    """Accounts, sessions, users and rate limits."""

    @cached_property
    def rate_limits(self) -> RateLimits:
        from parley.connections.rate_limiter import ValkeyRateLimiter
        from parley.services.rate_limits import RateLimits

        setting = self._read(RateLimitSettings).rate_limits
        return RateLimits(limiter=ValkeyRateLimiter(self.connections.redis), buckets=read_buckets(setting))

    @cached_property
    def _ending(self) -> Ending:
        from parley.protocol.events import encode_session_ended
        from parley.services.ending import Ending

        return Ending(
            sessions=self.stores.sessions,
            registry=self.connections,
            push=self.push,
            encode=encode_session_ended,
        )

    @cached_property
    def accounts(self) -> Accounts:
        from parley.security.passwords import Argon2PasswordHasher
        from parley.services.accounts import Accounts

        return Accounts(
            users=self.stores.users,
            sessions=self.stores.sessions,
            tickets=self.connections,
            hasher=Argon2PasswordHasher(),
            issuer=self._issuer,
            ending=self._ending,
            limits=self.rate_limits,
            clock=self.clock,
        )

    @cached_property
    def sessions(self) -> Sessions:
        from parley.services.sessions import Sessions

        return Sessions(sessions=self.stores.sessions, ending=self._ending, issuer=self._issuer, clock=self.clock)

    @cached_property
    def erasure(self) -> Erasure:
        from parley.services.erasure import Erasure

        def check_password(identity: Identity, password: str) -> object:
            # Whoever only finishes erasures has no key to sign with, and makes no accounts.
            return self.accounts.check_password(identity, password)

        return Erasure(
            check_password=check_password,
            users=self.stores.users,
            blocks=self.stores.blocks,
            conversations=self.stores.conversations,
            messages=self.stores.messages,
            publisher=self.publisher,
            groups=self.groups,
            ending=self._ending,
            clock=self.clock,
        )

    @cached_property
    def users(self) -> Users:
        from parley.services.users import Users

        return Users(users=self.stores.users, blocks=self.stores.blocks, clock=self.clock)

    @cached_property
    def authentication(self) -> Authentication:
        from parley.services.authentication import Authentication

        return Authentication(
            sessions=self.stores.sessions, tickets=self.connections, verifier=self._verifier, clock=self.clock
        )
