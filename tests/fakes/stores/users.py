"""Users, blocks and sessions in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import datetime

from parley.domain.errors import ConflictError
from parley.domain.ids import derive_direct_id
from parley.domain.models import (
    Credentials,
    ProfileChanges,
    Session,
    Unchanged,
    User,
)
from parley.domain.search import make_search_keys
from parley.ports import (
    Clock,
)
from tests.fakes.database import FakeDatabase
from tests.fakes.outside import Outside


class FakeUserStore(Outside):
    """Users by id, with an index of their logins without case."""

    def __init__(self) -> None:
        super().__init__()
        self._credentials: dict[str, Credentials] = {}
        self._logins: dict[str, str] = {}
        self._last_seen: dict[str, datetime] = {}
        self._erasures: dict[str, datetime] = {}

    def insert_user(self, user: User, password_hash: str) -> None:
        self._reach("insert_user")
        with self._lock:
            for field, login in (("username", user.username), ("email", user.email)):
                if login.lower() in self._logins:
                    raise ConflictError(f"This {field} is taken.")
            self._logins |= {user.username.lower(): user.user_id, user.email.lower(): user.user_id}
            self._credentials[user.user_id] = Credentials(user, password_hash)

    def find_users(self, user_ids: Sequence[str]) -> dict[str, User]:
        self._reach("find_users")
        with self._lock:
            return {key: self._credentials[key].user for key in user_ids if key in self._credentials}

    def record_last_seen(self, user_id: str, seen_at: datetime) -> None:
        self._reach("record_last_seen")
        with self._lock:
            self._last_seen[user_id] = max(seen_at, self._last_seen.get(user_id, seen_at))

    def find_last_seen(self, user_ids: Sequence[str]) -> dict[str, datetime]:
        self._reach("find_last_seen")
        with self._lock:
            return {user_id: self._last_seen[user_id] for user_id in user_ids if user_id in self._last_seen}

    def find_credentials(self, login: str) -> Credentials | None:
        self._reach("find_credentials")
        with self._lock:
            user_id = self._logins.get(login.lower())
            return None if user_id is None else self._credentials[user_id]

    def find_user_credentials(self, user_id: str) -> Credentials | None:
        self._reach("find_user_credentials")
        with self._lock:
            return self._credentials.get(user_id)

    def replace_password(self, user_id: str, *, old_hash: str, new_hash: str) -> bool:
        self._reach("replace_password")
        with self._lock:
            known = self._credentials.get(user_id)
            if known is None or known.password_hash != old_hash:
                return False
            self._credentials[user_id] = replace(known, password_hash=new_hash)
            return True

    def update_user(self, user_id: str, changes: ProfileChanges) -> User | None:
        self._reach("update_user")
        with self._lock:
            known = self._credentials.get(user_id)
            if known is None:
                return None
            given = {
                field.name: getattr(changes, field.name)
                for field in fields(changes)
                if getattr(changes, field.name) is not Unchanged.UNCHANGED
            }
            user = replace(known.user, **given)
            self._credentials[user_id] = replace(known, user=user)
            return user

    def search_users(self, prefix: str, *, after: str | None, limit: int) -> list[User]:
        self._reach("search_users")
        with self._lock:
            users = [credentials.user for credentials in self._credentials.values()]
        found = [
            user
            for user in sorted(users, key=lambda user: user.username)
            if any(key.startswith(prefix) for key in make_search_keys(user.username, user.display_name))
        ]
        return [user for user in found if after is None or user.username > after][:limit]

    def begin_erasure(self, user_id: str, now: datetime) -> None:
        self._reach("begin_erasure")
        with self._lock:
            known = self._credentials.pop(user_id, None)
            if known is not None:
                del self._logins[known.user.username.lower()], self._logins[known.user.email.lower()]
                self._erasures[user_id] = now

    def list_erasures(self, before: datetime, limit: int) -> list[str]:
        self._reach("list_erasures")
        with self._lock:
            began = sorted((began_at, user_id) for user_id, began_at in self._erasures.items())
        return [user_id for began_at, user_id in began if began_at < before][:limit]

    def finish_erasure(self, user_id: str) -> None:
        self._reach("finish_erasure")
        with self._lock:
            self._erasures.pop(user_id, None)


class FakeBlockStore(Outside):
    """Blocks, marked on the memberships of a FakeDatabase."""

    def __init__(self, database: FakeDatabase) -> None:
        super().__init__(database.lock)
        self._database = database
        self._blocks: set[tuple[str, str]] = set()

    def block_user(self, blocker_id: str, blocked_id: str, now: datetime) -> None:
        self._reach("block_user")
        with self._lock:
            self._blocks.add((blocker_id, blocked_id))
            self._mark(blocker_id, blocked_id, lambda marks: marks | {blocker_id})

    def unblock_user(self, blocker_id: str, blocked_id: str, now: datetime) -> None:
        self._reach("unblock_user")
        with self._lock:
            self._blocks.discard((blocker_id, blocked_id))
            self._mark(blocker_id, blocked_id, lambda marks: marks - {blocker_id})

    def find_blockers(self, one_user_id: str, other_user_id: str) -> frozenset[str]:
        self._reach("find_blockers")
        with self._lock:
            pairs = (one_user_id, other_user_id), (other_user_id, one_user_id)
            return frozenset(pair[0] for pair in pairs if pair in self._blocks)

    def list_blocks(self, blocker_id: str, *, after: str | None, limit: int) -> list[str]:
        self._reach("list_blocks")
        with self._lock:
            blocked = sorted(blocked for blocker, blocked in self._blocks if blocker == blocker_id)
        return [user_id for user_id in blocked if after is None or user_id > after][:limit]

    def forget_blocks(self, user_id: str) -> None:
        self._reach("forget_blocks")
        with self._lock:
            self._blocks = {pair for pair in self._blocks if user_id not in pair}

    def _mark(self, one: str, other: str, change: Callable[[frozenset[str]], frozenset[str]]) -> None:
        for key in ((derive_direct_id(one, other), user_id) for user_id in (one, other)):
            known = self._database.memberships.get(key)
            if known is not None:
                marks = change(frozenset(known.blocked_by))
                self._database.memberships[key] = replace(known, blocked_by=tuple(sorted(marks)))


class FakeSessionStore(Outside):
    """Sessions by id; they lapse by the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._sessions: dict[str, Session] = {}

    def insert_session(self, session: Session) -> None:
        self._reach("insert_session")
        with self._lock:
            self._sessions[session.session_id] = session

    def find_session(self, session_id: str) -> Session | None:
        self._reach("find_session")
        with self._lock:
            session = self._sessions.get(session_id)
        return session if session is not None and session.expires_at > self._clock.now() else None

    def list_sessions(self, user_id: str, *, before: tuple[datetime, str] | None, limit: int) -> list[Session]:
        self._reach("list_sessions")
        now = self._clock.now()
        with self._lock:
            own = [one for one in self._sessions.values() if one.user_id == user_id and one.expires_at > now]
        own.sort(key=lambda session: (session.created_at, session.session_id), reverse=True)
        return [one for one in own if before is None or (one.created_at, one.session_id) < before][:limit]

    def rotate_session(self, session: Session, *, expected_hash: str) -> bool:
        self._reach("rotate_session")
        with self._lock:
            known = self._sessions.get(session.session_id)
            if known is None or known.refresh_token_hash != expected_hash or known.expires_at <= self._clock.now():
                return False
            self._sessions[session.session_id] = session
            return True

    def end_session(self, session_id: str) -> bool:
        self._reach("end_session")
        with self._lock:
            return self._sessions.pop(session_id, None) is not None

    def end_sessions(self, user_id: str, *, keep: str | None = None) -> None:
        self._reach("end_sessions")
        with self._lock:
            for session in list(self._sessions.values()):
                if session.user_id == user_id and session.session_id != keep:
                    del self._sessions[session.session_id]
