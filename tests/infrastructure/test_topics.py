"""Topics as the deploy makes them."""

from __future__ import annotations

import uuid

import pytest

from parley.streams.topics import PartitionsError, TopicSpec, check_topics, create_topics
from tests.engines import RunningEngines


def test_a_topic_is_read_from_texts_as_cloudformation_sends_them() -> None:
    assert TopicSpec.read({"Name": "a", "Partitions": "12", "RetentionHours": "168"}) == TopicSpec("a", 12, 168)
    assert TopicSpec.read({"Name": "a", "Partitions": "12"}) == TopicSpec("a", 12)


def test_missing_topics_are_told_and_others_left_alone() -> None:
    topics = [TopicSpec("there", 3), TopicSpec("missing", 1)]
    assert check_topics(topics, {"there": 3, "somebody-elses": 9}) == [TopicSpec("missing", 1)]


@pytest.mark.parametrize("wanted", [2, 4])
def test_another_number_of_partitions_is_refused_in_both_directions(wanted: int) -> None:
    with pytest.raises(PartitionsError, match=f"chat.send has 3 partitions, not {wanted}.*partitions.md"):
        check_topics([TopicSpec("new", 1), TopicSpec("chat.send", wanted)], {"chat.send": 3})


@pytest.mark.engines
def test_topics_are_created_once_and_a_change_of_partitions_changes_nothing(engines: RunningEngines) -> None:
    servers, mark = engines.kafka_bootstrap_servers, uuid.uuid4().hex[:8]
    first, second = TopicSpec(f"deploy.{mark}.a", 3, 24), TopicSpec(f"deploy.{mark}.b", 1)
    assert create_topics(servers, "PLAINTEXT", [first], replication_factor=1) == [first.name]
    assert create_topics(servers, "PLAINTEXT", [first, second], replication_factor=1) == [second.name]
    assert create_topics(servers, "PLAINTEXT", [first, second], replication_factor=1) == []
    third = TopicSpec(f"deploy.{mark}.c", 1)
    with pytest.raises(PartitionsError):
        create_topics(servers, "PLAINTEXT", [TopicSpec(first.name, 6), third], replication_factor=1)
    # What was refused was refused as a whole.
    assert create_topics(servers, "PLAINTEXT", [third], replication_factor=1) == [third.name]
