"""Reads a function manifest: what runs, what triggers it, and what it may use.

Standard library only, and free of chat: the CDK and the local twin both build from the result, and the twin runs
the manifest of any other project. Mistakes are told with the place in the file, all at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from functions.cron import Cron, CronError
from functions.manifest_model import (
    PLACEHOLDER,
    AuthorizerTrigger,
    DeployTrigger,
    Function,
    HttpApi,
    HttpTrigger,
    KafkaTrigger,
    Manifest,
    ManifestError,
    Permissions,
    ScheduleTrigger,
    Site,
    StartingPosition,
    Topic,
    Trigger,
    WebSocketApi,
    WebSocketTrigger,
    buckets_of,
    fill,
)
from functions.manifest_table import Table

__all__ = [
    "PLACEHOLDER",
    "AuthorizerTrigger",
    "DeployTrigger",
    "Function",
    "HttpApi",
    "HttpTrigger",
    "KafkaTrigger",
    "Manifest",
    "ManifestError",
    "Permissions",
    "ScheduleTrigger",
    "Site",
    "StartingPosition",
    "Topic",
    "Trigger",
    "WebSocketApi",
    "WebSocketTrigger",
    "buckets_of",
    "fill",
    "load_manifest",
]

HTTP_METHODS = frozenset({"ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def load_manifest(path: Path) -> Manifest:
    """Reads and checks a manifest.

    Args:
        path: the TOML file; its parent's parent is the project's root, against which paths in it are resolved.

    Raises:
        ManifestError: the file is missing or not TOML, or something in it is unknown, of the wrong type, or out of
            bounds.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ManifestError(f"{path}: no such file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: {error}") from error
    reader = _Reader()
    manifest = reader.manifest(Table(raw, "", reader.mistakes), path.resolve().parent.parent)
    if reader.mistakes:
        raise ManifestError("\n".join(f"{path}: {mistake}" for mistake in reader.mistakes))
    return manifest


class _Reader:
    """Turns tables into the manifest's types; mistakes are gathered, so that one run tells all of them."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []

    def manifest(self, top: Table, root: Path) -> Manifest:
        project = top.table("project")
        name = project.take("name", str, "", required=True)
        layer = project.take("layer", str)
        project.end()
        shared = top.texts("environment")
        defaults = top.table("defaults")
        settings = {
            "dependencies": defaults.take("dependencies", str, ""),
            "memory_mb": defaults.number("memory_mb", 128, 128, 10_240),
            "timeout_s": defaults.number("timeout_s", 3, 1, 900),
        }
        defaults.end()
        http, websocket = self._http(top.table("http")), self._websocket(top.table("websocket"))
        topics = {topic: self._topic(topic, table) for topic, table in top.tables("topics")}
        functions = {
            function: self._function(function, table, root, shared, settings)
            for function, table in top.tables("functions")
        }
        site = self._site(root, top.table("site"))
        top.end()
        manifest = Manifest(root, name, root / layer if layer else None, http, websocket, topics, functions, site)
        self._check_whole(manifest)
        return manifest

    def _http(self, table: Table) -> HttpApi:
        api = HttpApi(
            cors_origins=table.names("cors_origins"),
            cors_methods=table.names("cors_methods"),
            cors_headers=table.names("cors_headers"),
            cors_expose_headers=table.names("cors_expose_headers"),
            cors_max_age_s=table.number("cors_max_age_s", None, 0, 86_400),
        )
        for method in api.cors_methods:
            if method != "*" and method not in HTTP_METHODS - {"ANY"}:
                table.wrong("cors_methods", f"{method!r} is no method")
        table.end()
        return api

    def _websocket(self, table: Table) -> WebSocketApi:
        api = WebSocketApi(
            stage=table.take("stage", str, "ws"),
            idle_timeout_s=table.number("idle_timeout_s", 600, 1, 600),
            max_duration_s=table.number("max_duration_s", 7200, 1, 7200),
        )
        table.end()
        return api

    def _site(self, root: Path, table: Table) -> Site | None:
        if table.empty:
            return None
        source = table.take("source", str)
        site = Site(
            directory=root / table.take("directory", str, "", required=True),
            source=root / source if source else None,
            script=table.take("script", str, "build"),
            immutable=table.names("immutable"),
            headers=table.texts("headers"),
        )
        table.end()
        return site

    def _topic(self, name: str, table: Table) -> Topic:
        topic = Topic(name, table.number("partitions", 1, 1, 10_000), table.number("retention_hours", None, 1, 87_600))
        table.end()
        return topic

    def _function(
        self, name: str, table: Table, root: Path, shared: Mapping[str, str], settings: Mapping[str, Any]
    ) -> Function:
        handler = table.take("handler", str, "handler.handler")
        if handler.count(".") < 1:
            table.wrong("handler", "must be module.function")
        code = root / table.take("code", str, f"functions/{name}")
        if not code.is_dir():
            table.wrong("code", f"{code} is no folder")
        triggers = []
        for index, values in enumerate(table.take("triggers", list, [])):
            if isinstance(values, dict):
                trigger = self._trigger(table.inner(values, f"triggers[{index}]"))
                triggers += [trigger] if trigger else []
            else:
                table.wrong(f"triggers[{index}]", "must be a table")
        function = Function(
            name=name,
            code=code,
            handler=handler,
            description=table.take("description", str, ""),
            dependencies=table.take("dependencies", str, settings["dependencies"]),
            memory_mb=table.number("memory_mb", settings["memory_mb"], 128, 10_240),
            timeout_s=table.number("timeout_s", settings["timeout_s"], 1, 900),
            reserved_concurrency=table.number("reserved_concurrency", None, 0, 10_000),
            environment={**shared, **table.texts("environment")},
            triggers=tuple(triggers),
            permissions=self._permissions(table.table("permissions")),
        )
        table.end()
        return function

    def _permissions(self, table: Table) -> Permissions:
        permissions = Permissions(
            produce=table.names("produce"),
            consume=table.names("consume"),
            buckets=table.names("buckets"),
            read_buckets=table.names("read_buckets"),
            secrets=table.names("secrets"),
            manage_connections=table.take("manage_connections", bool, False),
        )
        table.end()
        return permissions

    def _trigger(self, table: Table) -> Trigger | None:
        kind = table.take("type", str, "", required=True)
        builders: dict[str, Callable[[Table], Trigger]] = {
            "http": self._http_trigger,
            "websocket": lambda t: WebSocketTrigger(t.names("routes"), t.take("response", bool, False)),
            "websocket_authorizer": lambda t: AuthorizerTrigger(t.names("identity_sources")),
            "kafka": self._kafka_trigger,
            "schedule": self._schedule_trigger,
            "deploy": lambda _: DeployTrigger(),
        }
        if kind not in builders:
            table.wrong("type", f"{kind!r} is no trigger")
            return None
        trigger = builders[kind](table)
        table.end()
        return trigger

    def _http_trigger(self, table: Table) -> HttpTrigger:
        routes = table.names("routes")
        for route in routes:
            method, _, path = route.partition(" ")
            if route != "$default" and (method not in HTTP_METHODS or not path.startswith("/")):
                table.wrong("routes", f"{route!r} is not `METHOD /path` or `$default`")
        return HttpTrigger(routes)

    def _kafka_trigger(self, table: Table) -> KafkaTrigger:
        position = table.take("starting_position", str, "TRIM_HORIZON")
        if position not in ("LATEST", "TRIM_HORIZON"):
            table.wrong("starting_position", "must be LATEST or TRIM_HORIZON")
        return KafkaTrigger(
            topic=table.take("topic", str, "", required=True),
            batch_size=table.number("batch_size", 100, 1, 10_000),
            batching_window_ms=table.number("batching_window_ms", 500, 0, 300_000),
            starting_position=position,
            report_failures=table.take("report_failures", bool, False),
            max_retry_attempts=table.number("max_retry_attempts", None, 0, 10_000),
            max_record_age_s=table.number("max_record_age_s", None, 60, 604_800),
            bisect_on_error=table.take("bisect_on_error", bool, False),
            on_failure_topic=table.take("on_failure_topic", str),
        )

    def _schedule_trigger(self, table: Table) -> ScheduleTrigger:
        cron, rate_s = table.take("cron", str, ""), table.number("rate_s", None, 1, 86_400 * 365)
        if cron and rate_s is not None:
            table.wrong("cron", "cannot be given together with rate_s")
        if cron:
            try:
                Cron.parse(cron)
            except CronError as error:
                table.wrong("cron", str(error))
        return ScheduleTrigger(rate_s or 60, cron)

    def _check_whole(self, manifest: Manifest) -> None:
        """Checks what one table alone cannot show: routes served twice, and topics that nothing declares."""
        served: dict[str, str] = {}
        for function in manifest.functions.values():
            for trigger in function.triggers:
                for key in _keys_of(trigger):
                    if key in served:
                        self.mistakes.append(f"functions.{function.name}: {key} is served by {served[key]} too")
                    served[key] = function.name
            for topic in _topics_of(function):
                if topic not in manifest.topics:
                    self.mistakes.append(f"functions.{function.name}: topic {topic!r} is not in [topics]")


def _keys_of(trigger: Trigger) -> list[str]:
    match trigger:
        case HttpTrigger(routes=routes):
            return [f"HTTP route {route}" for route in routes]
        case WebSocketTrigger(routes=routes):
            return [f"WebSocket route {route}" for route in routes]
        case AuthorizerTrigger():
            return ["the WebSocket authorizer"]
        case _:
            return []


def _topics_of(function: Function) -> set[str]:
    topics = {*function.permissions.produce, *function.permissions.consume}
    for trigger in function.triggers:
        if isinstance(trigger, KafkaTrigger):
            topics.add(trigger.topic)
            if trigger.on_failure_topic:
                topics.add(trigger.on_failure_topic)
    return topics
