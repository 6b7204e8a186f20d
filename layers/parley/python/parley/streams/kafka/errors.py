"""What can go wrong between a producer and a broker."""

from __future__ import annotations

from typing import Final

# Codes from https://kafka.apache.org/protocol#protocol_error_codes.
OUT_OF_ORDER_SEQUENCE: Final = 45
DUPLICATE_SEQUENCE: Final = 46
INVALID_PRODUCER_EPOCH: Final = 47
UNKNOWN_PRODUCER_ID: Final = 59

# UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, NOT_LEADER_OR_FOLLOWER, REQUEST_TIMED_OUT, REPLICA_NOT_AVAILABLE,
# NETWORK_EXCEPTION, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_ENOUGH_REPLICAS,
# NOT_ENOUGH_REPLICAS_AFTER_APPEND, KAFKA_STORAGE_ERROR, FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, THROTTLING.
_PASSING: Final = frozenset({3, 5, 6, 7, 9, 13, 14, 15, 19, 20, 56, 74, 75, 89})
_NEEDS_ANOTHER_ID: Final = frozenset({OUT_OF_ORDER_SEQUENCE, INVALID_PRODUCER_EPOCH, UNKNOWN_PRODUCER_ID})


class KafkaError(Exception):
    """A broker cannot be reached, does not answer in time, or answers what cannot be understood."""


class BrokerError(KafkaError):
    """A broker refused; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the broker answered with error {code}")
        self.code = code

    @property
    def is_passing(self) -> bool:
        """Whether the same request may be taken later, maybe by another broker."""
        return self.code in _PASSING

    @property
    def needs_another_id(self) -> bool:
        """Whether the broker no longer knows, or no longer believes, this producer's numbering."""
        return self.code in _NEEDS_ANOTHER_ID
