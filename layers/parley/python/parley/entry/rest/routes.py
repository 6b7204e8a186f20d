"""What a route is, and how its requests are checked before its endpoint sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from fastapi import Depends, Path, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from parley.domain.errors import FieldProblem, InvalidRequestError, NotFoundError, TooLargeError, UnauthorizedError
from parley.domain.ids import is_id
from parley.domain.limits import REST_BODY_MAX_BYTES
from parley.domain.models import Attachment, Identity
from parley.domain.rates import BucketName
from parley.entry.authorizer import read_bearer
from parley.entry.rest.problems import UnsupportedMediaTypeError
from parley.protocol.base import Outbound
from parley.protocol.decoding import decode_json
from parley.services.rate_limits import check_grant

if TYPE_CHECKING:
    from parley.ports import Clock
    from parley.services.accounts import Accounts
    from parley.services.attachments import Attachments
    from parley.services.authentication import Authentication
    from parley.services.chat import Chat
    from parley.services.conversations import Conversations
    from parley.services.editing import Editing
    from parley.services.erasure import Erasure
    from parley.services.groups import Groups
    from parley.services.health import Health
    from parley.services.messages import Messages
    from parley.services.presence import PresenceTracking
    from parley.services.rate_limits import RateLimits
    from parley.services.receipts import Receipts
    from parley.services.sessions import Sessions
    from parley.services.syncing import Sync
    from parley.services.tracing import Traces
    from parley.services.users import Users

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class RestServices(Protocol):
    """What the endpoints use; each is made when it is first asked for."""

    @property
    def edge_key(self) -> str: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def erasure(self) -> Erasure: ...

    @property
    def groups(self) -> Groups: ...

    @property
    def users(self) -> Users: ...

    @property
    def rate_limits(self) -> RateLimits: ...

    @property
    def authentication(self) -> Authentication: ...

    @property
    def conversations(self) -> Conversations: ...

    @property
    def chat(self) -> Chat: ...

    @property
    def editing(self) -> Editing: ...

    @property
    def messages(self) -> Messages: ...

    @property
    def traces(self) -> Traces: ...

    @property
    def receipts(self) -> Receipts: ...

    @property
    def syncing(self) -> Sync: ...

    @property
    def presence(self) -> PresenceTracking: ...

    @property
    def health(self) -> Health: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ws_url(self) -> str: ...

    @property
    def attachments(self) -> Attachments: ...

    def attachment_url(self, attachment: Attachment) -> str: ...


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API; `errors` are the codes that it can answer with beyond those that every route has."""

    method: str
    path: str
    endpoint: Callable[..., Coroutine[Any, Any, Response]]
    tag: str
    status: int
    answer: Any
    errors: Sequence[str] = ()
    is_open: bool = False
    other_statuses: Sequence[int] = ()
    bucket: BucketName | None = "write"
    """What a call takes a token of, where it changes something."""
    own_buckets: Sequence[BucketName] = ()
    """What its service takes tokens of."""

    @property
    def is_limited(self) -> bool:
        """Whether calls take tokens."""
        return self.method not in _SAFE_METHODS


def answer(model: Outbound, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(model.to_json(), status_code=status, media_type="application/json")


def no_content() -> Response:
    """It is done, and there is nothing to tell."""
    return Response(status_code=204)


def address_of(request: Request) -> str:
    """Where the request comes from, as API Gateway or the site's distribution saw it: no client can forge it."""
    return request.client.host if request.client else ""


# The framework runs plain functions in threads: these are coroutines to be called in place.
async def _get_caller(request: Request) -> Identity:
    identity: Identity = request.state.identity
    return identity


async def _get_services(request: Request) -> RestServices:
    services: RestServices = request.app.state.services
    return services


def _check_id(value: str) -> str:
    """What cannot be an id is told like an id that nobody has."""
    if not is_id(value):
        raise NotFoundError("")
    return value


async def _get_conversation_id(value: Annotated[str, Path(alias="conversationId")]) -> str:
    return _check_id(value)


async def _get_message_id(value: Annotated[str, Path(alias="messageId")]) -> str:
    return _check_id(value)


async def _get_session_id(value: Annotated[str, Path(alias="sessionId")]) -> str:
    return _check_id(value)


async def _get_user_id(value: Annotated[str, Path(alias="userId")]) -> str:
    return _check_id(value)


async def _get_address(request: Request) -> str:
    return address_of(request)


Address = Annotated[str, Depends(_get_address)]
Caller = Annotated[Identity, Depends(_get_caller)]
Services = Annotated[Any, Depends(_get_services)]
ConversationId = Annotated[str, Depends(_get_conversation_id)]
MessageId = Annotated[str, Depends(_get_message_id)]
SessionId = Annotated[str, Depends(_get_session_id)]
UserId = Annotated[str, Depends(_get_user_id)]


class CheckedRoute(APIRoute):
    """A route for anybody. Query and body are as strict as the frames on a socket are."""

    bucket: BucketName | None = None

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler, behind the checks; who may not call hears nothing of what else is wrong."""
        handle = super().get_route_handler()
        known = _query_names(self)

        async def check_and_handle(request: Request) -> Response:
            self.check_caller(request)
            self._take_token(request)
            _check_query(request, known)
            return await handle(await _read_body(request, has_body=self.body_field is not None))

        return check_and_handle

    def check_caller(self, request: Request) -> None:
        """Anybody may call."""

    def _take_token(self, request: Request) -> None:
        """Counts the call: against its caller, or the address that it comes from where nobody is signed in."""
        if self.bucket is None:
            return
        services: RestServices = request.app.state.services
        identity: Identity | None = getattr(request.state, "identity", None)
        grant = services.rate_limits.take(self.bucket, identity.user_id if identity else address_of(request))
        request.state.grant = grant
        check_grant(grant)


class SignedInRoute(CheckedRoute):
    """A route for those who are signed in."""

    def check_caller(self, request: Request) -> None:
        """Puts the caller's identity into the request's state."""
        token = read_bearer(request.headers)
        if token is None:
            raise UnauthorizedError("An access token is needed.")
        services: RestServices = request.app.state.services
        request.state.identity = services.authentication.authenticate(token)


class _DecodedRequest(Request):
    """A request whose JSON has been read already, by stricter rules than the framework's."""

    decoded: Any = None

    async def json(self) -> Any:
        return self.decoded


async def _read_body(request: Request, *, has_body: bool) -> Request:
    # A DELETE has a body only where its route takes one; elsewhere what comes along is left unread.
    if request.method in _SAFE_METHODS or (request.method == "DELETE" and not has_body):
        return request
    raw = await request.body()
    if len(raw) > REST_BODY_MAX_BYTES:
        raise TooLargeError(f"The body is over {REST_BODY_MAX_BYTES // 1024} KB.")
    if not raw:
        if has_body:
            raise InvalidRequestError("The request needs a body.")
        return request
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaTypeError("The body must be application/json.")
    decoded = decode_json(raw)
    if not has_body and decoded != {}:
        raise InvalidRequestError("The request takes no body.")
    checked = _DecodedRequest(request.scope, _replay(raw))
    checked.decoded = decoded
    return checked


def _replay(raw: bytes) -> Callable[[], Coroutine[Any, Any, dict[str, Any]]]:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    return receive


def _check_query(request: Request, known: frozenset[str]) -> None:
    counts = Counter(name for name, _ in request.query_params.multi_items())
    problems = [FieldProblem(name, "It comes twice.") for name in sorted(known) if counts[name] > 1]
    if counts.keys() - known:
        problems.append(FieldProblem("?", "A query parameter is not known here."))
    if problems:
        raise InvalidRequestError("The query is not valid.", problems)


def _query_names(route: APIRoute) -> frozenset[str]:
    names: set[str] = set()
    for field in route.dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names |= {info.alias or name for name, info in kind.model_fields.items()}
        else:
            names.add(field.alias)
    return frozenset(names)
