"""The HTTP API: routes a request to its function and turns what comes back into the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.gateway.cors import CorsPolicy
from local.gateway.http_answers import MalformedAnswerError, http_answer
from local.gateway.http_events import ApiIdentity, http_event
from local.gateway.http_message import HttpRequest, HttpResponse, message_response
from local.gateway.identifiers import new_id
from local.gateway.invoking import Calls, RuntimeFailedError
from local.gateway.routes import RouteMatch, RouteTable

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from local.observer import Observer


class HttpApi:
    """One HTTP API. `timeout_s` is the integration's: an answer that takes longer is a 503, and is lost."""

    def __init__(
        self,
        routes: RouteTable,
        calls: Calls,
        *,
        identity: ApiIdentity,
        cors: CorsPolicy,
        timeout_s: float,
        observer: Observer,
    ) -> None:
        self._routes = routes
        self._calls = calls
        self._observer = observer
        self._identity = identity
        self._cors = cors
        self._timeout_s = timeout_s

    def handle(self, request: HttpRequest) -> HttpResponse | Coroutine[None, None, HttpResponse]:
        """The answer, at once where no function is needed for it."""
        preflight = self._cors.preflight(request)
        if preflight is not None:
            return preflight
        match = self._routes.find(request.method, request.path)
        if match is None:
            return self._finish(request, message_response(404, "Not Found"), new_id())
        return self._serve(request, match)

    async def _serve(self, request: HttpRequest, match: RouteMatch) -> HttpResponse:
        request_id = new_id()
        event = http_event(request, match, self._identity, request_id)
        return self._finish(request, await self._call(match.function, event), request_id)

    async def _call(self, function: str, event: bytes) -> HttpResponse:
        try:
            invocation = await self._calls.invoke(function, event, self._timeout_s)
        except RuntimeFailedError:
            return message_response(500, "Internal Server Error")
        # That a throttled function is a 503 is unverified; a client may try again either way.
        if invocation is None or invocation.outcome == "throttled":
            return message_response(503, "Service Unavailable")
        if invocation.outcome != "success":
            return message_response(500, "Internal Server Error")
        try:
            return http_answer(invocation.payload)
        except MalformedAnswerError as error:
            self._observer.log(function, f"The HTTP API cannot use what {function} returned: {error}.")
            return message_response(500, "Internal Server Error")

    def _finish(self, request: HttpRequest, response: HttpResponse, request_id: str) -> HttpResponse:
        marked = self._cors.mark(request, response)
        return HttpResponse(
            marked.status, marked.body, (*marked.headers, ("apigw-requestid", request_id)), marked.close
        )
