"""What the Kafka client raises before it holds a record, told as what it is: Kafka is not there."""

from __future__ import annotations

from typing import Any

import pytest
from kafka.errors import KafkaConnectionError

from parley.domain.errors import UnavailableError
from parley.domain.records import SendRequested
from parley.streams import publisher
from parley.streams.publisher import KafkaPublisher
from tests.contract.samples import an_accepted_message


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> KafkaPublisher:
    def refuse(**_: Any) -> None:
        raise KafkaConnectionError("no broker")

    monkeypatch.setattr(publisher, "InlineProducer", refuse)
    return KafkaPublisher("127.0.0.1:1", "PLAINTEXT", lambda _: b"")


def test_a_producer_that_cannot_be_made_leaves_every_record_unavailable(unreachable: KafkaPublisher) -> None:
    records = [SendRequested(an_accepted_message("c_1", sender_id="u_1")) for _ in range(2)]
    outcomes = unreachable.publish(records)
    assert [type(outcome) for outcome in outcomes] == [UnavailableError] * 2


def test_a_probe_that_cannot_be_made_is_unavailable(unreachable: KafkaPublisher) -> None:
    with pytest.raises(UnavailableError):
        unreachable.ping()
