"""Records on their way into Kafka."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

from kafka import KafkaProducer
from kafka.errors import KafkaError

from parley.domain.errors import ParleyError, UnavailableError
from parley.domain.records import Record

Security = Literal["PLAINTEXT", "AWS_MSK_IAM"]

_PUBLISH_TIMEOUT_S: Final = 3.5
_METADATA_TIMEOUT_MS: Final = 2_500  # whole numbers: the request that carries them has no place for others
_REQUEST_TIMEOUT_MS: Final = 2_000
_DELIVERY_TIMEOUT_MS: Final = 3_000
_PROBE_TIMEOUT_MS: Final = 1_800
_API_VERSION: Final = (3, 0)  # spares the question what a broker speaks; every broker since then speaks it


class KafkaPublisher:
    """The port Publisher.

    Args:
        bootstrap_servers: `host:port`, several separated by commas.
        security: `AWS_MSK_IAM` signs in by TLS and the function's role, `PLAINTEXT` not at all.
        encode: a record as the bytes of its value; the same record always gives the same bytes.
    """

    def __init__(self, bootstrap_servers: str, security: Security, encode: Callable[[Record], bytes]) -> None:
        self._settings: dict[str, Any] = {"bootstrap_servers": bootstrap_servers.split(",")}
        if security == "AWS_MSK_IAM":
            self._settings |= {"security_protocol": "SASL_SSL", "sasl_mechanism": "AWS_MSK_IAM"}
        self._encode = encode
        self._lock = threading.Lock()
        self._producer: KafkaProducer | None = None

    def publish(self, records: Sequence[Record]) -> list[ParleyError | None]:
        """See Publisher."""
        with self._lock:
            deadline = time.monotonic() + _PUBLISH_TIMEOUT_S
            outcomes = self._publish(records, deadline)
            if any(outcomes):
                self._discard()
            return outcomes

    def ping(self) -> None:
        """Returns when a broker answered; raises UnavailableError within 2 s when none did."""
        probe = self._connect(max_block_ms=_PROBE_TIMEOUT_MS)
        try:
            probe.partitions_for("chat.send")
        except KafkaError as error:
            raise _unavailable() from error
        finally:
            _end(probe)

    def close(self) -> None:
        """Ends the connections."""
        with self._lock:
            self._discard()

    def _publish(self, records: Sequence[Record], deadline: float) -> list[ParleyError | None]:
        producer = self._producer = self._producer or self._connect()
        failed: set[tuple[str, str]] = set()
        futures: list[Any] = []
        for record in records:
            place = (record.topic, record.key)
            future = None
            if place not in failed and time.monotonic() < deadline:
                with contextlib.suppress(KafkaError):
                    future = producer.send(record.topic, self._encode(record), record.key.encode())
            if future is None:
                failed.add(place)
            futures.append(future)
        outcomes: list[ParleyError | None] = []
        for record, future in zip(records, futures, strict=True):
            place = (record.topic, record.key)
            if place in failed or not _is_durable(future, deadline):
                failed.add(place)
                outcomes.append(_unavailable())
            else:
                outcomes.append(None)
        return outcomes

    def _connect(self, **settings: Any) -> KafkaProducer:
        return KafkaProducer(
            **{
                "acks": "all",
                "enable_idempotence": True,
                "linger_ms": 0,
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
        """A producer that failed is not used again: nothing it may still hold is to be written later."""
        producer, self._producer = self._producer, None
        if producer is not None:
            _end(producer)


def _is_durable(future: Any, deadline: float) -> bool:
    try:
        future.get(timeout=max(0.0, deadline - time.monotonic()))
    except KafkaError:
        return False
    return True


def _end(producer: KafkaProducer) -> None:
    with contextlib.suppress(KafkaError):
        producer.close(timeout=0.2)


def _unavailable() -> UnavailableError:
    return UnavailableError("Kafka cannot be reached.", retry_after_s=1.0)
