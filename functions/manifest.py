"""Reads a function manifest: what runs, what triggers it, and what it may use.

Standard library only, and free of chat: the CDK and the local twin both build from the result, and the twin runs
the manifest of any other project. Mistakes are told with the place in the file, all at once.

Longer than the house's length because the types and the checks of one small language are read side by side.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from functions.cron import Cron, CronError

HTTP_METHODS = frozenset({"ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
PLACEHOLDER = re.compile(r"\$\{([a-z0-9_.]+)\}")

StartingPosition = Literal["LATEST", "TRIM_HORIZON"]


class ManifestError(ValueError):
    """The manifest cannot be used. Its text lists every mistake found, a line each, with the place in the file."""


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    """Routes of the HTTP API: `METHOD /path/{name}`, `METHOD /path/{name+}` or `$default`."""

    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WebSocketTrigger:
    """Routes of the WebSocket API: `$connect`, `$disconnect`, `$default` or the value of a frame's `action`.

    `response` says whether the function's return value goes back to the client (a route response).
    """

    routes: tuple[str, ...]
    response: bool = False


@dataclass(frozen=True, slots=True)
class AuthorizerTrigger:
    """The WebSocket API's request authorizer. An empty `identity_sources` calls it for every upgrade."""

    identity_sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KafkaTrigger:
    """An event source mapping on one topic; names and bounds are those of AWS's CreateEventSourceMapping."""

    topic: str
    batch_size: int = 100
    batching_window_ms: int = 500
    starting_position: StartingPosition = "TRIM_HORIZON"
    report_failures: bool = False
    max_retry_attempts: int | None = None
    max_record_age_s: int | None = None
    bisect_on_error: bool = False
    on_failure_topic: str | None = None


@dataclass(frozen=True, slots=True)
class ScheduleTrigger:
    """Runs every `rate_s` seconds, or, where `cron` is not empty, at the times of that expression (see `Cron`)."""

    rate_s: int = 60
    cron: str = ""

    @property
    def words(self) -> str:
        """For people."""
        return f"cron({self.cron})" if self.cron else f"every {self.rate_s} s"


@dataclass(frozen=True, slots=True)
class DeployTrigger:
    """Runs at every deploy as a custom resource, and at every start of the local twin; must be idempotent."""


Trigger = HttpTrigger | WebSocketTrigger | AuthorizerTrigger | KafkaTrigger | ScheduleTrigger | DeployTrigger


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the function may use besides its own log: nothing that is not named here.

    Objects of `buckets` may be read, written and deleted, those of `read_buckets` read.
    """

    produce: tuple[str, ...] = ()
    consume: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    read_buckets: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    manage_connections: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function. `code` is its folder, absolute; `handler` is `module.function` inside it."""

    name: str
    code: Path
    handler: str
    description: str
    dependencies: str
    memory_mb: int
    timeout_s: int
    reserved_concurrency: int | None
    environment: Mapping[str, str]
    triggers: tuple[Trigger, ...]
    permissions: Permissions


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic. `retention_hours` None leaves the broker's default."""

    name: str
    partitions: int
    retention_hours: int | None = None


@dataclass(frozen=True, slots=True)
class HttpApi:
    """Settings of the HTTP API. Without `cors_origins` CORS is off; else nothing is allowed or exposed that is not
    named, and `cors_max_age_s` None leaves it to the browser how long it remembers a preflight.
    """

    cors_origins: tuple[str, ...] = ()
    cors_methods: tuple[str, ...] = ()
    cors_headers: tuple[str, ...] = ()
    cors_expose_headers: tuple[str, ...] = ()
    cors_max_age_s: int | None = None


@dataclass(frozen=True, slots=True)
class WebSocketApi:
    """Settings of the WebSocket API; the defaults are AWS's own limits."""

    stage: str = "ws"
    idle_timeout_s: int = 600
    max_duration_s: int = 7200


@dataclass(frozen=True, slots=True)
class Site:
    """A website of built files, served at every path that is not an API's: the twin and the CDK read it alike.

    A path without a file is answered with `index.html` where it looks like a page (its last part has no dot).
    Files below the `immutable` prefixes have a hash of their content in their names and may be kept for ever; all
    others are asked for anew each time. `headers` go with every answer, and may hold `${…}`.

    `directory` is the folder of built files, absolute. `source` is the npm project that makes it, or None: by `npm ci`
    and `npm run` of its `script`.
    """

    directory: Path
    source: Path | None = None
    script: str = "build"
    immutable: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole project. `layer` is the folder of shared code, absolute, or None; texts may hold `${…}` still."""

    root: Path
    name: str
    layer: Path | None
    http: HttpApi
    websocket: WebSocketApi
    topics: Mapping[str, Topic]
    functions: Mapping[str, Function] = field(default_factory=dict)
    site: Site | None = None


def buckets_of(manifest: Manifest) -> tuple[str, ...]:
    """The names of the buckets that any function uses; `${buckets.NAME.name}` and `.url` stand for them."""
    used = (function.permissions for function in manifest.functions.values())
    return tuple(sorted({name for one in used for name in (*one.buckets, *one.read_buckets)}))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Puts `values` in for the `${name}` of a manifest text.

    Raises:
        ManifestError: a name has no value.
    """

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            raise ManifestError(f"no value for ${{{name}}}: known are {', '.join(sorted(values)) or 'none'}")
        return values[name]

    return PLACEHOLDER.sub(value_of, text)


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
    manifest = reader.manifest(_Table(raw, "", reader.mistakes), path.resolve().parent.parent)
    if reader.mistakes:
        raise ManifestError("\n".join(f"{path}: {mistake}" for mistake in reader.mistakes))
    return manifest


class _Table:
    """A TOML table that is read key by key; what is of the wrong type or never asked for is noted as a mistake."""

    def __init__(self, values: Mapping[str, Any], place: str, mistakes: list[str]) -> None:
        self._rest = dict(values)
        self.place = place
        self.mistakes = mistakes

    @property
    def empty(self) -> bool:
        return not self._rest

    def wrong(self, key: str, what: str) -> None:
        self.mistakes.append(f"{self.place}{'.' if self.place else ''}{key}: {what}")

    def take(self, key: str, kind: type, default: Any = None, *, required: bool = False) -> Any:
        if key not in self._rest:
            if required:
                self.wrong(key, "is missing")
            return default
        value = self._rest.pop(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.wrong(key, f"must be of type {kind.__name__}, not {type(value).__name__}")
            return default
        return value

    def number(self, key: str, default: int | None, low: int, high: int) -> Any:
        value = self.take(key, int, default)
        if value is not None and not low <= value <= high:
            self.wrong(key, f"must be from {low} to {high}, not {value}")
        return value

    def names(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list, [])
        if not all(isinstance(value, str) for value in values):
            self.wrong(key, "must be a list of texts")
            return ()
        return tuple(values)

    def table(self, key: str) -> _Table:
        return self.inner(self.take(key, dict, {}), key)

    def tables(self, key: str) -> list[tuple[str, _Table]]:
        entries: dict[str, Any] = self.take(key, dict, {})
        found = []
        for name, values in entries.items():
            if isinstance(values, dict):
                found.append((name, self.inner(values, f"{key}.{name}")))
            else:
                self.wrong(f"{key}.{name}", "must be a table")
        return found

    def inner(self, values: Mapping[str, Any], key: str) -> _Table:
        return _Table(values, f"{self.place}{'.' if self.place else ''}{key}", self.mistakes)

    def texts(self, key: str) -> dict[str, str]:
        values: dict[str, Any] = self.take(key, dict, {})
        for name, value in values.items():
            if not isinstance(value, str):
                self.wrong(f"{key}.{name}", "must be a text")
        return {name: str(value) for name, value in values.items()}

    def end(self) -> None:
        for key in self._rest:
            self.wrong(key, "is not known here")


class _Reader:
    """Turns tables into the manifest's types; mistakes are gathered, so that one run tells all of them."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []

    def manifest(self, top: _Table, root: Path) -> Manifest:
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

    def _http(self, table: _Table) -> HttpApi:
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

    def _websocket(self, table: _Table) -> WebSocketApi:
        api = WebSocketApi(
            stage=table.take("stage", str, "ws"),
            idle_timeout_s=table.number("idle_timeout_s", 600, 1, 600),
            max_duration_s=table.number("max_duration_s", 7200, 1, 7200),
        )
        table.end()
        return api

    def _site(self, root: Path, table: _Table) -> Site | None:
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

    def _topic(self, name: str, table: _Table) -> Topic:
        topic = Topic(name, table.number("partitions", 1, 1, 10_000), table.number("retention_hours", None, 1, 87_600))
        table.end()
        return topic

    def _function(
        self, name: str, table: _Table, root: Path, shared: Mapping[str, str], settings: Mapping[str, Any]
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

    def _permissions(self, table: _Table) -> Permissions:
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

    def _trigger(self, table: _Table) -> Trigger | None:
        kind = table.take("type", str, "", required=True)
        builders: dict[str, Callable[[_Table], Trigger]] = {
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

    def _http_trigger(self, table: _Table) -> HttpTrigger:
        routes = table.names("routes")
        for route in routes:
            method, _, path = route.partition(" ")
            if route != "$default" and (method not in HTTP_METHODS or not path.startswith("/")):
                table.wrong("routes", f"{route!r} is not `METHOD /path` or `$default`")
        return HttpTrigger(routes)

    def _kafka_trigger(self, table: _Table) -> KafkaTrigger:
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

    def _schedule_trigger(self, table: _Table) -> ScheduleTrigger:
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
