"""Users: one's own profile, other people, and blocks."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from parley.entry.rest.routes import Caller, Route, Services, UserId, answer, no_content
from parley.protocol.bodies import EraseAccountBody, Page, PageQuery, UpdateProfileBody, UserSearchQuery
from parley.protocol.cursors import MemberCursor, UserSearchCursor, decode_cursor, encode_cursor
from parley.protocol.objects import ProfileObject, UserObject, encode_profile, encode_user


async def get_me(services: Services, caller: Caller) -> Response:
    """The caller's own profile."""
    return answer(encode_profile(services.accounts.get_user(caller)))


async def update_me(services: Services, caller: Caller, body: UpdateProfileBody) -> Response:
    """Changes the caller's own profile; what is not named stays."""
    return answer(encode_profile(services.users.update_user(caller, body.to_changes())))


async def erase_me(services: Services, caller: Caller, body: EraseAccountBody) -> Response:
    """Erases the account.

    Its names are free at once, its sessions end, its memberships go. `forbidden`: wrong password.
    """
    services.erasure.erase_account(caller, body.password)
    return no_content()


async def search_users(services: Services, caller: Caller, query: Annotated[UserSearchQuery, Query()]) -> Response:  # noqa: ARG001  # who asks makes no difference
    """People by the beginning of their username or display name, from any of its words on."""
    after = decode_cursor(UserSearchCursor, query.cursor).username if query.cursor is not None else None
    users = services.users.search_users(query.q, after=after, limit=query.limit)
    next_cursor = encode_cursor(UserSearchCursor(username=users[-1].username)) if len(users) == query.limit else None
    return answer(Page[UserObject](items=[encode_user(user) for user in users], next_cursor=next_cursor))


async def list_blocks(services: Services, caller: Caller, query: Annotated[PageQuery, Query()]) -> Response:
    """Whom the caller has blocked."""
    after = decode_cursor(MemberCursor, query.cursor).user_id if query.cursor is not None else None
    users, last = services.users.list_blocks(caller, after=after, limit=query.limit)
    next_cursor = None if last is None else encode_cursor(MemberCursor(user_id=last))
    return answer(Page[UserObject](items=[encode_user(user) for user in users], next_cursor=next_cursor))


async def get_user(services: Services, caller: Caller, user_id: UserId) -> Response:  # noqa: ARG001  # anybody may
    """Somebody's profile."""
    return answer(encode_user(services.users.find_user(user_id)))


async def block_user(services: Services, caller: Caller, user_id: UserId) -> Response:
    """Blocks somebody: neither of the two can write to their direct conversation. A repeat is harmless."""
    services.users.block_user(caller, user_id)
    return no_content()


async def unblock_user(services: Services, caller: Caller, user_id: UserId) -> Response:
    """Takes a block back. A repeat is harmless."""
    services.users.unblock_user(caller, user_id)
    return no_content()


_TAG = "Users"
_ME = "/api/users/me"
_ONE = "/api/users/{userId}"

# Fixed paths come before the one that takes any id.
ROUTES = (
    Route("GET", _ME, get_me, _TAG, 200, ProfileObject),
    Route("PATCH", _ME, update_me, _TAG, 200, ProfileObject),
    Route("DELETE", _ME, erase_me, _TAG, 204, None, ("forbidden",), own_buckets=("login_account",)),
    Route("GET", "/api/users", search_users, _TAG, 200, Page[UserObject]),
    Route("GET", "/api/users/blocks", list_blocks, _TAG, 200, Page[UserObject]),
    Route("GET", _ONE, get_user, _TAG, 200, UserObject, ("not_found",)),
    Route("PUT", f"{_ONE}/block", block_user, _TAG, 204, None, ("not_found",)),
    Route("DELETE", f"{_ONE}/block", unblock_user, _TAG, 204, None, ("not_found",)),
)
