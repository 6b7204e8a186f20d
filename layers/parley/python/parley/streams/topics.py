"""Topics, made at deploy: what is missing is created, what is there is left as it is, and nothing is ever deleted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Self

from kafka import KafkaAdminClient
from kafka.errors import TopicAlreadyExistsError

from parley.streams.sign_in import Role, connection_settings

_TIMEOUT_MS: Final = 30_000
_HOUR_MS: Final = 3_600_000


class PartitionsError(Exception):
    """A topic has another number of partitions than it should have; the text names it and both numbers."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it should be. `retention_hours` None leaves the broker's default."""

    name: str
    partitions: int
    retention_hours: int | None = None

    @classmethod
    def read(cls, properties: Mapping[str, Any]) -> Self:
        """A topic out of a custom resource's properties, in which CloudFormation makes every number a text.

        Raises:
            KeyError, ValueError: something is missing or no number.
        """
        hours = properties.get("RetentionHours")
        return cls(str(properties["Name"]), int(properties["Partitions"]), int(hours) if hours else None)


def create_topics(
    bootstrap_servers: str,
    security: str,
    topics: Collection[TopicSpec],
    *,
    replication_factor: int,
    role: Callable[[], Role] | None = None,
) -> list[str]:
    """Creates the topics that are missing; idempotent.

    Before anything is created, the partitions of those that exist are compared. Other numbers are refused in both
    directions: a key would go to another partition, and its new records would overtake those that wait in the old one.
    docs/runbooks/partitions.md tells how to grow instead.

    Returns:
        The names of the topics that were created, sorted.

    Raises:
        PartitionsError: a topic has another number of partitions.
        kafka.errors.KafkaError: the brokers cannot be reached, or refuse.
    """
    admin = KafkaAdminClient(
        bootstrap_servers=bootstrap_servers.split(","),
        request_timeout_ms=_TIMEOUT_MS,
        **connection_settings(security, role),
    )
    try:
        missing = check_topics(topics, _partitions(admin, [topic.name for topic in topics]))
        for topic in missing:
            # Two deploys at once may both find it missing; the second one's is then there already.
            with suppress(TopicAlreadyExistsError):
                admin.create_topics({topic.name: _options(topic, replication_factor)}, timeout_ms=_TIMEOUT_MS)
    finally:
        admin.close()
    return sorted(topic.name for topic in missing)


def check_topics(topics: Collection[TopicSpec], existing: Mapping[str, int]) -> list[TopicSpec]:
    """The topics that are not among `existing` (name to number of partitions).

    Raises:
        PartitionsError: one that exists has another number of partitions; every such one is named.
    """
    wrong = [
        f"{topic.name} has {existing[topic.name]} partitions, not {topic.partitions}"
        for topic in topics
        if existing.get(topic.name, topic.partitions) != topic.partitions
    ]
    if wrong:
        raise PartitionsError(f"{'; '.join(wrong)}: their number never changes, see docs/runbooks/partitions.md")
    return [topic for topic in topics if topic.name not in existing]


def _partitions(admin: Any, names: Sequence[str]) -> dict[str, int]:
    described = admin.describe_topics(list(names))
    return {topic["name"]: len(topic["partitions"]) for topic in described if not topic["error_code"]}


def _options(topic: TopicSpec, replication_factor: int) -> dict[str, Any]:
    configs = {"retention.ms": str(topic.retention_hours * _HOUR_MS)} if topic.retention_hours else {}
    return {"num_partitions": topic.partitions, "replication_factor": replication_factor, "configs": configs}
