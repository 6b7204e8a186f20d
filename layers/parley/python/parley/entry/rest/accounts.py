"""Accounts and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode
from zlib import crc32

from fastapi import Query, Response

from parley.domain.limits import WS_TICKET_TTL_S
from parley.domain.rates import BucketName
from parley.entry.rest.routes import Address, Caller, Route, Services, SessionId, answer, no_content
from parley.protocol.bodies import (
    ChangePasswordBody,
    LoginBody,
    Page,
    PageQuery,
    RefreshBody,
    RegisterBody,
    SessionObject,
    SignInAnswer,
    TicketAnswer,
    TokensAnswer,
    encode_session,
)
from parley.protocol.cursors import SessionCursor, decode_cursor, encode_cursor
from parley.protocol.objects import encode_profile

if TYPE_CHECKING:
    from parley.services.accounts import SignIn


async def register(services: Services, body: RegisterBody) -> Response:
    """Makes an account and signs its first device in. Usernames and emails are compared without case."""
    signed_in = services.accounts.register(
        username=body.username, email=body.email, password=body.password, display_name=body.display_name
    )
    return answer(_encode_sign_in(signed_in), 201)


async def login(services: Services, body: LoginBody, address: Address) -> Response:
    """Signs a device in. A login that does not exist gets the same answer as a wrong password."""
    signed_in = services.accounts.login(
        login=body.login, password=body.password, device_name=body.device_name, address=address
    )
    return answer(_encode_sign_in(signed_in))


async def refresh(services: Services, body: RefreshBody) -> Response:
    """Exchanges a refresh token for the next one and an access token.

    The same token again within 10 s gets the same answer. Later it ends the whole session: two must have it.
    """
    tokens = services.sessions.refresh(body.refresh_token)
    return answer(
        TokensAnswer(access_token=tokens.access_token, refresh_token=tokens.refresh_token, expires_in=tokens.expires_in)
    )


async def logout(services: Services, caller: Caller) -> Response:
    """Ends the session: its refresh token at once, its access tokens within 5 s; its sockets are closed."""
    services.sessions.logout(caller)
    return no_content()


async def logout_all(services: Services, caller: Caller) -> Response:
    """Ends all sessions of the caller, this one too."""
    services.sessions.logout_all(caller)
    return no_content()


async def list_sessions(services: Services, caller: Caller, query: Annotated[PageQuery, Query()]) -> Response:
    """The devices that the caller is signed in on, the latest first."""
    before = decode_cursor(SessionCursor, query.cursor).key if query.cursor is not None else None
    sessions = services.sessions.list_sessions(caller, before=before, limit=query.limit)
    next_cursor = None
    if len(sessions) == query.limit:
        last = sessions[-1]
        next_cursor = encode_cursor(SessionCursor(created_at=last.created_at, session_id=last.session_id))
    items = [encode_session(session, caller) for session in sessions]
    return answer(Page[SessionObject](items=items, next_cursor=next_cursor))


async def end_session(services: Services, caller: Caller, session_id: SessionId) -> Response:
    """Signs one of the caller's devices out, as logout does."""
    services.sessions.end_session(caller, session_id)
    return no_content()


async def change_password(services: Services, caller: Caller, body: ChangePasswordBody) -> Response:
    """Changes the password and ends the caller's other sessions. `forbidden`: the current password is another one."""
    services.accounts.change_password(caller, current_password=body.current_password, new_password=body.new_password)
    return no_content()


async def issue_ws_ticket(services: Services, caller: Caller) -> Response:
    """A ticket that opens one WebSocket within 30 s, and the address that carries it.

    `rate_limited`: many are connecting. Retry-After is the caller's turn: a ticket is kept for them from then for 30 s.
    """
    services.rate_limits.check_turn("connect", caller.session_id)
    ticket = services.accounts.issue_ws_ticket(caller)
    url = f"{_cell_of(services.ws_url, caller.user_id)}?{urlencode({'ticket': ticket})}"
    return answer(TicketAnswer(ticket=ticket, url=url, expires_in=WS_TICKET_TTL_S), 201)


def _cell_of(addresses: str, user_id: str) -> str:
    """A user's WebSocket API among several, parted by blanks: always the same one, so a cell's users are its own."""
    cells = addresses.split()
    return cells[crc32(user_id.encode()) % len(cells)]


def _encode_sign_in(signed_in: SignIn) -> SignInAnswer:
    return SignInAnswer(
        user=encode_profile(signed_in.user),
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        expires_in=signed_in.expires_in,
    )


_TAG = "Accounts"
_SESSIONS = "/api/auth/sessions"
_PASSWORD: tuple[BucketName, ...] = ("login_account",)

ROUTES = (
    Route("POST", "/api/auth/register", register, _TAG, 201, SignInAnswer, ("conflict",), is_open=True),
    Route(
        "POST",
        "/api/auth/login",
        login,
        _TAG,
        200,
        SignInAnswer,
        ("bad_credentials",),
        is_open=True,
        bucket=None,
        own_buckets=("login_account", "login_address"),
    ),
    Route("POST", "/api/auth/refresh", refresh, _TAG, 200, TokensAnswer, ("unauthorized",), is_open=True),
    Route("POST", "/api/auth/logout", logout, _TAG, 204, None),
    Route("POST", "/api/auth/logout-all", logout_all, _TAG, 204, None),
    Route("GET", _SESSIONS, list_sessions, _TAG, 200, Page[SessionObject]),
    Route("DELETE", f"{_SESSIONS}/{{sessionId}}", end_session, _TAG, 204, None, ("not_found",)),
    Route("PUT", "/api/auth/password", change_password, _TAG, 204, None, ("forbidden",), own_buckets=_PASSWORD),
    Route("POST", "/api/auth/ws-ticket", issue_ws_ticket, _TAG, 201, TicketAnswer, own_buckets=("connect",)),
)
