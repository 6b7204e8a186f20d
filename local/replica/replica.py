"""A replica: Lambda runtime, gateway and event sources in one process, on engines that run elsewhere."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from functions.manifest import (
    AuthorizerTrigger,
    DeployTrigger,
    Function,
    HttpTrigger,
    KafkaTrigger,
    Manifest,
    ManifestError,
    ScheduleTrigger,
    WebSocketTrigger,
    buckets_of,
    load_manifest,
)
from local.event_sources import EventSourceSettings, KafkaEventSource, ScheduleSource
from local.failures import StartError, port_in_use
from local.gateway import Gateway
from local.gateway.settings import UNLIMITED
from local.gateway.site import filled_site
from local.metrics import Metrics, TeeObserver
from local.observer import Observer
from local.replica.ownership import Ownership, Partitions
from local.replica.probes import Probes
from local.replica.settings import ReplicaSettings
from local.runtime import Runtime, RuntimeSettings
from local.values import names_in, settings_of

ACCOUNT = "000000000000"
KEY_ID, KEY = "aws_access_key_id", "aws_secret_access_key"
GATEWAY_TRIGGERS = (HttpTrigger, WebSocketTrigger, AuthorizerTrigger)
WORKER_TRIGGERS = (KafkaTrigger, ScheduleTrigger)


class Replica:
    """One of several, from `start` to `stop`; on the main thread.

    A gateway's sockets are known to itself alone: events name it by its `address`, so that a post reaches it from
    wherever the function runs that posts. A worker reads the partitions that `Ownership` gives it; schedules run on the
    worker that has the first partition of the first topic, so on one at a time.

    Raises:
        StartError: the manifest cannot be used, or a secret is missing.
    """

    def __init__(self, settings: ReplicaSettings, observer: Observer) -> None:
        self._settings = settings
        try:
            whole = load_manifest(settings.manifest)
        except ManifestError as error:
            raise StartError(f"The manifest cannot be used:\n{error}") from error
        self._manifest = _part(whole, settings)
        if self._manifest.site is not None:
            site = filled_site(self._manifest.site, _origins(whole, settings))
            self._manifest = replace(self._manifest, site=site)
        self._metrics = Metrics()
        self._observer = TeeObserver(self._metrics, observer)
        self._probes = Probes(self._metrics.exposition)
        self._sources: list[KafkaEventSource | ScheduleSource] = []
        self._exits = AsyncExitStack()
        self._runtime = make_runtime(self._manifest, settings, self._observer)

    async def start(self) -> None:
        """Starts what the role has, and returns when it serves. What was started is stopped again if something fails.

        Raises:
            StartError: an address cannot be bound.
        """
        settings = self._settings
        async with AsyncExitStack() as exits:
            exits.push_async_callback(self._probes.stop)
            self.probe_port = await _bound(self._probes.start(settings.host, settings.probe_port), settings.probe_port)
            exits.push_async_callback(self._runtime.stop)
            await self._runtime.start()
            if settings.role != "worker":
                gateway = self._make_gateway()
                exits.push_async_callback(gateway.stop)
                await _bound(gateway.start(settings.host, settings.port), settings.port)
            if settings.role != "gateway":
                ownership = self._make_ownership()
                exits.push_async_callback(ownership.stop)
                await ownership.start()
            self._exits = exits.pop_all()
        self._probes.ready = True

    async def stop(self) -> None:
        """Ends in order: no longer ready, partitions handed over, sockets closed, functions. Repeatable."""
        self._probes.ready = False
        await self._exits.aclose()

    def _make_gateway(self) -> Gateway:
        settings = self._settings
        return Gateway(
            self._manifest,
            self._runtime,
            settings=replace(
                UNLIMITED,
                access_key_id=settings.secret(KEY_ID),
                secret_access_key=settings.secret(KEY),
                region=settings.region,
                account_id=ACCOUNT,
                public_host=settings.address,
            ),
            observer=self._observer,
        )

    def _make_ownership(self) -> Ownership:
        return Ownership(
            self._settings.kafka_servers,
            self._settings.security,
            group=f"{self._manifest.name}-workers",
            topics=_topics(self._manifest),
            session_s=self._settings.session_s,
            take=self._read,
            leave=self._stop_reading,
            observer=self._observer,
        )

    async def _read(self, partitions: Partitions) -> None:
        """Reads these partitions from now on."""
        await self._stop_reading()
        settings = EventSourceSettings(
            region=self._settings.region, account_id=ACCOUNT, security=self._settings.security
        )
        leads = 0 in partitions.get(next(iter(_topics(self._manifest)), ""), ())
        for function in self._manifest.functions.values():
            for trigger in function.triggers:
                if isinstance(trigger, KafkaTrigger) and trigger.topic in partitions:
                    kafka = KafkaEventSource(
                        function.name,
                        trigger,
                        self._runtime,
                        self._settings.kafka_servers,
                        self._observer,
                        settings=settings,
                        partitions=partitions[trigger.topic],
                    )
                    self._sources.append(kafka)
                elif isinstance(trigger, ScheduleTrigger) and leads:
                    self._sources.append(ScheduleSource(function.name, trigger, self._runtime, settings=settings))
        for source in self._sources:
            await source.start()
        owned = sum(len(found) for found in partitions.values())
        self._observer.log("ownership", f"reads {owned} partitions{' and runs schedules' if leads else ''}")

    async def _stop_reading(self) -> None:
        sources, self._sources = self._sources, []
        await asyncio.gather(*(source.stop() for source in sources))


def make_runtime(manifest: Manifest, settings: ReplicaSettings, observer: Observer) -> Runtime:
    """The functions of `manifest`, with values from `settings`.

    Raises:
        StartError: a value or secret is missing.
    """
    origins = _origins(manifest, settings)
    values = {
        "stage": settings.stage,
        "http.url": settings.public_url,
        "websocket.url": f"{origins['websocket.origin']}/{manifest.websocket.stage}",
        "websocket.callback_template": settings.callback_template,
        "kafka.bootstrap_servers": settings.kafka_servers,
        "kafka.security": settings.kafka_security,
        "mongo.uri": settings.mongo_uri,
        "redis.url": settings.redis_url,
        "aws.endpoint_url": settings.aws_endpoint_url,
        **origins,
        **_buckets(manifest, settings),
        **settings_of(manifest, os.environ),
        **{name: settings.secret(name.removeprefix("secrets.")) for name in names_in(manifest) if _is_secret(name)},
    }
    try:
        return Runtime(
            manifest,
            values,
            settings=RuntimeSettings(
                region=settings.region,
                account_id=ACCOUNT,
                access_key_id=settings.secret(KEY_ID),
                secret_access_key=settings.secret(KEY),
                endpoint_url=settings.aws_endpoint_url,
                hot_reload=False,
                memory_limits=False,  # the container has its own
            ),
            observer=observer,
        )
    except ManifestError as error:
        raise StartError(f"The manifest cannot be used: {error}.") from error


async def deploy(settings: ReplicaSettings, observer: Observer) -> Mapping[str, str]:
    """Runs the manifest's deploy functions once, as the CDK's custom resource does; to be done before replicas start.

    Returns:
        What they want a person to see, by label.

    Raises:
        StartError: one failed, with its own words.
    """
    whole = load_manifest(settings.manifest)
    manifest = replace(whole, functions=_with(whole, DeployTrigger))
    runtime = make_runtime(manifest, settings, observer)
    await runtime.start()
    shown: dict[str, str] = {}
    try:
        for name in manifest.functions:
            answer = await runtime.invoke(name, json.dumps(_deploy_event(name, whole, settings)).encode())
            payload = json.loads(answer.payload)
            if answer.outcome != "success":
                raise StartError(f"{name} failed: {payload.get('errorType')}: {payload.get('errorMessage')}")
            shown |= {str(label): str(text) for label, text in (payload.get("Data") or {}).items()}
    finally:
        await runtime.stop()
    return shown


def _deploy_event(function: str, manifest: Manifest, settings: ReplicaSettings) -> dict[str, object]:
    topics = [
        {
            "Name": topic.name,
            "Partitions": str(topic.partitions),
            **({"RetentionHours": str(topic.retention_hours)} if topic.retention_hours else {}),
        }
        for topic in manifest.topics.values()
    ]
    return {
        "RequestType": "Update",
        "RequestId": os.urandom(16).hex(),
        "LogicalResourceId": function,
        "PhysicalResourceId": function,
        "ResourceType": "Custom::Deploy",
        "StackId": f"{manifest.name}-{settings.stage}",
        "ResourceProperties": {"Topics": topics, "ReplicationFactor": str(settings.replication)},
        "OldResourceProperties": {},
    }


def _origins(manifest: Manifest, settings: ReplicaSettings) -> dict[str, str]:
    """Where browsers connect to besides the site's own address."""
    public = urlsplit(settings.public_url)
    addresses = [text for name, text in _buckets(manifest, settings).items() if name.endswith(".url")]
    files = sorted({urlunsplit((*urlsplit(address)[:2], "", "", "")) for address in addresses})
    return {
        "websocket.origin": f"{'wss' if public.scheme == 'https' else 'ws'}://{public.netloc}",
        "files.origin": " ".join(files),
    }


def _buckets(manifest: Manifest, settings: ReplicaSettings) -> dict[str, str]:
    """Name and address of each bucket: by path at a store of one's own, by host name at AWS's."""
    found = {}
    named = {name.split(".")[1] for name in names_in(manifest) if name.startswith("buckets.")}
    for name in sorted({*named, *buckets_of(manifest)}):
        bucket = os.environ.get(f"BUCKET_{name.upper()}") or f"{manifest.name}-{name}"
        own = settings.aws_endpoint_url.rstrip("/")
        found[f"buckets.{name}.name"] = bucket
        found[f"buckets.{name}.url"] = (
            f"{own}/{bucket}" if own else f"https://{bucket}.s3.{settings.region}.amazonaws.com"
        )
    return found


def _part(manifest: Manifest, settings: ReplicaSettings) -> Manifest:
    """The manifest with the functions of a role alone."""
    kinds = {"gateway": GATEWAY_TRIGGERS, "worker": WORKER_TRIGGERS, "all": GATEWAY_TRIGGERS + WORKER_TRIGGERS}
    return replace(manifest, functions=_with(manifest, *kinds[settings.role]))


def _with(manifest: Manifest, *kinds: type) -> dict[str, Function]:
    return {
        name: function
        for name, function in manifest.functions.items()
        if any(isinstance(trigger, kinds) for trigger in function.triggers)
    }


def _topics(manifest: Manifest) -> list[str]:
    """What is read, sorted; each once, though two functions may read it."""
    triggers = (trigger for function in manifest.functions.values() for trigger in function.triggers)
    return sorted({trigger.topic for trigger in triggers if isinstance(trigger, KafkaTrigger)})


def _is_secret(name: str) -> bool:
    return name.startswith("secrets.")


async def _bound(starting: Coroutine[Any, Any, int], port: int) -> int:
    try:
        return await starting
    except OSError as error:
        raise port_in_use("this machine", port) from error
