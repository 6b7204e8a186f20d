"""The consumers: batches of Kafka records to services, and what could not be done back to the event source.

A record that cannot be processed goes to its consumer's dead-letter topic and never blocks its partition. One that
cannot be processed now is reported, with the lowest offset of each partition (AWS, "Handling errors with self-managed
Apache Kafka event sources": `batchItemFailures`), and comes again with all that follows it.
"""

from __future__ import annotations

import base64
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from parley.domain.errors import InvalidRequestError, ParleyError, UnavailableError
from parley.domain.records import (
    ChangeRequested,
    ConversationCreated,
    DeadLetter,
    FanOutChunk,
    GroupDeleted,
    GroupShown,
    MembersChanged,
    MessageChanged,
    MessageStored,
    PushEvent,
    ReceiptMoved,
    ReceiptRequested,
    Record,
    SendRequested,
)
from parley.domain.times import from_epoch_ms
from parley.observability import begin_invocation, describe_stack, log_unexpected
from parley.protocol.records import decode_record

if TYPE_CHECKING:
    from parley.ports import Clock, Publisher
    from parley.services.changing import Changing
    from parley.services.chunks import ChunkFanOut
    from parley.services.fan_out import FanOut
    from parley.services.receipts import ReceiptRecording
    from parley.services.storing import Storing

Event = Mapping[str, Any]
Handler = Callable[[Any, Any], dict[str, Any]]
Process = Callable[[Sequence[Any]], Sequence[ParleyError | None]]

_log = logging.getLogger(__name__)

_PUSHED = (
    MessageStored,
    ConversationCreated,
    MessageChanged,
    ReceiptMoved,
    GroupShown,
    MembersChanged,
    GroupDeleted,
)

# A dead letter carries its record in base64 and must itself be under Kafka's usual 1 MB.
_DEAD_VALUE_MAX_BYTES = 700_000


class StreamServices(Protocol):
    """What every consumer uses."""

    @property
    def publisher(self) -> Publisher: ...

    @property
    def clock(self) -> Clock: ...


class StoreServices(StreamServices, Protocol):
    """What store_messages uses."""

    @property
    def storing(self) -> Storing: ...


class ChangeServices(StreamServices, Protocol):
    """What apply_changes uses."""

    @property
    def changing(self) -> Changing: ...


class ReceiptServices(StreamServices, Protocol):
    """What record_receipts uses."""

    @property
    def receipt_recording(self) -> ReceiptRecording: ...


class ChunkServices(StreamServices, Protocol):
    """What fan_out_chunk uses."""

    @property
    def chunk_fan_out(self) -> ChunkFanOut: ...


class FanOutServices(StreamServices, Protocol):
    """What fan_out uses."""

    @property
    def fan_out(self) -> FanOut: ...


@dataclass(frozen=True, slots=True)
class Item:
    """One Kafka record as it came; `source` is the event source's name for its partition."""

    source: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: datetime | None = None


def store_messages_handler(services: StoreServices) -> Handler:
    """Handles batches of `chat.send`."""

    def process(records: Sequence[SendRequested]) -> Sequence[ParleyError | None]:
        return services.storing.store_messages([record.message for record in records])

    return _handler("store_messages", (SendRequested,), process, services)


def apply_changes_handler(services: ChangeServices) -> Handler:
    """Handles batches of `chat.edit`, `chat.delete` and `chat.react`, each by itself."""

    def process(records: Sequence[ChangeRequested]) -> Sequence[ParleyError | None]:
        return services.changing.apply_changes([record.change for record in records])

    return _handler("apply_changes", (ChangeRequested,), process, services)


def record_receipts_handler(services: ReceiptServices) -> Handler:
    """Handles batches of `chat.seen`."""

    def process(records: Sequence[ReceiptRequested]) -> Sequence[ParleyError | None]:
        return services.receipt_recording.record_receipts([record.receipt for record in records])

    return _handler("record_receipts", (ReceiptRequested,), process, services)


def fan_out_handler(services: FanOutServices) -> Handler:
    """Handles batches of `chat.receive` and of `chat.receipt`, each by itself."""

    def process(events: Sequence[PushEvent | GroupShown]) -> Sequence[ParleyError | None]:
        report = services.fan_out.fan_out(events)
        if report.failed or report.gone:
            _log.info("not every socket took its events", extra={"failed": report.failed, "gone": report.gone})
        return [None] * len(events)

    return _handler("fan_out", _PUSHED, process, services)


def fan_out_chunk_handler(services: ChunkServices) -> Handler:
    """Handles batches of `chat.fanout`."""

    def process(chunks: Sequence[FanOutChunk]) -> Sequence[ParleyError | None]:
        services.chunk_fan_out.fan_out_chunks(chunks)
        return [None] * len(chunks)

    return _handler("fan_out_chunk", (FanOutChunk,), process, services)


def _handler(consumer: str, kinds: tuple[type[Record], ...], process: Process, services: StreamServices) -> Handler:
    def handle(event: Event, context: Any) -> dict[str, Any]:
        begin_invocation(context)
        return _Batch(consumer, kinds, process, services).run(event)

    return handle


class _Batch:
    """One batch on its way through a consumer."""

    def __init__(
        self, consumer: str, kinds: tuple[type[Record], ...], process: Process, services: StreamServices
    ) -> None:
        self._consumer = consumer
        self._kinds = kinds
        self._process = process
        self._services = services
        self._dead: list[tuple[Item, Exception]] = []
        self._tries: Counter[tuple[str, int]] = Counter()
        self._later: dict[str, int] = {}

    def run(self, event: Event) -> dict[str, Any]:
        self._do_all([pair for pair in map(self._decode, _items_of(event)) if pair is not None])
        self._bury()
        if self._later:
            _log.warning("records come again", extra={"consumer": self._consumer, "first_offsets": self._later})
        return {
            "batchItemFailures": [
                {"itemIdentifier": {"partition": source, "offset": offset}} for source, offset in self._later.items()
            ]
        }

    def _put_off(self, item: Item) -> None:
        """The event source gives the record again, and with it all that follow in its partition."""
        self._later[item.source] = min(item.offset, self._later.get(item.source, item.offset))

    def _is_put_off(self, item: Item) -> bool:
        return item.source in self._later and item.offset >= self._later[item.source]

    def _decode(self, item: Item) -> tuple[Item, Record] | None:
        try:
            if item.value is None:
                raise InvalidRequestError("The record has no value.")
            record = decode_record(item.value)
            if not isinstance(record, self._kinds):
                raise InvalidRequestError("The record is of a kind that does not belong here.")
        except InvalidRequestError as error:
            self._dead.append((item, error))
            return None
        return item, record

    def _do_all(self, pairs: Sequence[tuple[Item, Record]]) -> None:
        """Processes records; where that raises, halves them until what raises stands alone.

        What follows a record that was put off is left alone: done now, it would overtake that one.
        """
        pairs = [pair for pair in pairs if not self._is_put_off(pair[0])]
        if not pairs:
            return
        self._tries.update((item.source, item.offset) for item, _ in pairs)
        try:
            outcomes = self._process([record for _, record in pairs])
        except (UnavailableError, OSError) as error:
            _log.warning("a batch could not be processed now", extra={"error_type": type(error).__qualname__})
            for item, _ in pairs:
                self._put_off(item)
            return
        except Exception as error:  # noqa: BLE001  # the edge: a fault of one record must not hold up the others
            log_unexpected(_log, "records could not be processed", error, consumer=self._consumer, count=len(pairs))
            self._halve(pairs, error)
            return
        for pair, outcome in zip(pairs, outcomes, strict=True):
            if outcome is not None:
                self._fail(pair, outcome)

    def _halve(self, pairs: Sequence[tuple[Item, Record]], error: Exception) -> None:
        if len(pairs) > 1:
            middle = len(pairs) // 2
            self._do_all(pairs[:middle])
            self._do_all(pairs[middle:])
        else:
            self._fail(pairs[0], error)

    def _fail(self, pair: tuple[Item, Record], error: Exception) -> None:
        """A record that is refused for good is tried once more by itself, then buried; others come again."""
        item, record = pair
        if isinstance(error, ParleyError) and error.retryable:
            self._put_off(item)
            return
        self._tries[item.source, item.offset] += 1
        try:
            (outcome,) = self._process([record])
        except (UnavailableError, OSError):
            self._put_off(item)
            return
        except Exception as again:  # noqa: BLE001  # the edge
            self._dead.append((item, again))
            return
        if outcome is None:
            return
        if outcome.retryable:
            self._put_off(item)
        else:
            self._dead.append((item, outcome))

    def _bury(self) -> None:
        """Hands what is dead to the dead-letter topic; what cannot be handed over comes again, so that none is lost."""
        if not self._dead:
            return
        now = self._services.clock.now()
        letters = [self._letter(item, cause, now) for item, cause in self._dead]
        try:
            outcomes: Sequence[ParleyError | None] = self._services.publisher.publish(letters)
        except UnavailableError as unavailable:
            outcomes = [unavailable] * len(letters)
        for (item, cause), outcome in zip(self._dead, outcomes, strict=True):
            if outcome is not None:
                self._put_off(item)
            else:
                _log.error(
                    "a record went to the dead letters",
                    extra={
                        "consumer": self._consumer,
                        "partition": item.source,
                        "offset": item.offset,
                        "error_type": type(cause).__qualname__,
                    },
                )

    def _letter(self, item: Item, error: Exception, now: datetime) -> DeadLetter:
        too_large = item.value is not None and len(item.value) > _DEAD_VALUE_MAX_BYTES
        return DeadLetter(
            consumer=self._consumer,
            source_topic=item.topic,
            source_partition=item.partition,
            source_offset=item.offset,
            source_key=item.key,
            source_value=None if too_large else item.value,
            error_type=type(error).__qualname__,
            error_message=_describe(error) + (" It is too large to be kept here." if too_large else ""),
            stack=describe_stack(error),
            failed_at=now,
            source_timestamp=item.timestamp,
            tries=max(1, self._tries[item.source, item.offset]),
        )


def _items_of(event: Event) -> Iterator[Item]:
    """The records of an event in their order, partition by partition (AWS, "Using Lambda with Kafka": the event)."""
    for source, records in event["records"].items():
        for record in records:
            yield Item(
                source=source,
                topic=record["topic"],
                partition=record["partition"],
                offset=record["offset"],
                key=_decode_base64(record.get("key")),
                value=_decode_base64(record.get("value")),
                timestamp=from_epoch_ms(record["timestamp"]) if "timestamp" in record else None,
            )


def _decode_base64(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _describe(error: Exception) -> str:
    if isinstance(error, InvalidRequestError) and error.problems:
        return f"{error.detail} " + "; ".join(f"{problem.field}: {problem.message}" for problem in error.problems)
    return error.detail if isinstance(error, ParleyError) else type(error).__qualname__
