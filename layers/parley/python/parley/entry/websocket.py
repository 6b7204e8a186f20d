"""The WebSocket API's functions for frames.

A frame that carries a requestId gets exactly one answer; one without gets errors only. Whatever goes wrong with a
frame is told in a frame: the function itself does not fail, and the socket goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from parley.domain.errors import ParleyError
from parley.domain.models import Identity
from parley.entry.actions import PING, Actions, Call, FrameServices, read_data
from parley.entry.sockets import connection_of
from parley.observability import begin_invocation, log_unexpected
from parley.protocol.decoding import decode_json
from parley.protocol.errors import InternalError, make_error_data
from parley.protocol.frames import Answer, Frame

Event = Mapping[str, Any]
Handler = Callable[[Any, Any], dict[str, Any]]

_log = logging.getLogger(__name__)


class SocketFrameServices(FrameServices, Protocol):
    """What frames use."""

    @property
    def push_endpoint(self) -> str: ...


def frame_handler(services: SocketFrameServices) -> Handler:
    """Handles frames, whichever route brought them: the frame's own action decides.

    The routes must have a response: the body that is returned is the frame's answer.
    """
    actions = Actions(services)

    def handle(event: Event, context: Any) -> dict[str, Any]:
        request = event["requestContext"]
        begin_invocation(context, connection_id=request["connectionId"], request_id=request.get("requestId"))
        answer = _answer_frame(actions, request, services, event.get("body") or "")
        return {"statusCode": 200} if answer is None else {"statusCode": 200, "body": answer.to_json().decode()}

    return handle


def _answer_frame(actions: Actions, request: Event, services: SocketFrameServices, body: str) -> Answer | None:
    """The answer that a frame gets now; None for one that asked for none and went well, or that is answered later."""
    request_id: str | None = None
    try:
        frame_data = decode_json(body)
        request_id = _request_id_of(frame_data)
        frame = read_data(Frame, frame_data, "This is no frame.")
        connection = connection_of(request, services.push_endpoint)
        if frame.action != PING or request_id is None:  # a ping that is answered renews, and hears of what was missed
            services.renewal.renew(connection)
        call = Call(Identity(connection.user_id, connection.session_id), connection, request_id)
        reply = actions.run(frame.action, call, frame.data)
    except ParleyError as error:
        if error.status >= 500:
            _log.warning("a frame was refused", extra={"code": error.code})
        return Answer(event="error", request_id=request_id, data=make_error_data(error))
    except Exception as error:  # noqa: BLE001  # the edge: the client hears of it, and the socket goes on
        log_unexpected(_log, "a frame failed", error)
        return Answer(event="error", request_id=request_id, data=make_error_data(InternalError()))
    return None if request_id is None or reply is None else Answer(event=reply[0], request_id=request_id, data=reply[1])


def _request_id_of(frame_data: Any) -> str | None:
    """The requestId, where it can be read and is good, so that even the refusal of the rest bears it."""
    request_id = frame_data.get("requestId") if isinstance(frame_data, dict) else None
    return request_id if isinstance(request_id, str) and 1 <= len(request_id) <= 64 else None
