"""API Gateway on one port: the HTTP API, the WebSocket API with @connections, pages of the twin's own, and the
project's website, which a CDN would serve."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from functions.manifest import Manifest
from local.gateway.assembly import build_http_api, build_management_api, build_websocket_api
from local.gateway.http_api import HttpApi
from local.gateway.http_message import HttpRequest, HttpResponse, message_response
from local.gateway.http_protocol import HttpProtocol, HttpTimes, Outcome
from local.gateway.http_reader import HttpLimits
from local.gateway.invoking import Calls, Invoker
from local.gateway.live_set import LiveSet
from local.gateway.management_api import ManagementApi
from local.gateway.settings import GatewaySettings
from local.gateway.site import WebSite
from local.gateway.websocket_api import WebSocketApi
from local.gateway.websocket_connection import WebSocketConnection
from local.interference import Interference, NoInterference

if TYPE_CHECKING:
    from random import Random

    from local.observer import Observer

Page = Callable[[], tuple[str, bytes]]


class ControlPages(Protocol):
    """Pages of the twin's own that take more than a GET."""

    def serves(self, path: str) -> bool:
        """Whether a path is one of them."""

    def handle(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        """The answer, also to those who may not ask."""


class Gateway:
    """One endpoint of API Gateway. Several may run in one process: each knows its own connections only.

    Args:
        manifest: whose `http`, `websocket` and `websocket_authorizer` triggers are served.
        runtime: what invokes the functions.
        settings: names, key pair and limits.
        observer: is told every request, frame, connection and post.
        extra_routes: pages of the twin's own, by exact path (`/_local/metrics`): each returns a content type and a
            body, and is served to this machine only.
        control: more such pages, which decide by themselves whom they answer.
        interference: decides what goes wrong on purpose.
    """

    def __init__(
        self,
        manifest: Manifest,
        runtime: Invoker,
        *,
        settings: GatewaySettings,
        observer: Observer,
        extra_routes: Mapping[str, Page] | None = None,
        control: ControlPages | None = None,
        interference: Interference | None = None,
    ) -> None:
        self._manifest = manifest
        self._runtime = runtime
        self._settings = settings
        self._observer = observer
        self._pages = dict(extra_routes or {})
        self._control = control
        self._interference = interference or NoInterference()
        self._server: asyncio.Server | None = None
        self._domain = ""
        self._websocket: WebSocketApi | None = None

    async def start(self, host: str, port: int) -> int:
        """Listens, and returns the port: the given one, or a free one for 0.

        Raises:
            OSError: the address cannot be bound.
        """
        self._loop = asyncio.get_running_loop()
        self._sockets: LiveSet[HttpProtocol] = LiveSet()
        limits = HttpLimits(self._settings.header_bytes, self._settings.body_bytes)
        times = HttpTimes(self._settings.keep_alive_s, self._settings.request_timeout_s, self._settings.close_timeout_s)
        server = await self._loop.create_server(
            lambda: HttpProtocol(self, limits, times), host, port, backlog=4096, start_serving=False
        )
        bound: int = server.sockets[0].getsockname()[1]
        self._build(self._settings.public_host or f"localhost:{bound}")
        await server.start_serving()
        self._server = server
        return bound

    def _build(self, domain: str) -> None:
        self._domain = domain
        self._calls = Calls(self._runtime)
        self._http: HttpApi = build_http_api(self._manifest, self._settings, domain, self._calls, self._observer)
        self._websocket = build_websocket_api(
            self._manifest,
            self._settings,
            domain,
            self._calls,
            observer=self._observer,
            interference=self._interference,
        )
        self._management: ManagementApi | None = None
        if self._websocket is not None:
            self._management = build_management_api(
                self._manifest, self._settings, self._websocket, self._observer, self._interference
            )
        self._site = WebSite.of(self._manifest, reserved=("_local",))
        stage = f"/{self._manifest.websocket.stage}"
        self._websocket_paths = (stage, f"{stage}/")

    async def stop(self, grace_s: float = 5.0) -> None:
        """Stops accepting, closes WebSockets with 1001, lets running requests and `$disconnect` invocations end, and
        cuts off what has not ended after `grace_s` seconds. May be called again."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        deadline = self._loop.time() + grace_s
        for connection in self._sockets:
            connection.shut_down()
        if self._websocket is not None:
            await self._websocket.stop(min(grace_s, self._settings.close_timeout_s))
        await self._sockets.wait_empty(max(0.0, deadline - self._loop.time()))
        for connection in self._sockets:
            connection.abort()
        await self._calls.drain(max(0.0, deadline - self._loop.time()))
        await server.wait_closed()

    @property
    def open_connections(self) -> int:
        """How many WebSockets are open."""
        return len(self._websocket.connections) if self._websocket is not None else 0

    def drop_sockets(self, share: float, code: int, chance: Random) -> int:
        """Drops each WebSocket with a chance of `share`: with a close code, or for 0 without a word; how many."""
        return self._websocket.drop(share, code, chance) if self._websocket is not None else 0

    @property
    def domain(self) -> str:
        """The `host:port` that events name as `domainName`; "" before the start."""
        return self._domain

    def connections(self) -> list[WebSocketConnection]:
        """The WebSockets that are open, oldest first."""
        return list(self._websocket.connections.values()) if self._websocket is not None else []

    def handle(self, request: HttpRequest) -> Outcome | Awaitable[Outcome]:
        """Answers a request, or says what to wait for."""
        path = request.path
        if self._management is not None and self._management.serves(path):
            return self._management.handle(request)
        if self._websocket is not None and path in self._websocket_paths:
            return self._websocket.upgrade(request)
        page = self._pages.get(path)
        if page is not None:
            return _serve_page(page, request)
        if self._control is not None and self._control.serves(path):
            return self._control.handle(request)
        if self._site is not None and self._site.serves(path):
            return self._site.handle(request)
        return self._http.handle(request)

    def answered(self, request: HttpRequest, response: HttpResponse) -> None:
        """Tells the observer of an answer; posts are told by who serves them, the twin's own pages by nobody."""
        if self._control is not None and self._control.serves(request.path):
            return
        if request.method == "POST" and self._management is not None and self._management.serves(request.path):
            return
        ms = (self._loop.time() - request.received_at) * 1000
        self._observer.request(request.method, request.path, response.status, ms, len(response.body))

    def refused(self, response: HttpResponse) -> None:
        """Tells the observer of an answer to what was no request."""
        self._observer.request("-", "-", response.status, 0.0, len(response.body))

    def connected(self, connection: HttpProtocol) -> None:
        """Keeps an eye on a new connection."""
        self._sockets.add(connection)

    def disconnected(self, connection: HttpProtocol) -> None:
        """Forgets a connection that was closed or has become a WebSocket."""
        self._sockets.discard(connection)


def _serve_page(page: Page, request: HttpRequest) -> HttpResponse:
    if not ipaddress.ip_address(request.source_ip.partition("%")[0]).is_loopback:
        return message_response(403, "Forbidden")
    if request.method not in ("GET", "HEAD"):
        return message_response(405, "Method Not Allowed", ("allow", "GET, HEAD"))
    content_type, body = page()
    return HttpResponse(200, body, (("content-type", content_type),))
