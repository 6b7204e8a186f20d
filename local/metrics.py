"""Counts and histograms of what the twin does, as text for Prometheus."""

# ruff: noqa: ARG002 - an observer takes what it is told, also what it does not count: ids and paths are no labels

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from local.observer import BatchOutcome, ConnectionChange, EngineState, NullObserver, Observer
from local.prometheus import Counter, Histogram
from local.runtime.invocation import Invocation

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
RECORDS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000)


class Metrics(NullObserver):
    """An observer that counts. Not safe for several threads: all observers are called on the loop's."""

    def __init__(self) -> None:
        self._requests = Counter("http_requests_total", "HTTP requests answered.", ("method", "status"))
        self._request_time = Histogram("http_request_seconds", "Time to answer an HTTP request.", ("method",), SECONDS)
        self._connections = Counter("websocket_connections", "WebSocket connections open now.", kind="gauge")
        self._opened = Counter("websocket_connections_opened_total", "WebSocket connections opened.")
        self._closed = Counter("websocket_connections_closed_total", "WebSocket connections closed.", ("code",))
        self._frames = Counter("websocket_frames_total", "Frames from clients.", ("route",))
        self._frame_time = Histogram("websocket_frame_seconds", "Time to serve a client's frame.", ("route",), SECONDS)
        self._posts = Counter("callback_posts_total", "Calls of @connections by functions.", ("status",))
        self._post_bytes = Counter("callback_post_bytes_total", "Bytes posted to @connections.")
        self._invocations = Counter("lambda_invocations_total", "Invocations.", ("function", "outcome"))
        self._durations = Histogram("lambda_duration_seconds", "Time in the function.", ("function",), SECONDS)
        self._cold_starts = Counter("lambda_cold_starts_total", "First invocations of an environment.", ("function",))
        self._environments = Counter(
            "lambda_environments", "Execution environments alive now.", ("function",), kind="gauge"
        )
        self._batches = Counter("kafka_batches_total", "Batches handed over.", ("function", "topic", "outcome"))
        self._batch_records = Histogram(
            "kafka_batch_records", "Records in a batch.", ("function", "topic"), tuple(float(size) for size in RECORDS)
        )
        self._batch_time = Histogram("kafka_batch_seconds", "Time to process a batch.", ("function", "topic"), SECONDS)
        self._lag = Counter(
            "kafka_lag_records", "Records not yet committed.", ("function", "topic", "partition"), kind="gauge"
        )
        self._all = [value for value in vars(self).values() if isinstance(value, Counter | Histogram)]

    def text(self) -> str:
        """Everything counted so far, in Prometheus' text format."""
        return "".join(f"{line}\n" for metric in self._all for line in metric.lines())

    def exposition(self) -> tuple[str, bytes]:
        """Content type and body for an HTTP route."""
        return CONTENT_TYPE, self.text().encode("utf-8")

    def request(self, method: str, path: str, status: int, ms: float, size: int) -> None:
        """Counts a request; its path is no label, as paths hold ids."""
        self._requests.add(method, str(status))
        self._request_time.observe(ms / 1000, method)

    def frame(self, connection_id: str, route: str, size: int, ms: float) -> None:
        """Counts a frame."""
        self._frames.add(route)
        self._frame_time.observe(ms / 1000, route)

    def connection(self, connection_id: str, change: ConnectionChange, code: int, reason: str) -> None:
        """Counts connections up and down."""
        if change == "opened":
            self._opened.add()
            self._connections.add()
        else:
            self._closed.add(str(code))
            self._connections.add(by=-1)

    def post(self, connection_id: str, status: int, size: int) -> None:
        """Counts a post."""
        self._posts.add(str(status))
        self._post_bytes.add(by=size)

    def invocation(self, function: str, invocation: Invocation) -> None:
        """Counts an invocation; one that never ran has no duration."""
        self._invocations.add(function, invocation.outcome)
        if invocation.duration_ms:
            self._durations.observe(invocation.duration_ms / 1000, function)
        if invocation.cold:
            self._cold_starts.add(function)

    def environment(self, function: str, pid: int, change: Literal["started", "ended"], reason: str) -> None:
        """Counts environments up and down."""
        self._environments.add(function, by=1 if change == "started" else -1)

    def batch(
        self, function: str, topic: str, *, partitions: int, records: int, ms: float, outcome: BatchOutcome
    ) -> None:
        """Counts a batch."""
        self._batches.add(function, topic, outcome)
        self._batch_records.observe(records, function, topic)
        self._batch_time.observe(ms / 1000, function, topic)

    def lag(self, function: str, topic: str, lags: Mapping[int, int]) -> None:
        """Keeps the latest lag."""
        for partition, lag in lags.items():
            self._lag.put(function, topic, str(partition), value=lag)


class TeeObserver:
    """Tells several observers the same, in order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def request(self, method: str, path: str, status: int, ms: float, size: int) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.request(method, path, status, ms, size)

    def frame(self, connection_id: str, route: str, size: int, ms: float) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.frame(connection_id, route, size, ms)

    def connection(self, connection_id: str, change: ConnectionChange, code: int, reason: str) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.connection(connection_id, change, code, reason)

    def post(self, connection_id: str, status: int, size: int) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.post(connection_id, status, size)

    def invocation(self, function: str, invocation: Invocation) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.invocation(function, invocation)

    def environment(self, function: str, pid: int, change: Literal["started", "ended"], reason: str) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.environment(function, pid, change, reason)

    def batch(
        self, function: str, topic: str, *, partitions: int, records: int, ms: float, outcome: BatchOutcome
    ) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.batch(function, topic, partitions=partitions, records=records, ms=ms, outcome=outcome)

    def lag(self, function: str, topic: str, lags: Mapping[int, int]) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.lag(function, topic, lags)

    def log(self, function: str, line: str) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.log(function, line)

    def engine(self, name: str, state: EngineState, detail: str = "", progress: float | None = None) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.engine(name, state, detail, progress)

    def fault(self, words: str) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.fault(words)
