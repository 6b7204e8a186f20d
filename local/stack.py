"""A whole stack in one process: engines, Lambda runtime, API gateway and event sources, for any project's manifest."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from functions.manifest import KafkaTrigger, Manifest, ManifestError, ScheduleTrigger, buckets_of, load_manifest
from local.control import ControlSite
from local.control.history import History
from local.control.state import Parts, State
from local.control.unread import UnreadCounts, unread_topics
from local.deploying import deploy
from local.engines import (
    ContainerEngines,
    DataFolder,
    Engines,
    EngineSet,
    RemoteAddresses,
    RemoteEngines,
    Supervisor,
    ports,
)
from local.engines.database import Database
from local.engines.kafka import Kafka
from local.engines.object_store import ObjectStore
from local.event_sources import EventSourceSettings, KafkaEventSource, ScheduleSource
from local.failures import StartError, port_in_use
from local.faults import FaultFile, Faults, read_file
from local.faults.acting import Acting
from local.gateway import Gateway, GatewaySettings
from local.gateway.site import filled_site
from local.metrics import Metrics, TeeObserver
from local.observer import NullObserver, Observer
from local.runtime import Runtime, RuntimeSettings
from local.settings import EngineChoice, Settings
from local.topics import create_topics
from local.values import kept_secret, secrets_of, settings_of

REGION = "us-east-1"
ACCOUNT = "000000000000"
ACCESS_KEY_ID = "AKIDLOCALTWIN"
KAFKA = "kafka.bootstrap_servers"
METRICS_PATH = "/_local/metrics"
WILDCARDS = ("0.0.0.0", "::", "127.0.0.1", "::1")


class Stack:
    """Everything that a manifest needs, from `async with` (or `start`) to its end (or `stop`); on the main thread.

    Attributes:
        http_url, ws_url: where clients connect; set by `start`, like all that follows.
        values: what the manifest's `${…}` stand for.
        shown: what the deploy functions want a person to see, by label.
        engines, runtime, gateway: the parts.
        gateways, ws_urls: all endpoints, and where their WebSockets are; the first of each is `gateway` and `ws_url`.
        supervisor: restarts engines that fall.
        faults, acting: what goes wrong on purpose.
    """

    http_url: str
    ws_url: str
    values: Mapping[str, str]
    engines: EngineSet
    runtime: Runtime
    gateway: Gateway
    supervisor: Supervisor
    faults: Faults
    acting: Acting

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
        gateway: GatewaySettings | None = None,
        gateways: int = 1,
        faults: Path | None = None,
        engines: EngineChoice = "embedded",
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
            gateway: limits of the gateway; names, keys and addresses in it are replaced.
            gateways: how many endpoints there are, each on a port of its own and with its own connections.
            faults: a file of faults that are set once the stack serves.
            engines: who runs Kafka, the database, Valkey and AWS's services.
            environment: where the manifest's `settings.…` come from, and the addresses of external engines.
        """
        self._manifest_path = manifest
        self._host, self._port = host, port
        self._cache = cache or Settings.read(environment).cache
        self._metrics = Metrics()
        self._history = History()
        self._observer = TeeObserver(self._metrics, self._history, observer or NullObserver())
        self._runtime_settings = runtime or RuntimeSettings()
        self._gateway_settings = gateway or GatewaySettings()
        self._gateway_count = gateways
        self._listening: list[tuple[Gateway, int]] = []
        self._faults_path = faults
        self._environment = environment
        self._engine_choice = engines
        self._exits = AsyncExitStack()
        self.folder = DataFolder(data)
        self.shown: dict[str, str] = {}
        self.gateways: list[Gateway] = []
        self.ws_urls: list[str] = []

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
        unknown = set(self._runtime_settings.debug) - set(manifest.functions)
        if unknown:
            known = ", ".join(sorted(manifest.functions))
            raise StartError(f"There is no function {', '.join(sorted(unknown))} to debug; there are {known}.")
        self._fault_file = FaultFile() if self._faults_path is None else read_file(self._faults_path)
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
            exits.push_async_callback(self._stop_gateways)
            exits.push_async_callback(self._unread.stop)
            exits.push_async_callback(self.supervisor.stop)
            exits.push_async_callback(self.acting.stop)
            await self._bring_up_clients()
            for fault in self._fault_file.faults:
                self.acting.add(fault)
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
        self._port = port
        public = self._public(port)
        self.http_url = f"http://{public}"
        self.ws_url = f"ws://{public}/{manifest.websocket.stage}"
        self.engines = self._engines(manifest.name)
        buckets = {name: f"{manifest.name}-{name}" for name in buckets_of(manifest)}
        # The site itself asks for files as well as whoever the manifest names.
        self.engines.use_buckets(tuple(buckets.values()), (*manifest.http.cors_origins, self.http_url))
        files = self.engines.addresses["aws.endpoint_url"]
        kept = self.folder.path / "secrets"
        self.values = {
            "stage": "local",
            "http.url": self.http_url,
            "websocket.url": self.ws_url,
            "websocket.origin": f"ws://{public}",
            "files.origin": files,
            "websocket.callback_template": "http://{domainName}/{stage}",
            **self.engines.addresses,
            **{f"buckets.{name}.name": bucket for name, bucket in buckets.items()},
            **{f"buckets.{name}.url": f"{files}/{bucket}" for name, bucket in buckets.items()},
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
            endpoint_url=self.values["aws.endpoint_url"],
        )
        self.faults = Faults(self._fault_file.seed, clock=time.monotonic, tell=self._observer.fault)
        try:
            self.runtime = Runtime(
                manifest,
                self.values,
                settings=self.runtime_settings,
                observer=self._observer,
                interference=self.faults,
            )
            site = filled_site(manifest.site, self.values) if manifest.site else None
        except ManifestError as error:
            raise StartError(f"The manifest cannot be used: {error}.") from error
        self.acting = self._acting(manifest)
        self._unread = UnreadCounts(self.engines.addresses[KAFKA], unread_topics(manifest))
        self._control = self._control_site(manifest)
        for number, port in enumerate(self._gateway_ports()):
            self._listening.append((self._gateway(replace(manifest, site=site), port, secret, number), port))
            self.gateways.append(self._listening[-1][0])
            self.ws_urls.append(f"ws://{self._public(port)}/{manifest.websocket.stage}")
        self.gateway = self.gateways[0]
        self._sources = self._event_sources(manifest)

    def _gateway_ports(self) -> list[int]:
        return [self._port, *(ports.free_port() for _ in range(1, self._gateway_count))]

    def _public(self, port: int) -> str:
        return f"localhost:{port}" if self._host in WILDCARDS else f"{self._host}:{port}"

    def _gateway(self, manifest: Manifest, port: int, secret: str, number: int) -> Gateway:
        """One endpoint; all have the same functions, and each knows its own connections only."""
        return Gateway(
            manifest,
            self.runtime,
            settings=replace(
                self._gateway_settings,
                access_key_id=ACCESS_KEY_ID,
                secret_access_key=secret,
                region=REGION,
                account_id=ACCOUNT,
                websocket_api_id=f"twinws{number:04}",
                public_host=self._public(port),
            ),
            observer=self._observer,
            extra_routes={METRICS_PATH: self._metrics.exposition},
            control=self._control,
            interference=self.faults,
        )

    def _addresses(self) -> dict[str, str]:
        sockets = {
            f"WebSocket {number if number > 1 else ''}".strip(): url for number, url in enumerate(self.ws_urls, 1)
        }
        shown = {
            label: f"{self.http_url}{text}" if text.startswith("/") else text for label, text in self.shown.items()
        }
        return {"HTTP": self.http_url, **sockets, **shown, "Data and logs": str(self.folder.path)}

    def _control_site(self, manifest: Manifest) -> ControlSite:
        parts = Parts(
            manifest=manifest,
            engines=self.engines.all,
            runtime=self.runtime,
            gateways=self.gateways,
            history=self._history,
            unread=self._unread,
            addresses=self._addresses,
        )
        return ControlSite(self.faults, self.acting, State(parts))

    def _acting(self, manifest: Manifest) -> Acting:
        self.faults.on_points = lambda function: self.runtime.retire(function, "watched for faults")
        self.faults.on_kill = self.runtime.kill_busy

        async def restore(engine: str, wiped: bool) -> None:
            self.engines.remember()
            if engine == Kafka.name and wiped:
                await self._make_topics(manifest)
            # The imitated services keep nothing from one start to the next.
            if (engine == Database.name and wiped) or engine == ObjectStore.name:
                await self._deploy(manifest)

        return Acting(
            self.faults,
            {engine.name: engine for engine in self.engines.all},
            kill=self.runtime.kill,
            drop_sockets=self._drop_sockets,
            restore=restore,
            functions=frozenset(manifest.functions),
            tell=self._observer.fault,
        )

    def _drop_sockets(self, share: float, code: int, chance: Random) -> int:
        return sum(gateway.drop_sockets(share, code, chance) for gateway in self.gateways)

    def _engines(self, database: str) -> EngineSet:
        match self._engine_choice:
            case "embedded":
                return Engines(self.folder, cache=self._cache, observer=self._observer, database=database)
            case "docker":
                at = f"localhost:{self._port}"
                return ContainerEngines(self.folder, self._observer, database=database, metrics_at=at)
            case "external":
                return RemoteEngines(RemoteAddresses.read(self._environment), self._observer)

    def _event_sources(self, manifest: Manifest) -> list[KafkaEventSource | ScheduleSource]:
        settings = EventSourceSettings(region=REGION, account_id=ACCOUNT)
        sources: list[KafkaEventSource | ScheduleSource] = []
        for function in manifest.functions.values():
            for trigger in function.triggers:
                if isinstance(trigger, KafkaTrigger):
                    servers = self.engines.addresses[KAFKA]
                    sources.append(
                        KafkaEventSource(
                            function.name,
                            trigger,
                            self.runtime,
                            servers,
                            self._observer,
                            settings=settings,
                            interference=self.faults,
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
        await self._make_topics(manifest)

    async def _make_topics(self, manifest: Manifest) -> None:
        self._observer.engine("topics", "starting")
        await asyncio.to_thread(create_topics, self.engines.addresses[KAFKA], manifest.topics.values())
        self._observer.engine("topics", "ready", f"{len(manifest.topics)}")

    async def _bring_up_clients(self) -> None:
        """Begins to serve and to feed the functions, which may count on what the deploy made."""
        for gateway, port in self._listening:
            try:
                await gateway.start(self._host, port)
            except OSError as error:
                raise port_in_use(self._host, port) from error
        for source in self._sources:
            await source.start()

    async def _stop_gateways(self) -> None:
        await asyncio.gather(*(gateway.stop() for gateway in self.gateways))

    async def _stop_sources(self) -> None:
        await asyncio.gather(*(source.stop() for source in self._sources))

    async def _deploy(self, manifest: Manifest) -> None:
        self.shown.update(
            await deploy(
                manifest,
                self.runtime,
                self._observer,
                remembered=self.folder.path / "deployed.json",
                stack_id=f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/local/local",
            )
        )
