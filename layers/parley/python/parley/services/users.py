"""Users as others see them: finding them, one's own profile, and who is blocked."""

from __future__ import annotations

from parley.domain import ids, text
from parley.domain.errors import FieldProblem, InvalidRequestError, UnauthorizedError
from parley.domain.limits import SEARCH_USERS_MAX_CHARS, SEARCH_USERS_MIN_CHARS
from parley.domain.models import Identity, ProfileChanges, Unchanged, User
from parley.domain.search import fold_text
from parley.ports import BlockStore, Clock, UserStore
from parley.services.access import not_found
from parley.services.paging import check_page_limit


class Users:
    """Profiles and blocks."""

    def __init__(self, *, users: UserStore, blocks: BlockStore, clock: Clock) -> None:
        self._users = users
        self._blocks = blocks
        self._clock = clock

    def find_user(self, user_id: str) -> User:
        """Anybody's profile.

        Raises:
            NotFoundError: there is no such user.
        """
        user = self._users.find_users((user_id,)).get(user_id) if ids.is_id(user_id) else None
        if user is None:
            raise not_found()
        return user

    def search_users(self, query: str, *, after: str | None = None, limit: int) -> list[User]:
        """Users whose username, or display name from some word on, begins with this, by username.

        Case, accents and doubled spaces make no difference.

        Args:
            query: 2 to 100 characters.
            after: the username of the last one already had.
            limit: 1 to 100.

        Raises:
            InvalidRequestError: the query is too short or too long, or the limit out of bounds.
        """
        check_page_limit(limit)
        prefix = "" if text.check_plain(query) else fold_text(query)
        if not SEARCH_USERS_MIN_CHARS <= len(prefix) <= SEARCH_USERS_MAX_CHARS:
            problem = FieldProblem("q", f"It must be {SEARCH_USERS_MIN_CHARS} to {SEARCH_USERS_MAX_CHARS} characters.")
            raise InvalidRequestError("Nobody can be searched for by this.", [problem])
        return self._users.search_users(prefix, after=after, limit=limit)

    def update_user(self, identity: Identity, changes: ProfileChanges) -> User:
        """Changes the caller's own profile.

        Raises:
            InvalidRequestError: with every field that breaks its rule.
            UnauthorizedError: the account is no more.
        """
        check_profile(changes)
        user = self._users.update_user(identity.user_id, changes)
        if user is None:
            raise UnauthorizedError("The account is no more.")
        return user

    def block_user(self, identity: Identity, user_id: str) -> None:
        """Blocks a user: neither of the two can write to their direct conversation. Idempotent.

        Raises:
            InvalidRequestError: it is the caller.
            NotFoundError: there is no such user.
        """
        if user_id == identity.user_id:
            raise InvalidRequestError("Nobody can block themselves.", [FieldProblem("userId", "It is your own id.")])
        self.find_user(user_id)
        self._blocks.block_user(identity.user_id, user_id, self._clock.now())

    def unblock_user(self, identity: Identity, user_id: str) -> None:
        """Takes a block back, also of somebody who is no more. Idempotent."""
        if ids.is_id(user_id) and user_id != identity.user_id:
            self._blocks.unblock_user(identity.user_id, user_id, self._clock.now())

    def list_blocks(self, identity: Identity, *, after: str | None = None, limit: int) -> tuple[list[User], str | None]:
        """Whom the caller has blocked, by user id; those whose account is no more are left out.

        Args:
            after: the user id of the last one already had.
            limit: 1 to 100.

        Returns:
            The users, and after which id the list goes on: None at its end.

        Raises:
            InvalidRequestError: the limit is out of bounds.
        """
        check_page_limit(limit)
        blocked = self._blocks.list_blocks(identity.user_id, after=after, limit=limit)
        users = self._users.find_users(blocked) if blocked else {}
        found = [users[user_id] for user_id in blocked if user_id in users]
        return found, blocked[-1] if len(blocked) == limit else None


def check_profile(changes: ProfileChanges) -> None:
    """Whether a profile may be changed so.

    Raises:
        InvalidRequestError: with every field that breaks its rule.
    """
    findings: dict[str, str | None] = {}
    if not isinstance(changes.display_name, Unchanged):
        findings["displayName"] = text.check_display_name(changes.display_name)
    if isinstance(changes.avatar_url, str):
        findings["avatarUrl"] = text.check_url(changes.avatar_url)
    if isinstance(changes.about, str):
        findings["about"] = text.check_about(changes.about)
    problems = [FieldProblem(field, problem) for field, problem in findings.items() if problem]
    if problems:
        raise InvalidRequestError("The profile cannot be changed so.", problems)
