"""Opening and closing a socket."""

from __future__ import annotations

from typing import Any

from parley.domain.models import Identity
from parley.entry import sockets
from tests.unit.entry.stack import Context, Stack, load_event


def connect_event(identity: Identity) -> dict[str, Any]:
    event = load_event("ws_connect")
    event["requestContext"]["authorizer"] = {"userId": identity.user_id, "sessionId": identity.session_id}
    return event


def test_connect_registers_the_socket_with_its_own_gateway(stack: Stack, ann: Identity) -> None:
    event = connect_event(ann)
    answer = sockets.connect_handler(stack)(event, Context())
    assert answer == {"statusCode": 200}
    (connection,) = stack.registry.find_connections([ann.user_id])[ann.user_id]
    assert connection.connection_id == event["requestContext"]["connectionId"]
    assert connection.endpoint == "https://f6g7h8i9j0.execute-api.eu-central-1.amazonaws.com/ws"
    assert connection.session_id == ann.session_id


def test_connect_refuses_ended_sessions_strangers_and_outages(stack: Stack, ann: Identity) -> None:
    handler = sockets.connect_handler(stack)
    nobody = load_event("ws_connect")
    del nobody["requestContext"]["authorizer"]
    assert handler(nobody, Context()) == {"statusCode": 401}
    stack.registry.reachable = False
    assert handler(connect_event(ann), Context()) == {"statusCode": 503}
    stack.registry.reachable = True
    stack.session_store.end_session(ann.session_id)
    assert handler(connect_event(ann), Context()) == {"statusCode": 401}
    assert stack.registry.find_connections([ann.user_id]) == {}


def test_disconnect_forgets_that_socket_and_may_come_twice(stack: Stack, ann: Identity) -> None:
    sockets.connect_handler(stack)(connect_event(ann), Context())
    stack.open_socket(ann, "another")
    event = load_event("ws_disconnect")
    event["requestContext"]["authorizer"] = {"userId": ann.user_id, "sessionId": ann.session_id}
    handler = sockets.disconnect_handler(stack)
    assert handler(event, Context()) == {"statusCode": 200}
    assert handler(event, Context()) == {"statusCode": 200}
    (left,) = stack.registry.find_connections([ann.user_id])[ann.user_id]
    assert left.connection_id == "another"
    stack.registry.reachable = False
    assert handler(event, Context()) == {"statusCode": 200}
