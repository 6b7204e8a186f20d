"""Everything that the status page and `make status` show, as one JSON object."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.manifest import (
    AuthorizerTrigger,
    DeployTrigger,
    Function,
    HttpTrigger,
    KafkaTrigger,
    Manifest,
    ScheduleTrigger,
    Trigger,
    WebSocketTrigger,
)
from local.control.history import FunctionTotals, History
from local.control.unread import UnreadCounts
from local.engines.engine import Engine
from local.runtime import Runtime

if TYPE_CHECKING:
    from local.gateway import Gateway

CONNECTIONS = 50


@dataclass(frozen=True, slots=True)
class Parts:
    """The running parts that are looked at; `addresses` come from a call, as they are known only in the end, and have
    no secret in them."""

    manifest: Manifest
    engines: Sequence[Engine]
    runtime: Runtime
    gateways: Sequence[Gateway]
    history: History
    unread: UnreadCounts
    addresses: Callable[[], Mapping[str, str]]


class State:
    """Takes snapshots. Each is made of what is in memory: cheap, and never waiting."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def snapshot(self) -> dict[str, Any]:
        """All of it. No secret is in it, and no body of a message or event."""
        parts = self._parts
        return {
            "project": parts.manifest.name,
            "now": time.time(),
            "uptimeS": time.time() - parts.history.started_at,
            "addresses": dict(parts.addresses()),
            "engines": [self._engine(engine) for engine in parts.engines],
            "functions": [self._function(function) for function in parts.manifest.functions.values()],
            "gateways": [self._gateway(gateway) for gateway in parts.gateways],
            "opened": parts.history.opened,
            "posts": {str(status): count for status, count in sorted(parts.history.posts.items())},
            "invocations": list(reversed(parts.history.invocations)),
            "sources": self._sources(),
            "unread": [{"topic": topic, "records": count} for topic, count in parts.unread.latest().items()],
            "strikes": list(reversed(parts.history.faults)),
        }

    def logs(self, function: str, *, after: int = 0, request_id: str = "") -> list[dict[str, Any]]:
        """The last lines that a function printed: those after a number, of one invocation or of all.

        Raises:
            KeyError: no such function.
        """
        return [
            {"number": line.number, "at": line.at, "requestId": line.request_id, "text": line.text}
            for line in self._parts.runtime.logs(function)
            if line.number > after and request_id in ("", line.request_id)
        ]

    def _engine(self, engine: Engine) -> dict[str, Any]:
        state, detail = self._parts.history.engines.get(engine.name, ("stopped", ""))
        return {
            "name": engine.name,
            "title": engine.title,
            "address": engine.address,
            "state": state,
            "detail": detail,
            "pid": engine.pid,
        }

    def _function(self, function: Function) -> dict[str, Any]:
        totals = self._parts.history.functions.get(function.name, FunctionTotals())
        return {
            "name": function.name,
            "description": function.description,
            "triggers": [_words_of(trigger) for trigger in function.triggers],
            "memoryMb": function.memory_mb,
            "timeoutS": function.timeout_s,
            "outcomes": dict(totals.outcomes),
            "cold": totals.cold,
            "averageMs": round(totals.total_ms / totals.ran, 1) if totals.ran else None,
            "environments": [
                {
                    "pid": status.pid,
                    "state": "frozen" if status.frozen else status.state,
                    "invocations": status.invocations,
                    "ageS": round(status.age, 1),
                    "memoryMb": round(status.memory_mb, 1),
                }
                for status in self._parts.runtime.environments(function.name)
            ],
        }

    def _gateway(self, gateway: Gateway) -> dict[str, Any]:
        connections = gateway.connections()
        return {
            "domain": gateway.domain,
            "open": gateway.open_connections,
            "connections": [
                {
                    "id": connection.peer.connection_id,
                    "sourceIp": connection.peer.source_ip,
                    "userAgent": connection.peer.user_agent,
                    "connectedAt": connection.peer.connected_at_ms / 1000,
                    "lastActiveAt": connection.last_active_ms / 1000,
                    "inFlight": connection.in_flight,
                }
                for connection in connections[-CONNECTIONS:]
            ],
        }

    def _sources(self) -> list[dict[str, Any]]:
        return [
            {
                "function": function,
                "topic": topic,
                "batches": totals.batches,
                "records": totals.records,
                "outcome": totals.outcome,
                "lag": sum(totals.lags.values()),
                "lags": {str(partition): lag for partition, lag in sorted(totals.lags.items()) if lag},
            }
            for (function, topic), totals in sorted(self._parts.history.sources.items())
        ]


def _words_of(trigger: Trigger) -> str:
    match trigger:
        case HttpTrigger(routes=routes):
            return ", ".join(routes)
        case WebSocketTrigger(routes=routes):
            return f"WebSocket {', '.join(routes)}"
        case AuthorizerTrigger():
            return "WebSocket authorizer"
        case KafkaTrigger(topic=topic, batch_size=size):
            return f"{topic}, up to {size}"
        case ScheduleTrigger():
            return trigger.words
        case DeployTrigger():
            return "deploy"
