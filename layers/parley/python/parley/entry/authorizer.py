"""Decides who may open a WebSocket: by a ticket in the query, or by a bearer token in a header.

What it puts into the policy's context comes back in every later event of the socket, so no frame needs a look-up.
The answer's form: AWS, "Create an API Gateway Lambda authorizer" and "Control access to WebSocket APIs with AWS Lambda
REQUEST authorizers".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from parley.domain.errors import UnauthorizedError, UnavailableError
from parley.observability import begin_invocation, log_unexpected

if TYPE_CHECKING:
    from parley.domain.models import Identity
    from parley.services.authentication import Authentication

_log = logging.getLogger(__name__)


class AuthorizerServices(Protocol):
    """What it uses."""

    @property
    def authentication(self) -> Authentication: ...


def authorizer_handler(services: AuthorizerServices) -> Callable[[Any, Any], dict[str, Any]]:
    """Answers a REQUEST authorizer event.

    Raises:
        Exception: `Unauthorized`, which the gateway turns into a 401; `Unavailable`, which it turns into a 500.
    """

    def handle(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        request = event["requestContext"]
        begin_invocation(context, connection_id=request.get("connectionId"), request_id=request.get("requestId"))
        try:
            identity = services.authentication.authorize_connection(
                ticket=(event.get("queryStringParameters") or {}).get("ticket"),
                access_token=read_bearer(event.get("headers") or {}),
            )
        except UnauthorizedError:
            # The gateway knows this one text: any other, or another word in it, would make a 500 of it.
            raise Exception("Unauthorized") from None
        except UnavailableError as error:
            _log.warning("a connection could not be authorized now", extra={"code": error.code})
            raise RuntimeError("Unavailable") from None
        except Exception as error:  # noqa: BLE001  # the edge: whatever it is, nobody is let through
            log_unexpected(_log, "a connection could not be authorized", error)
            raise RuntimeError("Unavailable") from None
        return _allow(identity, event["methodArn"])

    return handle


def read_bearer(headers: Mapping[str, str]) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750, 2.1), whatever the case of its name and scheme."""
    for name, value in headers.items():
        if name.lower() == "authorization":
            scheme, _, token = value.partition(" ")
            return token.strip() if scheme.lower() == "bearer" else None
    return None


def _allow(identity: Identity, arn: str) -> dict[str, Any]:
    return {
        "principalId": identity.user_id,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": arn}],
        },
        "context": {"userId": identity.user_id, "sessionId": identity.session_id},
    }
