"""Users, whom they block, and their sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from parley.domain.models import (
    Credentials,
    ProfileChanges,
    Session,
    User,
)


class UserStore(Protocol):
    """Users and the hashes of their passwords."""

    def insert_user(self, user: User, password_hash: str) -> None:
        """Adds a user, all or nothing. Of concurrent calls for one username or email exactly one succeeds.

        Raises:
            ConflictError: the username or the email (compared without case) is taken; its detail says which.
        """
        ...

    def find_users(self, user_ids: Sequence[str]) -> dict[str, User]:
        """The users with these ids, in one query; ids that nobody has are left out."""
        ...

    def record_last_seen(self, user_id: str, seen_at: datetime) -> None:
        """Notes when a user was last known to be there; a time before the one that is noted changes nothing."""
        ...

    def find_last_seen(self, user_ids: Sequence[str]) -> dict[str, datetime]:
        """When these users were last known to be there, in one query; of whom that is not known are left out."""
        ...

    def find_credentials(self, login: str) -> Credentials | None:
        """The user whose username or email is `login`, compared without case; None for nobody."""
        ...

    def find_user_credentials(self, user_id: str) -> Credentials | None:
        """The user with this id; None for nobody, and for whose account is being erased."""
        ...

    def replace_password(self, user_id: str, *, old_hash: str, new_hash: str) -> bool:
        """Puts a new hash in the place of the old one; False when that is not what is stored. Atomic."""
        ...

    def update_user(self, user_id: str, changes: ProfileChanges) -> User | None:
        """Changes what is given of a profile and nothing else; the user as they are then, None for nobody. Atomic."""
        ...

    def search_users(self, prefix: str, *, after: str | None, limit: int) -> list[User]:
        """Users with a search key (domain.search) that begins with `prefix`, by username ascending; by an index.

        Args:
            prefix: as `fold_text` writes it.
            after: the username of the last one already had.
            limit: at most so many.
        """
        ...

    def begin_erasure(self, user_id: str, now: datetime) -> None:
        """Takes names, profile and password from a user, all at once; idempotent.

        From then on no method finds them, and their username and email are free. What remains is a note that the
        erasure began, until `finish_erasure`.
        """
        ...

    def list_erasures(self, before: datetime, limit: int) -> list[str]:
        """The ids of users whose erasure began before that time and is not finished, longest ago first."""
        ...

    def finish_erasure(self, user_id: str) -> None:
        """Removes what is left of a user; idempotent. Nobody whose erasure did not begin is touched."""
        ...


class BlockStore(Protocol):
    """Who has blocked whom."""

    def block_user(self, blocker_id: str, blocked_id: str, now: datetime) -> None:
        """Notes a block, and marks it on both memberships of the two's direct conversation, where there is one.

        Both in one transaction; idempotent, and a repeat marks a conversation that came into being meanwhile.
        """
        ...

    def unblock_user(self, blocker_id: str, blocked_id: str, now: datetime) -> None:
        """Takes a block and its marks back, in one transaction; idempotent. The other's own block stands."""
        ...

    def find_blockers(self, one_user_id: str, other_user_id: str) -> frozenset[str]:
        """Which of the two have blocked the other, in one query."""
        ...

    def list_blocks(self, blocker_id: str, *, after: str | None, limit: int) -> list[str]:
        """The ids of whom this user has blocked, ascending, those after the id `after` only; at most `limit`."""
        ...

    def forget_blocks(self, user_id: str) -> None:
        """Removes every block by and of a user who is no more; marks on memberships stay. Idempotent."""
        ...


class SessionStore(Protocol):
    """Signed-in devices."""

    def insert_session(self, session: Session) -> None:
        """Adds a session; it is visible to every later call anywhere."""
        ...

    def find_session(self, session_id: str) -> Session | None:
        """The session, or None when it never was, was ended, or is past its `expires_at`."""
        ...

    def list_sessions(self, user_id: str, *, before: tuple[datetime, str] | None, limit: int) -> list[Session]:
        """The user's sessions by `(created_at, session_id)` descending, at most `limit`.

        Args:
            before: the key of the last one already had; only smaller ones are given.
        """
        ...

    def rotate_session(self, session: Session, *, expected_hash: str) -> bool:
        """Stores `session` in the place of the one that has the same id and this `refresh_token_hash`. Atomic.

        Of concurrent calls with one expected hash exactly one succeeds.

        Returns:
            False, with nothing changed, when the session has ended or holds another hash.
        """
        ...

    def end_session(self, session_id: str) -> bool:
        """Ends a session: no later call anywhere finds it. Whether there was one; idempotent."""
        ...

    def end_sessions(self, user_id: str, *, keep: str | None = None) -> None:
        """Ends all of the user's sessions but the one with the id `keep`; idempotent."""
        ...
