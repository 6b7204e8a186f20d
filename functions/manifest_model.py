"""A function manifest's types: what runs, what triggers it, and what it may use. `functions.manifest` reads them.

Standard library only, and free of chat, like the reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

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
