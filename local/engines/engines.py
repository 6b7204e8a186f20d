"""All engines of a stack, started side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.engines import ports
from local.engines.database import Database
from local.engines.engine import Engine
from local.engines.folder import DataFolder
from local.engines.kafka import Kafka
from local.engines.object_store import ObjectStore
from local.engines.valkey import Valkey
from local.observer import Observer

AWS_REGION = "us-east-1"


class Engines:
    """Kafka, the database, Valkey and the imitated AWS services, over a data folder that the caller holds.

    `start` and `stop` may be called again; ports and data stay the same. Must be started on the main thread.
    """

    def __init__(self, folder: DataFolder, *, cache: Path, observer: Observer, database: str) -> None:
        """
        Args:
            folder: where data, logs and remembered ports are.
            cache: the folder for downloads, which stacks share.
            observer: told of what the engines do.
            database: the name of the database that clients use.

        Raises:
            StartError: no port is free, or a server is not installed.
        """
        names = ("kafka", "kafka_controller", "mongo", "valkey", "moto")
        chosen = ports.choose_ports(names, folder.path / "ports.json")
        path = folder.path
        self._folder = folder
        self.kafka = Kafka(
            path, chosen["kafka"], observer, controller_port=chosen["kafka_controller"], cache=cache.resolve()
        )
        self.mongo = Database(path, chosen["mongo"], observer, cache=cache.resolve(), database=database)
        self.valkey = Valkey(path, chosen["valkey"], observer)
        self.moto = ObjectStore(path, chosen["moto"], observer)

    @property
    def all(self) -> tuple[Engine, ...]:
        """The engines, in the order in which they end: what others write to goes last."""
        return (self.kafka, self.moto, self.mongo, self.valkey)

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where each is, by the names that a manifest's `${…}` use."""
        return {
            "kafka.bootstrap_servers": self.kafka.address,
            "kafka.security": "PLAINTEXT",
            "mongo.uri": self.mongo.url,
            "redis.url": self.valkey.url,
            "aws.endpoint_url": self.moto.url,
        }

    @property
    def shown(self) -> Mapping[str, str]:
        """Where each is, by a title for people."""
        return {
            self.kafka.title: self.kafka.address,
            self.mongo.title: self.mongo.url,
            self.valkey.title: self.valkey.url,
            self.moto.title: self.moto.url,
        }

    def use_buckets(self, buckets: Sequence[str], origins: Sequence[str]) -> None:
        """Says which buckets there are to be after each start, and whose scripts may use them."""
        self.moto.buckets, self.moto.origins = buckets, origins

    async def start(self) -> None:
        """Prepares and starts all, and returns when each serves. If one fails, the others are stopped.

        Raises:
            StartError: one cannot be prepared or started.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for engine in self.all:
                    group.create_task(self._bring_up(engine))
        except BaseExceptionGroup as failures:
            await self.stop()
            raise failures.exceptions[0] from None
        except BaseException:
            await self.stop()
            raise

    async def _bring_up(self, engine: Engine) -> None:
        await engine.prepare()
        await engine.start()
        self.remember()

    def remember(self) -> None:
        """Notes which processes there are, so that the next run can wait for their end after this one was killed."""
        self._folder.note_children(engine.pid for engine in self.all if engine.pid)

    async def stop(self) -> None:
        """Ends all: Kafka and the imitated services side by side, then the database, then Valkey."""
        await asyncio.gather(self.kafka.stop(), self.moto.stop())
        await self.mongo.stop()
        await self.valkey.stop()

    def kill(self) -> None:
        """Kills all at once."""
        for engine in self.all:
            engine.kill()
