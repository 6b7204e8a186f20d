"""Dead-letter topics, read from their beginning, and records on their way back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from parley.domain.errors import UnavailableError
from parley.domain.records import DEAD_LETTER_PREFIX, DeadLetter, Record
from parley.ports import BuriedLetter
from parley.streams.producer import InlineProducer
from parley.streams.sign_in import Role, connection_settings

_TIMEOUT_MS: Final = 10_000
_SEND_TIMEOUT_S: Final = 10.0


class KafkaDeadLetters:
    """The port DeadLetterLog.

    Args:
        bootstrap_servers: `host:port`, several separated by commas.
        security: see `connection_settings`.
        decode: a record out of the bytes of its value; raises ValueError or ParleyError for what is none.
        role: the function's, where `security` signs in with it.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        security: str,
        decode: Callable[[bytes], Record],
        *,
        role: Callable[[], Role] | None = None,
    ) -> None:
        self._settings: dict[str, Any] = {
            "bootstrap_servers": bootstrap_servers.split(","),
            **connection_settings(security, role),
        }
        self._decode = decode
        self._producer: InlineProducer | None = None

    def read_letters(self, consumer: str) -> Iterator[BuriedLetter]:
        """See DeadLetterLog."""
        with _kafka_call(), contextlib.closing(self._connect()) as reader:
            topic = f"{DEAD_LETTER_PREFIX}{consumer}"
            places = [TopicPartition(topic, number) for number in sorted(reader.partitions_for_topic(topic) or ())]
            ends = reader.end_offsets(places) if places else {}
            for place in places:
                reader.assign([place])
                reader.seek_to_beginning(place)
                yield from self._read_until(reader, place, ends[place])

    def replay(self, letter: DeadLetter) -> None:
        """See DeadLetterLog."""
        with _kafka_call():
            if self._producer is None:
                self._producer = InlineProducer(
                    acks="all", enable_idempotence=True, allow_auto_create_topics=False, **self._settings
                )
            future = self._producer.send(letter.source_topic, letter.source_value, letter.source_key)
            self._producer.await_all([future], time.monotonic() + _SEND_TIMEOUT_S)
            if not future.succeeded():
                self.close()
                raise UnavailableError("The record could not be written.", retry_after_s=1.0)

    def close(self) -> None:
        """Ends the connections."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close()

    def _connect(self) -> Any:
        return KafkaConsumer(
            group_id=None,
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            auto_offset_reset="earliest",
            request_timeout_ms=_TIMEOUT_MS,
            **self._settings,
        )

    def _read_until(self, reader: Any, place: TopicPartition, end: int) -> Iterator[BuriedLetter]:
        give_up_at = time.monotonic() + _TIMEOUT_MS / 1000
        while reader.position(place) < end:
            found = reader.poll(timeout_ms=500).get(place, ())
            if found:
                give_up_at = time.monotonic() + _TIMEOUT_MS / 1000
            elif time.monotonic() > give_up_at:
                raise UnavailableError("Kafka does not give its records.", retry_after_s=1.0)
            for record in found:
                letter = self._decode(record.value)
                if isinstance(letter, DeadLetter) and record.offset < end:
                    yield BuriedLetter(record.offset, letter)


@contextlib.contextmanager
def _kafka_call() -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise UnavailableError("Kafka cannot be reached.", retry_after_s=1.0) from error
