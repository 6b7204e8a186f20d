"""The WebSocket API's functions: connect, disconnect, and frames.

A frame that carries a requestId gets exactly one answer; one without gets errors only. Whatever goes wrong with a
frame is told in a frame: the function itself does not fail, and the socket goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from parley.domain.errors import InvalidRequestError, ParleyError, UnauthorizedError
from parley.domain.models import Connection, Identity
from parley.domain.times import from_epoch_ms
from parley.observability import begin_invocation, log_unexpected
from parley.protocol.decoding import decode_json
from parley.protocol.errors import InternalError, field_problems, make_error_data, socket_code
from parley.protocol.frames import Answer, Frame, NoData, PongData, Refusal, SendBatch, SendResults
from parley.protocol.messages import SendAnswer, SendBody, encode_accepted

if TYPE_CHECKING:
    from parley.ports import Clock
    from parley.services.chat import Chat
    from parley.services.sockets import Sockets

Event = Mapping[str, Any]
Handler = Callable[[Any, Any], dict[str, Any]]
Reply = tuple[str, SendAnswer | SendResults | PongData]

_log = logging.getLogger(__name__)
ModelT = TypeVar("ModelT", bound=BaseModel)


class FrameServices(Protocol):
    """What the actions use."""

    @property
    def chat(self) -> Chat: ...

    @property
    def clock(self) -> Clock: ...


class SocketServices(Protocol):
    """What opening and closing use."""

    @property
    def sockets(self) -> Sockets: ...

    @property
    def push_endpoint(self) -> str: ...


def connect_handler(services: SocketServices) -> Handler:
    """Handles `$connect`: registers the socket, or refuses the upgrade with 401, 503 or 500."""

    def handle(event: Event, context: Any) -> dict[str, Any]:
        request = event["requestContext"]
        begin_invocation(context, connection_id=request["connectionId"])
        try:
            services.sockets.connect(_connection_of(request, services.push_endpoint))
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
            services.sockets.disconnect(_identity_of(request).user_id, request["connectionId"])
        except ParleyError as error:
            _log.warning("a connection was not forgotten", extra={"code": error.code})
        except Exception as error:  # noqa: BLE001  # the edge
            log_unexpected(_log, "a connection was not forgotten", error)
        return {"statusCode": 200}

    return handle


def frame_handler(services: FrameServices) -> Handler:
    """Handles frames, whichever route brought them: the frame's own action decides.

    The routes must have a response: the body that is returned is the frame's answer.
    """
    actions = _Actions(services)

    def handle(event: Event, context: Any) -> dict[str, Any]:
        request = event["requestContext"]
        begin_invocation(context, connection_id=request["connectionId"], request_id=request.get("requestId"))
        answer = _answer_frame(actions, request, event.get("body") or "")
        return {"statusCode": 200} if answer is None else {"statusCode": 200, "body": answer.to_json().decode()}

    return handle


class _Actions:
    """What each action does, by its name and its older one."""

    def __init__(self, services: FrameServices) -> None:
        self._services = services
        self._by_name: dict[str, Callable[[Identity, Any], Reply]] = {
            "send": self.send,
            "chat:send": self.send,
            "ping": self.ping,
        }

    def run(self, identity: Identity, frame: Frame) -> Reply:
        action = self._by_name.get(frame.action)
        if action is None:
            raise InvalidRequestError("There is no such action.")
        return action(identity, frame.data)

    def send(self, identity: Identity, data: Any) -> Reply:
        if isinstance(data, dict) and "messages" in data:
            bodies = _read(SendBatch, data).messages
            outcomes = self._services.chat.send_messages(identity, [body.to_draft() for body in bodies])
            results = [
                Refusal(client_message_id=body.client_message_id, code=socket_code(outcome))
                if isinstance(outcome, ParleyError)
                else encode_accepted(outcome)
                for body, outcome in zip(bodies, outcomes, strict=True)
            ]
            return "chat:send:ack", SendResults(results=results)
        draft = _read(SendBody, data).to_draft()
        return "chat:send:ack", encode_accepted(self._services.chat.send_message(identity, draft))

    def ping(self, identity: Identity, data: Any) -> Reply:  # noqa: ARG002  # every action is called alike
        _read(NoData, {} if data is None else data)
        return "pong", PongData(server_time=self._services.clock.now())


def _answer_frame(actions: _Actions, request: Event, body: str) -> Answer | None:
    """The answer that a frame gets, or None for one that asked for none and went well."""
    request_id: str | None = None
    try:
        frame_data = decode_json(body)
        request_id = _request_id_of(frame_data)
        frame = _read_frame(frame_data)
        event, data = actions.run(_identity_of(request), frame)
    except ParleyError as error:
        if error.status >= 500:
            _log.warning("a frame was refused", extra={"code": error.code})
        return Answer(event="error", request_id=request_id, data=make_error_data(error))
    except Exception as error:  # noqa: BLE001  # the edge: the client hears of it, and the socket goes on
        log_unexpected(_log, "a frame failed", error)
        return Answer(event="error", request_id=request_id, data=make_error_data(InternalError()))
    return None if request_id is None else Answer(event=event, request_id=request_id, data=data)


def _request_id_of(frame_data: Any) -> str | None:
    """The requestId, where it can be read and is good, so that even the refusal of the rest bears it."""
    request_id = frame_data.get("requestId") if isinstance(frame_data, dict) else None
    return request_id if isinstance(request_id, str) and 1 <= len(request_id) <= 64 else None


def _read_frame(frame_data: Any) -> Frame:
    return _read(Frame, frame_data, "This is no frame.")


def _read(kind: type[ModelT], data: Any, detail: str = "The data is not valid.") -> ModelT:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise InvalidRequestError(detail, field_problems(error.errors(include_input=False))) from None


def _identity_of(request: Event) -> Identity:
    """Who opened the socket, as the authorizer said."""
    authorizer = request.get("authorizer") or {}
    user_id, session_id = authorizer.get("userId"), authorizer.get("sessionId")
    if not isinstance(user_id, str) or not isinstance(session_id, str):
        raise UnauthorizedError("The socket is nobody's.")
    return Identity(user_id, session_id)


def _connection_of(request: Event, endpoint: str) -> Connection:
    identity = _identity_of(request)
    return Connection(
        connection_id=request["connectionId"],
        user_id=identity.user_id,
        session_id=identity.session_id,
        endpoint=endpoint.format(domainName=request["domainName"], stage=request["stage"]),
        connected_at=from_epoch_ms(request["connectedAt"]),
    )
