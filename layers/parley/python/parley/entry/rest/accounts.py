"""Accounts and sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zlib import crc32

from fastapi import Response

from parley.domain.limits import WS_TICKET_TTL_S
from parley.entry.rest.routes import Caller, Route, Services, answer
from parley.protocol.bodies import LoginBody, RegisterBody, SignInAnswer, TicketAnswer
from parley.protocol.objects import ProfileObject, encode_profile

if TYPE_CHECKING:
    from parley.services.accounts import SignIn


async def register(services: Services, body: RegisterBody) -> Response:
    """Makes an account and signs its first device in. Usernames and emails are compared without case."""
    signed_in = services.accounts.register(
        username=body.username, email=body.email, password=body.password, display_name=body.display_name
    )
    return answer(_encode_sign_in(signed_in), 201)


async def login(services: Services, body: LoginBody) -> Response:
    """Signs a device in. A login that does not exist gets the same answer as a wrong password."""
    signed_in = services.accounts.login(login=body.login, password=body.password, device_name=body.device_name)
    return answer(_encode_sign_in(signed_in))


async def issue_ws_ticket(services: Services, caller: Caller) -> Response:
    """A ticket that opens one WebSocket within 30 s, and the address that carries it."""
    ticket = services.accounts.issue_ws_ticket(caller)
    url = f"{_cell_of(services.ws_url, caller.user_id)}?{urlencode({'ticket': ticket})}"
    return answer(TicketAnswer(ticket=ticket, url=url, expires_in=WS_TICKET_TTL_S), 201)


async def get_me(services: Services, caller: Caller) -> Response:
    """The caller's own profile."""
    return answer(encode_profile(services.accounts.get_user(caller)))


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


ROUTES = (
    Route("POST", "/api/auth/register", register, "Accounts", 201, SignInAnswer, ("conflict",), is_open=True),
    Route("POST", "/api/auth/login", login, "Accounts", 200, SignInAnswer, ("bad_credentials",), is_open=True),
    Route("POST", "/api/auth/ws-ticket", issue_ws_ticket, "Accounts", 201, TicketAnswer),
    Route("GET", "/api/users/me", get_me, "Users", 200, ProfileObject),
)
