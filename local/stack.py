"""A whole stack in one process: engines, Lambda runtime, API gateway and event sources, for any project's manifest."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from functions.manifest import (
    DeployTrigger,
    KafkaTrigger,
    Manifest,
    ManifestError,
    ScheduleTrigger,
    buckets_of,
    load_manifest,
)
from local.engines import DataFolder, Engines, Supervisor, ports
from local.event_sources import EventSourceSettings, KafkaEventSource, ScheduleSource
from local.failures import StartError, port_in_use
from local.gateway import Gateway, GatewaySettings
from local.gateway.site import filled_site
from local.metrics import Metrics, TeeObserver
from local.observer import NullObserver, Observer
from local.runtime import Runtime, RuntimeSettings
from local.settings import Settings
from local.topics import create_topics
from local.values import kept_secret, secrets_of, settings_of

REGION = "us-east-1"
ACCOUNT = "000000000000"
ACCESS_KEY_ID = "AKIDLOCALTWIN"
METRICS_PATH = "/_local/metrics"
WILDCARDS = ("0.0.0.0", "::", "127.0.0.1", "::1")


class Stack:
    """Everything that a manifest needs, from `async with` (or `start`) to its end (or `stop`); on the main thread.

    Attributes:
        http_url, ws_url: where clients connect; set by `start`, like all that follows.
        values: what the manifest's `${…}` stand for.
        shown: what the deploy functions want a person to see, by label.
        engines, runtime, gateway: the parts.
        supervisor: restarts engines that fall.
    """

    http_url: str
    ws_url: str
    values: Mapping[str, str]
    engines: Engines
    runtime: Runtime
    gateway: Gateway
    supervisor: Supervisor

    def __init__(
        self,
        manifest: Path,
        data: Path,
        *,
        host: str = ports.HOST,
        port: int = 0,
        cache: Path | None = None,
        observer: Observer | None = None,
        runtime: RuntimeSettings | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """
        Args:
            manifest: the manifest's file.
            data: the data folder, made where it is missing.
            host, port: where the gateway listens; port 0 takes a free one.
            cache: the folder for downloads; by default the project's.
            observer: told of everything.
            runtime: settings of the runtime; names, keys and endpoints in it are replaced.
            environment: where the manifest's `settings.…` come from.
        """
        self._manifest_path = manifest
        self._host, self._port = host, port
        self._cache = cache or Settings.read(environment).cache
        self._metrics = Metrics()
        self._observer = TeeObserver(self._metrics, observer or NullObserver())
        self._runtime_settings = runtime or RuntimeSettings()
        self._environment = environment
        self._exits = AsyncExitStack()
        self.folder = DataFolder(data)
        self.shown: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Starts all parts, and returns when the stack serves. What was started is stopped again if one fails.

        Raises:
            StartError: in one sentence, why it cannot start.
        """
        manifest = self._load()
        if self._port and not ports.is_free(self._port, self._host):
            raise port_in_use(self._host, self._port)
        async with AsyncExitStack() as exits:
            exits.enter_context(self.folder)
            self._compose(manifest)
            exits.push_async_callback(self.engines.stop)
            exits.push_async_callback(self.runtime.stop)
            await self._bring_up_engines(manifest)
            await self._deploy(manifest)
            exits.push_async_callback(self._stop_sources)
            exits.push_async_callback(self.gateway.stop)
            exits.push_async_callback(self.supervisor.stop)
            await self._bring_up_clients()
            self._exits = exits.pop_all()

    async def stop(self) -> None:
        """Ends all parts in order: what serves clients, what feeds functions, functions, engines. Repeatable."""
        await self._exits.aclose()

    def _load(self) -> Manifest:
        try:
            return load_manifest(self._manifest_path)
        except ManifestError as error:
            raise StartError(f"The manifest cannot be used:\n{error}") from error

    def _compose(self, manifest: Manifest) -> None:
        port = self._port or ports.free_port()
        public = f"localhost:{port}" if self._host in WILDCARDS else f"{self._host}:{port}"
        self._port = port
        self.http_url = f"http://{public}"
        self.ws_url = f"ws://{public}/{manifest.websocket.stage}"
        self.engines = Engines(self.folder, cache=self._cache, observer=self._observer, database=manifest.name)
        buckets = {name: f"{manifest.name}-{name}" for name in buckets_of(manifest)}
        moto = self.engines.moto
        moto.buckets, moto.origins = tuple(buckets.values()), manifest.http.cors_origins
        kept = self.folder.path / "secrets"
        self.values = {
            "stage": "local",
            "http.url": self.http_url,
            "websocket.url": self.ws_url,
            "websocket.origin": f"ws://{public}",
            "files.origin": self.engines.moto.url,
            "websocket.callback_template": "http://{domainName}/{stage}",
            **self.engines.addresses,
            **{f"buckets.{name}.name": bucket for name, bucket in buckets.items()},
            **{f"buckets.{name}.url": moto.bucket_url(bucket) for name, bucket in buckets.items()},
            **settings_of(manifest, self._environment),
            **secrets_of(manifest, kept),
        }
        secret = kept_secret(kept, "aws_secret_access_key")
        self.runtime_settings = replace(
            self._runtime_settings,
            region=REGION,
            account_id=ACCOUNT,
            access_key_id=ACCESS_KEY_ID,
            secret_access_key=secret,
            endpoint_url=self.engines.moto.url,
        )
        try:
            self.runtime = Runtime(manifest, self.values, settings=self.runtime_settings, observer=self._observer)
            site = filled_site(manifest.site, self.values) if manifest.site else None
        except ManifestError as error:
            raise StartError(f"The manifest cannot be used: {error}.") from error
        self.gateway = Gateway(
            replace(manifest, site=site),
            self.runtime,
            settings=GatewaySettings(
                access_key_id=ACCESS_KEY_ID,
                secret_access_key=secret,
                region=REGION,
                account_id=ACCOUNT,
                public_host=public,
            ),
            observer=self._observer,
            extra_routes={METRICS_PATH: self._metrics.exposition},
        )
        self._sources = self._event_sources(manifest)

    def _event_sources(self, manifest: Manifest) -> list[KafkaEventSource | ScheduleSource]:
        settings = EventSourceSettings(region=REGION, account_id=ACCOUNT)
        sources: list[KafkaEventSource | ScheduleSource] = []
        for function in manifest.functions.values():
            for trigger in function.triggers:
                if isinstance(trigger, KafkaTrigger):
                    servers = self.engines.kafka.address
                    sources.append(
                        KafkaEventSource(
                            function.name, trigger, self.runtime, servers, self._observer, settings=settings
                        )
                    )
                elif isinstance(trigger, ScheduleTrigger):
                    sources.append(ScheduleSource(function.name, trigger, self.runtime, settings=settings))
        return sources

    async def _bring_up_engines(self, manifest: Manifest) -> None:
        await self.engines.start()
        # Functions import their code, which is most of their start, once the engines leave the processors to them.
        await self.runtime.start()
        self.supervisor = Supervisor(self.engines, self._observer)
        self.supervisor.start()
        self._observer.engine("topics", "starting")
        await asyncio.to_thread(create_topics, self.engines.kafka.address, manifest.topics.values())
        self._observer.engine("topics", "ready", f"{len(manifest.topics)}")

    async def _bring_up_clients(self) -> None:
        """Begins to serve and to feed the functions, which may count on what the deploy made."""
        try:
            await self.gateway.start(self._host, self._port)
        except OSError as error:
            raise port_in_use(self._host, self._port) from error
        for source in self._sources:
            await source.start()

    async def _stop_sources(self) -> None:
        await asyncio.gather(*(source.stop() for source in self._sources))

    async def _deploy(self, manifest: Manifest) -> None:
        done = self.folder.path / "deployed.json"
        known: Sequence[str] = json.loads(done.read_text(encoding="utf-8")) if done.exists() else []
        functions = [
            function.name
            for function in manifest.functions.values()
            if any(isinstance(trigger, DeployTrigger) for trigger in function.triggers)
        ]
        for function in functions:
            self._observer.engine(function, "starting")
            self.shown.update(await self._deploy_one(function, "Update" if function in known else "Create"))
            self._observer.engine(function, "ready")
        done.write_text(json.dumps(functions), encoding="utf-8")

    async def _deploy_one(self, function: str, kind: str) -> Mapping[str, str]:
        """Calls it as CDK's provider framework calls a custom resource's handler at a deploy."""
        event = {
            "RequestType": kind,
            "RequestId": os.urandom(16).hex(),
            "LogicalResourceId": function,
            "ResourceType": "Custom::Deploy",
            "StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/local/local",
            "ResourceProperties": {},
        }
        if kind == "Update":
            event |= {"PhysicalResourceId": function, "OldResourceProperties": {}}
        answer = await self.runtime.invoke(function, json.dumps(event).encode())
        payload = json.loads(answer.payload)
        if answer.outcome != "success":
            trace = "".join(f"\n{line.rstrip()}" for line in payload.get("stackTrace") or [])
            raise StartError(
                f"Function {function} failed at the deploy: {payload.get('errorType')}: "
                f"{payload.get('errorMessage')}{trace}"
            )
        data = payload.get("Data") if isinstance(payload, dict) else None
        return {str(label): str(text) for label, text in (data or {}).items()}
