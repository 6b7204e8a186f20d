"""The WebSocket API's functions for sockets that open and close.

They are apart from those for frames, as they need none of the protocol's models, whose making is a tenth of a cold
start.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from parley.domain.errors import ParleyError, UnauthorizedError
from parley.domain.models import Connection, Identity
from parley.domain.times import from_epoch_ms
from parley.observability import begin_invocation, log_unexpected

if TYPE_CHECKING:
    from parley.services.presence import PresenceTracking
    from parley.services.rate_limits import RateLimits
    from parley.services.sockets import Sockets

Event = Mapping[str, Any]
Handler = Callable[[Any, Any], dict[str, Any]]

_log = logging.getLogger(__name__)


class SocketServices(Protocol):
    """What opening and closing use."""

    @property
    def sockets(self) -> Sockets: ...

    @property
    def presence(self) -> PresenceTracking: ...

    @property
    def rate_limits(self) -> RateLimits: ...

    @property
    def push_endpoint(self) -> str: ...


def connect_handler(services: SocketServices) -> Handler:
    """Handles `$connect`: registers the socket, or refuses the upgrade with 401, 429, 503 or 500."""

    def handle(event: Event, context: Any) -> dict[str, Any]:
        request = event["requestContext"]
        begin_invocation(context, connection_id=request["connectionId"])
        try:
            connection = connection_of(request, services.push_endpoint)
            if "ticket" not in (event.get("queryStringParameters") or {}):
                # A ticket was given out when it was its holder's turn; who comes by a token takes one here.
                services.rate_limits.check_turn("connect", connection.session_id)
            services.sockets.connect(connection)
            services.presence.note_opened(connection)
        except ParleyError as error:
            _log.warning("a connection was refused", extra={"code": error.code})
            return {"statusCode": error.status}
        except Exception as error:  # noqa: BLE001  # the edge: whatever it is, the upgrade is refused in order
            log_unexpected(_log, "a connection could not be registered", error)
            return {"statusCode": 500}
        return {"statusCode": 200}

    return handle


def disconnect_handler(services: SocketServices) -> Handler:
    """Handles `$disconnect`: forgets the socket. Nobody hears the answer, and the registry forgets by itself too."""

    def handle(event: Event, context: Any) -> dict[str, Any]:
        request = event["requestContext"]
        begin_invocation(context, connection_id=request["connectionId"])
        try:
            connection = connection_of(request, services.push_endpoint)
            services.sockets.disconnect(connection.user_id, connection.connection_id)
            services.presence.note_closed(connection)
        except ParleyError as error:
            _log.warning("a connection was not forgotten", extra={"code": error.code})
        except Exception as error:  # noqa: BLE001  # the edge
            log_unexpected(_log, "a connection was not forgotten", error)
        return {"statusCode": 200}

    return handle


def identity_of(request: Event) -> Identity:
    """Who opened the socket, as the authorizer said.

    Raises:
        UnauthorizedError: it said nothing.
    """
    authorizer = request.get("authorizer") or {}
    user_id, session_id = authorizer.get("userId"), authorizer.get("sessionId")
    if not isinstance(user_id, str) or not isinstance(session_id, str):
        raise UnauthorizedError("The socket is nobody's.")
    return Identity(user_id, session_id)


def connection_of(request: Event, endpoint: str) -> Connection:
    """The socket that an event came from; `endpoint` is the template of its gateway's @connections."""
    identity = identity_of(request)
    return Connection(
        connection_id=request["connectionId"],
        user_id=identity.user_id,
        session_id=identity.session_id,
        endpoint=endpoint.format(domainName=request["domainName"], stage=request["stage"]),
        connected_at=from_epoch_ms(request["connectedAt"]),
    )
