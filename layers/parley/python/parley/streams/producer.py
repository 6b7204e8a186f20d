"""kafka-python's producer without its thread: whoever waits for a record sends it, and reads the answer, meanwhile.

A function publishes and then waits, one invocation at a time, so a thread beside it has nothing to do that the waiting
one could not. Handing over and back cost a third of a send's processor time, and between invocations Lambda freezes
threads in the middle of whatever they do. Here nothing happens between calls, and the records of one call leave
together, as nobody fetches the first of them before the last one is there.

Everything else is kafka-python's own: batches, the idempotent sequence, retries, the protocol.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from kafka import KafkaProducer
from kafka.errors import KafkaTimeoutError, TopicAuthorizationFailedError
from kafka.net.compat import KafkaNetClient
from kafka.partitioner import DefaultPartitioner
from kafka.partitioner.default import murmur2

_STALE_S: Final = 1.0
_CONNECTING_POLL_MS: Final = 50


class _OutOfTimeError(BaseException):
    """The deadline has passed. No `Exception`, as the sender's own loops catch those and go on."""


class _Client(KafkaNetClient):  # type: ignore[misc] # kafka-python ships no types
    """The network, driven by the calling thread until `deadline` (`time.monotonic`) and no longer."""

    deadline = 0.0

    def left_ms(self) -> float:
        """Milliseconds until the deadline.

        Raises:
            _OutOfTimeError: there are none.
        """
        left = (self.deadline - time.monotonic()) * 1000
        if left <= 0:
            raise _OutOfTimeError
        return left

    def poll(self, timeout_ms: float | None = None, future: Any = None) -> None:
        if timeout_ms == 0 and future is None:
            # The sender has sent, and would look once more for records that others gave meanwhile. There are no others.
            while self.in_flight_request_count():
                super().poll(timeout_ms=self.left_ms())
            return
        left = self.left_ms()
        super().poll(timeout_ms=left if timeout_ms is None else min(timeout_ms, left), future=future)

    def await_ready(self, node_id: Any, timeout_ms: float = 30_000) -> bool:
        return bool(super().await_ready(node_id, timeout_ms=min(timeout_ms, self.left_ms())))

    def wakeup(self) -> None:
        """Nobody sleeps."""

    def is_connected(self) -> bool:
        """Whether some broker can be sent to; starts connecting to one where that is not so."""
        node_id = self.least_loaded_node()
        if node_id is None:
            return False
        return bool(self.ready(node_id))


class _Partitioner(DefaultPartitioner):  # type: ignore[misc] # kafka-python ships no types
    """Where every Kafka client puts a key; its hash, in Python, is kept for a conversation's next message."""

    _hash = staticmethod(lru_cache(maxsize=4096)(murmur2))

    def partition(  # noqa: PLR0917 - as kafka-python calls it
        self, topic: str, key: Any, serialized_key: bytes | None, value: Any, serialized_value: Any, cluster: Any
    ) -> int:
        partitions = cluster.partitions_for_topic(topic)
        if serialized_key is None or not partitions:
            return int(super().partition(topic, key, serialized_key, value, serialized_value, cluster))
        return int(sorted(partitions)[(self._hash(serialized_key) & 0x7FFFFFFF) % len(partitions)])


class InlineProducer(KafkaProducer):  # type: ignore[misc] # kafka-python ships no types
    """A producer that works only while `await_all`, `partitions_for` or `close` runs. For one thread at a time.

    Args:
        configs: as KafkaProducer's, but for `kafka_client`, `partitioner` and `selector`.
    """

    def __init__(self, **configs: Any) -> None:
        self._worked_at = 0.0
        # One socket or two: asking the system about them anew each time is less than keeping a selector's books.
        super().__init__(kafka_client=_Client, partitioner=_Partitioner(), selector=selectors.PollSelector, **configs)

    @property
    def _sender(self) -> Any:
        return self._threadless_sender

    @_sender.setter
    def _sender(self, sender: Any) -> None:
        """KafkaProducer makes its sender and starts it as a thread at once; this one's is never started."""
        sender.start = lambda: None
        self._threadless_sender = sender

    @property
    def _client(self) -> _Client:
        client: _Client = self._sender._client
        return client

    def await_all(self, futures: Sequence[Any], deadline: float) -> None:
        """Works until every future of `send` is done, or until the deadline (`time.monotonic`)."""
        client, sender = self._client, self._sender
        client.deadline = deadline
        try:
            if time.monotonic() - self._worked_at > _STALE_S:
                client.poll(timeout_ms=1)  # so that a connection that a broker closed meanwhile is not written to
            for future in futures:
                while not future.is_done:
                    if client.is_connected():
                        sender.run_once()
                    else:
                        client.poll(timeout_ms=_CONNECTING_POLL_MS)
        except _OutOfTimeError:
            pass
        self._worked_at = time.monotonic()

    def close(self, timeout: float | None = None, null_logger: bool = False) -> None:  # noqa: ARG002 - as KafkaProducer's
        """Ends the connections and drops what is not sent."""
        self._unregister_cleanup()
        if getattr(self, "_closed", True):
            return
        self._closed = True
        self._sender.force_close()
        self._sender.run()  # told to end, it fails what it holds and closes the client

    def _wait_on_metadata(self, topic: str, max_wait_ms: float) -> Any:
        client, metadata = self._client, self._metadata
        client.deadline = time.monotonic() + max_wait_ms / 1000
        metadata.add_topic(topic)
        try:
            while (partitions := metadata.partitions_for_topic(topic)) is None:
                update = metadata.request_update()
                client.poll(future=update)
                if update.failed() and not update.retriable():
                    raise update.exception
                if topic in metadata.unauthorized_topics:
                    raise TopicAuthorizationFailedError({topic})
        except _OutOfTimeError:
            raise KafkaTimeoutError(f"No metadata within {max_wait_ms:.0f} ms.") from None
        return partitions
