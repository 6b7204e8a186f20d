"""Engines that run already, at addresses that the environment names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from local.engines.buckets import make_buckets
from local.engines.engine import Engine
from local.engines.probes import kafka_answers
from local.failures import StartError
from local.observer import Observer

KAFKA, MONGO, REDIS, AWS = "KAFKA_BOOTSTRAP_SERVERS", "MONGO_URI", "REDIS_URL", "AWS_ENDPOINT_URL"
ANSWER_DEADLINE_S = 15.0
ASK_TIMEOUT_S = 3.0
ASK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class RemoteAddresses:
    """Where the engines are. `mongo` and `redis` may hold passwords."""

    kafka: str
    mongo: str
    redis: str
    aws: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> RemoteAddresses:
        """From KAFKA_BOOTSTRAP_SERVERS, MONGO_URI, REDIS_URL and AWS_ENDPOINT_URL.

        Raises:
            StartError: some are missing or no addresses; all of them are told, and no password.
        """
        checks: dict[str, tuple[Callable[[str], bool], str]] = {
            KAFKA: (_is_server_list, "host:port, several with commas between"),
            MONGO: (_is_database_uri, "mongodb://host:port/database, with options after a ? as needed"),
            REDIS: (_is_redis_url, "redis://host:port/0, or rediss:// for TLS"),
            AWS: (_is_http_url, "http://host:port"),
        }
        mistakes = [
            f"{name} {'is missing' if not environment.get(name) else 'is no address'} ({form})"
            for name, (is_right, form) in checks.items()
            if not is_right(environment.get(name, ""))
        ]
        if mistakes:
            raise StartError(f"ENGINES=external needs the engines' addresses: {'; '.join(mistakes)}.")
        return cls(environment[KAFKA], environment[MONGO], environment[REDIS], environment[AWS])


class RemoteEngines:
    """Engines that others start and end: here they are only waited for. See `EngineSet`."""

    deadline_s = ANSWER_DEADLINE_S

    def __init__(self, addresses: RemoteAddresses, observer: Observer) -> None:
        self._at = addresses
        self._observer = observer
        self._buckets: Sequence[str] = ()
        self._origins: Sequence[str] = ()

    @property
    def all(self) -> tuple[Engine, ...]:
        """See `EngineSet`: none."""
        return ()

    @property
    def addresses(self) -> Mapping[str, str]:
        """See `EngineSet`."""
        return {
            "kafka.bootstrap_servers": self._at.kafka,
            "kafka.security": "PLAINTEXT",
            "mongo.uri": self._at.mongo,
            "redis.url": self._at.redis,
            "aws.endpoint_url": self._at.aws,
        }

    @property
    def shown(self) -> Mapping[str, str]:
        """See `EngineSet`."""
        return {
            "Kafka": self._at.kafka,
            "Database": without_password(self._at.mongo),
            "Valkey": without_password(self._at.redis),
            "AWS services": without_password(self._at.aws),
        }

    def use_buckets(self, buckets: Sequence[str], origins: Sequence[str]) -> None:
        """See `EngineSet`."""
        self._buckets, self._origins = buckets, origins

    async def start(self) -> None:
        """See `EngineSet`."""
        deadline = time.monotonic() + self.deadline_s
        waits = (
            self._wait("kafka", KAFKA, self._at.kafka, deadline),
            self._wait("mongo", MONGO, self._at.mongo, deadline),
            self._wait("valkey", REDIS, self._at.redis, deadline),
            self._wait("aws", AWS, self._at.aws, deadline),
        )
        silent = [why for why in await asyncio.gather(*waits) if why]
        if silent:
            raise StartError(f"Not all engines answer: {'; '.join(silent)}.")
        await asyncio.to_thread(make_buckets, self._at.aws, self._buckets, self._origins)

    def remember(self) -> None:
        """See `EngineSet`: there are no processes."""

    async def stop(self) -> None:
        """See `EngineSet`: they are left as they are."""

    async def _wait(self, name: str, variable: str, address: str, deadline: float) -> str:
        """Waits for one; returns why it cannot be used, or "" when it answers."""
        self._observer.engine(name, "starting", without_password(address))
        while True:
            why = await _ASK[name](address)
            if not why:
                self._observer.engine(name, "ready", without_password(address))
                return ""
            if time.monotonic() > deadline:
                self._observer.engine(name, "failed", why)
                return f"{variable} at {without_password(address)} {why}"
            await asyncio.sleep(ASK_EVERY_S)


def without_password(url: str) -> str:
    """An address as people may see it."""
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return url
    return parts._replace(netloc=f"***@{parts.netloc.rpartition('@')[2]}").geturl()


async def _ask_kafka(address: str) -> str:
    for server in address.split(","):
        host, _, port = server.strip().rpartition(":")
        if await kafka_answers(host, int(port)):
            return ""
    return "does not answer as Kafka"


async def _ask_mongo(address: str) -> str:
    return await asyncio.to_thread(_ping_mongo, address)


def _ping_mongo(address: str) -> str:
    from pymongo import MongoClient  # noqa: PLC0415 - slow to import, and embedded engines need none of these
    from pymongo.errors import PyMongoError  # noqa: PLC0415

    try:
        with MongoClient[dict[str, object]](address, serverSelectionTimeoutMS=int(ASK_TIMEOUT_S * 1000)) as client:
            client.admin.command("ping")
    except PyMongoError as error:
        return f"cannot be used ({type(error).__name__})"
    return ""


async def _ask_redis(address: str) -> str:
    return await asyncio.to_thread(_ping_redis, address)


def _ping_redis(address: str) -> str:
    from redis import Redis, RedisError  # noqa: PLC0415

    try:
        with Redis.from_url(address, socket_timeout=ASK_TIMEOUT_S, socket_connect_timeout=ASK_TIMEOUT_S) as client:
            client.ping()
    except RedisError as error:
        return f"cannot be used ({type(error).__name__})"
    return ""


async def _ask_aws(address: str) -> str:
    return await asyncio.to_thread(_get, address)


def _get(address: str) -> str:
    try:
        build_opener(ProxyHandler({})).open(address, timeout=ASK_TIMEOUT_S).close()
    except HTTPError:
        return ""  # what `/` answers differs between the services' imitations
    except (OSError, ValueError) as error:
        return f"does not answer ({type(error).__name__})"
    return ""


_ASK = {"kafka": _ask_kafka, "mongo": _ask_mongo, "valkey": _ask_redis, "aws": _ask_aws}


def _is_server_list(text: str) -> bool:
    servers = [server.strip() for server in text.split(",")]
    return bool(text) and all(_has_host_and_port(f"//{server}", port_needed=True) for server in servers)


def _is_database_uri(text: str) -> bool:
    # A replica set names several hosts, which a URL parser takes for a port that is none.
    scheme, _, rest = text.partition("://")
    hosts, _, database = rest.partition("?")[0].partition("/")
    named = [f"//{host}" for host in hosts.rpartition("@")[2].split(",")]
    return scheme in ("mongodb", "mongodb+srv") and bool(database) and all(_has_host_and_port(name) for name in named)


def _is_redis_url(text: str) -> bool:
    return urlsplit(text).scheme in ("redis", "rediss") and _has_host_and_port(text)


def _is_http_url(text: str) -> bool:
    return urlsplit(text).scheme in ("http", "https") and _has_host_and_port(text)


def _has_host_and_port(url: str, *, port_needed: bool = False) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is not None or not port_needed) and " " not in parts.netloc
    except ValueError:
        return False
