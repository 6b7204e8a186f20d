"""A whole stack in one process: engines, Lambda runtime, API gateway and event sources, for any project's manifest."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from functions.manifest import Manifest, ManifestError, buckets_of, load_manifest
from local.control import ControlSite
from local.control.history import History
from local.control.state import Parts, State
from local.control.unread import UnreadCounts, unread_topics
from local.deploying import deploy
from local.endpoints import Endpoints
from local.engines import DataFolder, EngineSet, Supervisor, ports
from local.engines.choosing import make_engines
from local.engines.database import Database
from local.engines.kafka import Kafka
from local.engines.object_store import ObjectStore
from local.event_sources import EventSourceSettings
from local.failures import StartError
from local.faults import FaultFile, Faults, read_file
from local.faults.acting import Acting
from local.gateway import GatewaySettings
from local.gateway.site import filled_site
from local.metrics import Metrics, TeeObserver
from local.observer import NullObserver, Observer
from local.runtime import Runtime, RuntimeSettings
from local.settings import EngineChoice, Settings
from local.sources import make_sources
from local.topics import create_topics
from local.values import kept_secret, secrets_of, settings_of

REGION = "us-east-1"
ACCOUNT = "000000000000"
ACCESS_KEY_ID = "AKIDLOCALTWIN"
KAFKA = "kafka.bootstrap_servers"
METRICS_PATH = "/_local/metrics"


class Stack:
    """Everything that a manifest needs, from `async with` (or `start`) to its end (or `stop`); on the main thread.

    Attributes:
        http_url, ws_url: where clients connect; set by `start`, like all that follows.
        values: what the manifest's `${…}` stand for.
        shown: what the deploy functions want a person to see, by label.
        ws_urls: where the WebSockets of each endpoint are; the first is `ws_url`.
        engines, runtime, endpoints: the parts.
        supervisor: restarts engines that fall.
        faults, acting: what goes wrong on purpose.
    """

    http_url: str
    ws_url: str
    ws_urls: list[str]
    values: Mapping[str, str]
    engines: EngineSet
    runtime: Runtime
    endpoints: Endpoints
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
        self._faults_path = faults
        self._environment = environment
        self._engine_choice = engines
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
        unknown = set(self._runtime_settings.debug) - set(manifest.functions)
        if unknown:
            known = ", ".join(sorted(manifest.functions))
            raise StartError(f"There is no function {', '.join(sorted(unknown))} to debug; there are {known}.")
        self._fault_file = FaultFile() if self._faults_path is None else read_file(self._faults_path)
        self.endpoints = Endpoints(self._host, self._port, self._gateway_count)
        async with AsyncExitStack() as exits:
            exits.enter_context(self.folder)
            self._compose(manifest)
            exits.push_async_callback(self.engines.stop)
            exits.push_async_callback(self.runtime.stop)
            await self._bring_up_engines(manifest)
            await self._deploy(manifest)
            exits.push_async_callback(self._stop_sources)
            exits.push_async_callback(self.endpoints.stop)
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
        public = self.endpoints.publics[0]
        self.http_url = f"http://{public}"
        self.ws_urls = self.endpoints.ws_urls(manifest.websocket.stage)
        self.ws_url = self.ws_urls[0]
        self.engines = make_engines(
            self._engine_choice,
            self.folder,
            cache=self._cache,
            observer=self._observer,
            database=manifest.name,
            metrics_at=f"localhost:{self.endpoints.port}",
            environment=self._environment,
        )
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
        self.endpoints.make(
            replace(manifest, site=site),
            self.runtime,
            replace(
                self._gateway_settings,
                access_key_id=ACCESS_KEY_ID,
                secret_access_key=secret,
                region=REGION,
                account_id=ACCOUNT,
            ),
            observer=self._observer,
            pages={METRICS_PATH: self._metrics.exposition},
            control=self._control_site(manifest),
            faults=self.faults,
        )
        self._sources = make_sources(
            manifest,
            self.runtime,
            self.engines.addresses[KAFKA],
            settings=EventSourceSettings(region=REGION, account_id=ACCOUNT),
            observer=self._observer,
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
            gateways=self.endpoints.gateways,
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
            drop_sockets=self.endpoints.drop_sockets,
            restore=restore,
            functions=frozenset(manifest.functions),
            tell=self._observer.fault,
        )

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
        await self.endpoints.start()
        for source in self._sources:
            await source.start()

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
