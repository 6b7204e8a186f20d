"""Records on their way into Kafka."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from kafka.errors import KafkaError

from parley.domain.errors import ParleyError, UnavailableError
from parley.domain.records import CHAT_SEND, Record
from parley.streams.producer import InlineProducer
from parley.streams.sign_in import Role, connection_settings

# Times are whole milliseconds: a request that carries one has no place for a fraction.
_PUBLISH_TIMEOUT_MS: Final = 3_500
_METADATA_TIMEOUT_MS: Final = 1_700  # so that two topics that are not there fit into one call
_REQUEST_TIMEOUT_MS: Final = 2_000
_DELIVERY_TIMEOUT_MS: Final = 3_000
_PROBE_TIMEOUT_MS: Final = 1_500
_BATCH_BYTES: Final = 500_000  # a call's records for one partition in one batch: written all or none
_API_VERSION: Final = (3, 0)  # spares the question what a broker speaks; every broker since then speaks it


class KafkaPublisher:
    """The port Publisher.

    A producer with a failure is not used again, so that nothing it still holds is written after it was called failed.

    Args:
        bootstrap_servers: `host:port`, several separated by commas.
        security: see `connection_settings`.
        encode: a record as the bytes of its value; the same record always gives the same bytes.
        role: the function's, where `security` signs in with it.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        security: str,
        encode: Callable[[Record], bytes],
        *,
        role: Callable[[], Role] | None = None,
    ) -> None:
        self._settings: dict[str, Any] = {
            "bootstrap_servers": bootstrap_servers.split(","),
            **connection_settings(security, role),
        }
        self._encode = encode
        self._lock = threading.Lock()
        self._producer: InlineProducer | None = None

    def publish(self, records: Sequence[Record]) -> list[ParleyError | None]:
        """See Publisher."""
        if not records:
            return []
        deadline = time.monotonic() + _PUBLISH_TIMEOUT_MS / 1000
        if not self._lock.acquire(timeout=_PUBLISH_TIMEOUT_MS / 1000):
            return [_unavailable() for _ in records]
        try:
            outcomes: list[ParleyError | None] = [_unavailable() for _ in records]
            try:
                with contextlib.suppress(KafkaError):  # before anything was given to a producer
                    outcomes = self._publish(records, deadline)
            finally:
                if any(outcomes):
                    self._discard()
        finally:
            self._lock.release()
        return outcomes

    def ping(self) -> None:
        """Returns when a broker answered; raises UnavailableError within 2 s when none did."""
        try:
            with contextlib.closing(self._connect(max_block_ms=_PROBE_TIMEOUT_MS)) as probe:
                probe.partitions_for(CHAT_SEND)
        except KafkaError as error:
            raise _unavailable() from error

    def close(self) -> None:
        """Ends the connections."""
        with self._lock:
            self._discard()

    def _publish(self, records: Sequence[Record], deadline: float) -> list[ParleyError | None]:
        if self._producer is None:
            self._producer = self._connect()
        futures = self._send(self._producer, records, deadline)
        with contextlib.suppress(KafkaError):
            self._producer.await_all([future for future in futures if future is not None], deadline)
        return _outcomes(records, futures)

    def _send(self, producer: InlineProducer, records: Sequence[Record], deadline: float) -> list[Any]:
        """Gives the records to the producer; a future for each, or None for one that it did not take."""
        latest_s = deadline - _METADATA_TIMEOUT_MS / 1000
        taken: dict[str, bool] = {}
        refused: set[tuple[str, str]] = set()
        futures: list[Any] = []
        for record in records:
            topic, place, future = record.topic, (record.topic, record.key), None
            # Where a topic's partitions are not known yet, sending its first record waits for them.
            if taken.get(topic, time.monotonic() < latest_s) and place not in refused:
                with contextlib.suppress(KafkaError):
                    future = producer.send(topic, self._encode(record), record.key.encode())
                taken.setdefault(topic, future is not None)
            if future is None:
                refused.add(place)
            futures.append(future)
        return futures

    def _connect(self, **settings: Any) -> InlineProducer:
        return InlineProducer(
            **{
                "acks": "all",
                "enable_idempotence": True,
                "linger_ms": 0,
                "batch_size": _BATCH_BYTES,
                "max_block_ms": _METADATA_TIMEOUT_MS,
                "request_timeout_ms": _REQUEST_TIMEOUT_MS,
                "delivery_timeout_ms": _DELIVERY_TIMEOUT_MS,
                "reconnect_backoff_max_ms": 500,
                "allow_auto_create_topics": False,
                "metrics_enabled": False,
                "api_version": _API_VERSION,
                **self._settings,
                **settings,
            }
        )

    def _discard(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close()


def _outcomes(records: Sequence[Record], futures: Sequence[Any]) -> list[ParleyError | None]:
    failed: set[tuple[str, str]] = set()
    outcomes: list[ParleyError | None] = []
    for record, future in zip(records, futures, strict=True):
        place = (record.topic, record.key)
        if place not in failed and (future is None or not future.succeeded()):
            failed.add(place)
        outcomes.append(_unavailable() if place in failed else None)
    return outcomes


def _unavailable() -> UnavailableError:
    return UnavailableError("Kafka cannot be reached.", retry_after_s=1.0)
