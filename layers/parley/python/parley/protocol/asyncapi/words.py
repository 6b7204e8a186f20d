"""What the AsyncAPI document says in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from parley.protocol.errors import SocketCode

ABOUT: Final = (
    "The WebSocket side of Parley. A client's frame is `{action, requestId?, data}`. One that carries a requestId gets "
    "exactly one answer that bears it; one without gets errors only. One event is `{event, data}`; where several wait "
    "for the same socket they may come as one frame that holds a JSON array of them.\n\n"
    "Delivery is at least once while the socket lives. A client drops what it has by `messageId` and `rev`; when it "
    "reconnects, when a jump in `rev` is not filled within 2 seconds, or when a pong says `missed`, it asks for sync "
    "and is whole again. How often a client pings bounds how long it lacks what a push did not bring. Unknown fields "
    "in a frame are refused; a client ignores fields and events that it does not know."
)

CONNECTING: Final = (
    "Connect to the `url` that POST /api/auth/ws-ticket gave, which carries a ticket of one use that is good for 30 "
    "seconds; or to the same address without a ticket and with an `Authorization: Bearer` header, where the client can "
    "send one. Anything else is refused with 401 or 403 before there is a socket. A socket lives for 2 hours at most "
    "and 10 minutes without a frame."
)

SECURITY: Final[Mapping[str, Any]] = {
    "ticket": {
        "type": "httpApiKey",
        "name": "ticket",
        "in": "query",
        "description": "A ticket of POST /api/auth/ws-ticket: single use, 30 seconds.",
    },
    "accessToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of the REST API, in the upgrade's Authorization header.",
    },
}

CLOSE_CODES: Final[Mapping[int, str]] = {
    1000: "The other side closed, or the server ended the session after `session:ended`.",
    1001: "Going away: 2 hours are over, or 10 minutes without a frame, or the server stops. Connect again.",
    1003: "A binary frame: only text is taken.",
    1006: "The connection was lost without a word. Connect again.",
    1007: "A text that is not UTF-8.",
    1009: "A frame over 32 KB or a message over 128 KB.",
}

ERROR_CODES: Final[Mapping[SocketCode, str]] = {
    "invalid_request": "The frame or its data breaks a rule; `errors` names the fields.",
    "unauthorized": "The socket's session is not good, or no longer.",
    "forbidden": "The caller may see the thing and not do this with it.",
    "blocked": "One of the two people of a direct conversation has blocked the other.",
    "not_found": "It does not exist, or is not the caller's to see.",
    "conflict": "The state of things does not allow it, such as an edit of a deleted message.",
    "rate_limited": "Too often; `retryAfter` seconds later it may go.",
    "too_large": "Over a limit in bytes.",
    "unavailable": "A part of the stack cannot be reached in time; nothing was promised, and it may be sent again.",
    "sync_token_invalid": "The sync token cannot be honoured: ask without one.",
    "internal": "Something went wrong on the server's side.",
}
