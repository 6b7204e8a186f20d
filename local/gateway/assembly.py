"""Makes the gateway's APIs out of a manifest and settings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeVar

from functions.manifest import AuthorizerTrigger, HttpTrigger, Manifest, WebSocketTrigger
from local.gateway.cors import CorsPolicy
from local.gateway.http_api import HttpApi
from local.gateway.http_events import ApiIdentity
from local.gateway.invoking import Calls
from local.gateway.management_api import ManagementApi
from local.gateway.rate_limit import RateLimit
from local.gateway.routes import RouteTable
from local.gateway.settings import GatewaySettings
from local.gateway.sigv4 import SignatureVerifier
from local.gateway.websocket_admission import Admission, AdmissionLimits, Authorizer
from local.gateway.websocket_api import WebSocketApi, WebSocketRates, WebSocketRoute
from local.gateway.websocket_connection import ConnectionLimits
from local.gateway.websocket_events import CONNECT, DISCONNECT, WebSocketEvents

if TYPE_CHECKING:
    from local.interference import Interference
    from local.observer import Observer

Trigger = TypeVar("Trigger", HttpTrigger, WebSocketTrigger, AuthorizerTrigger)


def build_http_api(
    manifest: Manifest, settings: GatewaySettings, domain: str, calls: Calls, observer: Observer
) -> HttpApi:
    """The HTTP API of a manifest; without http triggers it answers 404 to everything."""
    routes = ((route, function) for function, trigger in _triggers(manifest, HttpTrigger) for route in trigger.routes)
    return HttpApi(
        RouteTable(routes),
        calls,
        identity=ApiIdentity(settings.account_id, settings.http_api_id, domain),
        cors=CorsPolicy.of(manifest.http),
        timeout_s=settings.http_timeout_s,
        observer=observer,
    )


def build_websocket_api(
    manifest: Manifest,
    settings: GatewaySettings,
    domain: str,
    calls: Calls,
    *,
    observer: Observer,
    interference: Interference,
) -> WebSocketApi | None:
    """The WebSocket API of a manifest; None where it has no websocket trigger."""
    routes = {
        key: WebSocketRoute(function, trigger.response)
        for function, trigger in _triggers(manifest, WebSocketTrigger)
        for key in trigger.routes
    }
    if not routes:
        return None
    connect, disconnect = routes.pop(CONNECT, None), routes.pop(DISCONNECT, None)
    authorizers = [
        Authorizer(function, trigger.identity_sources) for function, trigger in _triggers(manifest, AuthorizerTrigger)
    ]
    identity = ApiIdentity(settings.account_id, settings.websocket_api_id, domain)
    events = WebSocketEvents(identity, settings.region, manifest.websocket.stage)
    admission = Admission(
        events,
        calls,
        authorizer=authorizers[0] if authorizers else None,
        connect_function=connect.function if connect else None,
        timeout_s=settings.websocket_timeout_s,
        limits=AdmissionLimits(settings.websocket_url_characters, settings.authorizer_result_bytes),
        observer=observer,
    )
    return WebSocketApi(
        routes,
        events=events,
        calls=calls,
        admission=admission,
        disconnect_function=disconnect.function if disconnect else None,
        limits=_limits(manifest, settings),
        rates=WebSocketRates(
            RateLimit(settings.connects_per_s, settings.connect_burst, time.monotonic),
            RateLimit(settings.requests_per_s, settings.request_burst, time.monotonic),
        ),
        timeout_s=settings.websocket_timeout_s,
        observer=observer,
        interference=interference,
    )


def build_management_api(
    manifest: Manifest,
    settings: GatewaySettings,
    websocket: WebSocketApi,
    observer: Observer,
    interference: Interference,
) -> ManagementApi:
    """@connections for the connections of a WebSocket API."""
    verifier = SignatureVerifier(
        settings.access_key_id,
        settings.secret_access_key,
        region=settings.region,
        service="execute-api",
        skew_s=settings.clock_skew_s,
    )
    return ManagementApi(
        manifest.websocket.stage,
        websocket.connections,
        verifier,
        rate=websocket.rates.requests,
        post_bytes=settings.post_bytes,
        observer=observer,
        interference=interference,
    )


def _limits(manifest: Manifest, settings: GatewaySettings) -> ConnectionLimits:
    idle_s, max_s = settings.idle_timeout_s, settings.max_duration_s
    return ConnectionLimits(
        frame_bytes=settings.frame_bytes,
        message_bytes=settings.message_bytes,
        idle_timeout_s=manifest.websocket.idle_timeout_s if idle_s is None else idle_s,
        max_duration_s=manifest.websocket.max_duration_s if max_s is None else max_s,
        outgoing_buffer_bytes=settings.outgoing_buffer_bytes,
        messages_in_flight=settings.messages_in_flight,
        close_timeout_s=settings.close_timeout_s,
    )


def _triggers(manifest: Manifest, kind: type[Trigger]) -> Iterator[tuple[str, Trigger]]:
    for function in manifest.functions.values():
        for trigger in function.triggers:
            if isinstance(trigger, kind):
                yield function.name, trigger
