"""The manifest's topics, made where they are missing."""

from __future__ import annotations

from collections.abc import Iterable

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from functions.manifest import Topic
from local.failures import StartError

HOUR_MS = 3_600_000


def create_topics(bootstrap_servers: str, topics: Iterable[Topic]) -> None:
    """Creates the topics that are missing, and returns when each can be written to. Blocks; repeatable.

    Raises:
        StartError: a topic is there with another number of partitions, or Kafka refuses.
    """
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=10_000)
        try:
            found = {str(topic["name"]): len(topic["partitions"]) for topic in admin.describe_topics()}
            wanted = {topic.name: topic for topic in topics}
            for topic in wanted.values():
                _check_partitions(topic, found.get(topic.name, topic.partitions))
            missing = {name: _options(topic) for name, topic in wanted.items() if name not in found}
            if missing:
                admin.create_topics(missing, wait_for_metadata=True)
        finally:
            admin.close()
    except KafkaError as error:
        raise StartError(f"Kafka did not make the topics: {error}") from error


def _options(topic: Topic) -> dict[str, object]:
    retention = {} if topic.retention_hours is None else {"retention.ms": str(topic.retention_hours * HOUR_MS)}
    return {"num_partitions": topic.partitions, "replication_factor": 1, "configs": retention}


def _check_partitions(topic: Topic, partitions: int) -> None:
    if partitions != topic.partitions:
        raise StartError(
            f"Topic {topic.name} has {partitions} partitions and the manifest says {topic.partitions}: changing that"
            " would break the order of what is in it, so put the number back, or start afresh with `make reset`."
        )
