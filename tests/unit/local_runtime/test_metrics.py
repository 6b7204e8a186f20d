"""What Prometheus is shown."""

from __future__ import annotations

from local.metrics import Metrics, TeeObserver
from local.observer import Observer
from local.runtime import Invocation


def tell(observer: Observer) -> None:
    observer.request("GET", "/api/health", 200, 2.0, 10)
    observer.connection("c1", "opened", 101, "")
    observer.connection("c2", "opened", 101, "")
    observer.connection("c1", "closed", 1001, "Going away")
    observer.frame("c2", "send", 100, 3.0)
    observer.post("c2", 200, 64)
    observer.post("c1", 410, 64)
    observer.environment("send", 7, "started", "")
    observer.environment("send", 8, "started", "")
    observer.environment("send", 7, "ended", "idle")
    observer.invocation("send", Invocation("a", "success", b"{}", 0.7, cold=True))
    observer.invocation("send", Invocation("b", "success", b"{}", 7.0, cold=False))
    observer.invocation("send", Invocation("c", "throttled", b"{}", 0.0, cold=False))
    observer.batch("store", "orders", partitions=2, records=30, ms=40.0, outcome="success")
    observer.lag("store", "orders", {0: 5, 1: 0})
    observer.lag("store", "orders", {0: 2})
    observer.log("send", "a line")
    observer.engine("kafka", "ready")


def test_everything_is_counted() -> None:
    metrics = Metrics()
    tell(metrics)
    lines = metrics.text().splitlines()
    for expected in (
        'http_requests_total{method="GET",status="200"} 1',
        "websocket_connections 1",
        "websocket_connections_opened_total 2",
        'websocket_connections_closed_total{code="1001"} 1',
        'websocket_frames_total{route="send"} 1',
        'callback_posts_total{status="410"} 1',
        "callback_post_bytes_total 128",
        'lambda_environments{function="send"} 1',
        'lambda_invocations_total{function="send",outcome="success"} 2',
        'lambda_invocations_total{function="send",outcome="throttled"} 1',
        'lambda_cold_starts_total{function="send"} 1',
        'lambda_duration_seconds_bucket{function="send",le="0.0005"} 0',
        'lambda_duration_seconds_bucket{function="send",le="0.001"} 1',
        'lambda_duration_seconds_bucket{function="send",le="0.01"} 2',
        'lambda_duration_seconds_bucket{function="send",le="+Inf"} 2',
        'lambda_duration_seconds_count{function="send"} 2',
        'lambda_duration_seconds_sum{function="send"} 0.0077',
        'kafka_batches_total{function="store",topic="orders",outcome="success"} 1',
        'kafka_batch_records_bucket{function="store",topic="orders",le="25"} 0',
        'kafka_batch_records_bucket{function="store",topic="orders",le="50"} 1',
        'kafka_lag_records{function="store",topic="orders",partition="0"} 2',
        "# TYPE lambda_duration_seconds histogram",
    ):
        assert expected in lines


def test_nothing_yet_is_zero_and_labels_are_escaped() -> None:
    metrics = Metrics()
    assert "websocket_connections 0" in metrics.text().splitlines()
    metrics.frame("c", 'a "quoted"\\\nroute', 1, 1.0)
    assert 'websocket_frames_total{route="a \\"quoted\\"\\\\\\nroute"} 1' in metrics.text().splitlines()
    content_type, body = metrics.exposition()
    assert content_type.startswith("text/plain; version=0.0.4")
    assert body.decode() == metrics.text()


def test_a_tee_tells_all() -> None:
    alone, first, second = Metrics(), Metrics(), Metrics()
    tell(alone)
    tell(TeeObserver(first, second))
    assert first.text() == second.text() == alone.text()
