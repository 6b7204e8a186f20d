"""Which metrics matter, from when on they are worth an alarm, and what to do then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk.parts.policy import consumer_group
from functions.manifest import KafkaTrigger

if TYPE_CHECKING:
    from cdk.parts.function import ManifestFunction
    from cdk.stacks.api import ApiStack
    from cdk.stacks.consumers import ConsumersStack
    from cdk.stacks.data import DataStack
    from cdk.stages import Stage

MINUTE = Duration.minutes(1)
LAG_S = 60
"""Messages are at most a minute behind, or someone is told."""


@dataclass(frozen=True, slots=True)
class LogCount:
    """A metric counted from the lines of a log: `value` is 1 or the field that holds the number."""

    name: str
    message: str
    value: str


# What the consumers log, word for word: a test holds these against the code that logs them.
DEAD_LETTERS = LogCount("dead-letters", "a record went to the dead letters", "1")
POSTS_FAILED = LogCount("posts-failed", "not every socket took its events", "$.failed")


@dataclass(frozen=True, slots=True)
class Watch:
    """An alarm: at or above `threshold` for `minutes` in a row. `meaning` tells what is wrong and where to look."""

    name: str
    metric: cloudwatch.IMetric
    threshold: float
    minutes: int
    meaning: str


class Metrics:
    """The metrics of one stage, by name: nothing here makes another stack export anything."""

    def __init__(self, *, stage: Stage, data: DataStack, api: ApiStack, consumers: ConsumersStack) -> None:
        self._stage = stage
        self._data = data
        self._cells = [cell.api.ref for cell in api.cells]
        self._rest = api.rest.api.ref
        self._functions: Mapping[str, ManifestFunction] = {**api.functions, **consumers.functions}
        self._consumed = [
            (function, trigger.topic)
            for function in consumers.functions.values()
            for trigger in function.spec.triggers
            if isinstance(trigger, KafkaTrigger)
        ]
        self._pushing = [function for function in self._functions.values() if function.needs.manages_connections]

    def watches(self) -> Iterator[Watch]:
        """Every alarm of the stage but those that roll a deploy back."""
        yield from self._function_watches()
        yield from self._kafka_watches()
        yield from self._log_watches()
        yield from self._data_watches()
        yield from self._api_watches()

    @property
    def namespace(self) -> str:
        """Where the metrics that come from logs are kept."""
        return f"Parley/{self._stage.name}"

    def log_counts(self) -> Iterator[tuple[ManifestFunction, LogCount]]:
        """What is counted from which function's log."""
        for function in dict.fromkeys(function for function, _ in self._consumed):
            yield function, DEAD_LETTERS
        for function in self._pushing:
            yield function, POSTS_FAILED

    @staticmethod
    def log_metric(function: ManifestFunction, count: LogCount) -> str:
        """The metric's name."""
        return f"{function.spec.name}-{count.name}"

    def rows(self) -> Iterator[Sequence[tuple[str, Sequence[cloudwatch.IMetric]]]]:
        """The dashboard: rows of graphs, each a title and its series."""
        names = list(self._functions)
        yield [
            ("WebSocket messages", [self._cell(cell, "MessageCount") for cell in self._cells]),
            ("WebSocket connections opened", [self._cell(cell, "ConnectCount") for cell in self._cells]),
            ("REST requests and failures", [self._rest_metric("Count"), self._rest_metric("5xx")]),
        ]
        yield [
            ("Consumer lag, seconds", [self._lag(group, topic) for group, topic in self._consumed]),
            ("Function errors", [self._function(name, "Errors") for name in names]),
            ("Function throttles", [self._function(name, "Throttles") for name in names]),
        ]
        yield [
            ("Duration p99, ms", [self._function(name, "Duration", "p99") for name in names]),
            ("Concurrent executions", [self._function(name, "ConcurrentExecutions", "Maximum") for name in names]),
            ("Posts that failed", [self._log_count(function, POSTS_FAILED) for function in self._pushing]),
        ]
        yield [
            ("Database CPU", [self._database("CPUUtilization")]),
            (
                "Database connections and cursors",
                [self._database("DatabaseConnections"), self._database("DatabaseCursors")],
            ),
            (
                "Valkey memory and CPU",
                [self._cache("DatabaseMemoryUsagePercentage"), self._cache("EngineCPUUtilization")],
            ),
        ]

    def _function_watches(self) -> Iterator[Watch]:
        for name, function in self._functions.items():
            log = function.log_name
            yield Watch(
                f"{name}-errors",
                self._function(name, "Errors"),
                5,
                3,
                f"{name} fails again and again: see its log {log}.",
            )
            yield Watch(
                f"{name}-throttles",
                self._function(name, "Throttles"),
                1,
                3,
                f"{name} is refused by its reserved or the account's concurrency: raise it, or look for a loop.",
            )

    def _kafka_watches(self) -> Iterator[Watch]:
        for function, topic in self._consumed:
            yield Watch(
                f"{function.spec.name}-{topic}-lag",
                self._lag(function, topic),
                LAG_S,
                3,
                f"{function.spec.name} is more than {LAG_S} s behind on {topic}: see docs/runbooks/lag.md.",
            )
        if self._stage.kafka.kind == "provisioned":
            disk = self._kafka("KafkaDataLogsDiskUsed", per_broker=True)
            yield Watch("kafka-disk", disk, 80, 5, "A broker's disk is filling up: raise kafka.storage_gb.")
            offline = self._kafka("OfflinePartitionsCount")
            yield Watch("kafka-offline", offline, 1, 3, "Partitions without a leader: sends are refused as retryable.")

    def _log_watches(self) -> Iterator[Watch]:
        for function, count in self.log_counts():
            metric, name = self._log_count(function, count), function.spec.name
            if count is DEAD_LETTERS:
                yield Watch(
                    f"{name}-dead-letters", metric, 1, 1, f"{name} gave a record up: see docs/runbooks/dead-letters.md."
                )
            else:
                yield Watch(
                    f"{name}-posts", metric, 100, 5, "Posts to sockets fail: clients are made whole by sync only."
                )

    def _data_watches(self) -> Iterator[Watch]:
        database = self._stage.database
        connections, cursors = self._database("DatabaseConnections"), self._database("DatabaseCursors")
        yield Watch("database-cpu", self._database("CPUUtilization"), 80, 10, "The writer is busy: take a bigger one.")
        yield Watch(
            "database-connections",
            connections,
            database.max_connections_alarm,
            5,
            "Near the instance class's connections: bound the functions' concurrency, or take a larger instance.",
        )
        yield Watch(
            "database-cursors",
            cursors,
            database.max_cursors_alarm,
            5,
            "Near the instance class's cursors: some query leaves its cursor open.",
        )
        memory = self._cache("DatabaseMemoryUsagePercentage")
        yield Watch("cache-memory", memory, 80, 5, "Valkey fills up: take a larger node. Nothing is lost but hints.")

    def _api_watches(self) -> Iterator[Watch]:
        yield Watch(
            "rest-5xx", self._rest_metric("5xx"), 5, 3, "The REST API answers 5xx: see the rest functions' logs."
        )
        for index, cell in enumerate(self._cells):
            errors = self._cell(cell, "IntegrationError")
            meaning = f"Functions behind WebSocket cell {index} fail: clients get 'Internal server error'."
            yield Watch(f"websocket-{index}-errors", errors, 5, 3, meaning)

    def _function(self, name: str, metric: str, statistic: str = "Sum") -> cloudwatch.Metric:
        dimensions = {"FunctionName": self._stage.resource(name)}
        return _metric("AWS/Lambda", metric, dimensions, statistic, label=name)

    def _lag(self, function: ManifestFunction, topic: str) -> cloudwatch.Metric:
        dimensions = {
            "Cluster Name": self._data.kafka.cluster_name,
            "Consumer Group": consumer_group(function.function_name, topic),
            "Topic": topic,
        }
        return _metric("AWS/Kafka", "EstimatedMaxTimeLag", dimensions, "Maximum", label=topic)

    def _kafka(self, metric: str, *, per_broker: bool = False) -> cloudwatch.IMetric:
        cluster = {"Cluster Name": self._data.kafka.cluster_name}
        if not per_broker:
            return _metric("AWS/Kafka", metric, cluster, "Maximum")
        brokers = range(1, self._stage.kafka.brokers + 1)
        series = {
            f"b{broker}": _metric("AWS/Kafka", metric, {**cluster, "Broker ID": str(broker)}, "Maximum")
            for broker in brokers
        }
        return cloudwatch.MathExpression(
            expression="MAX([" + ",".join(series) + "])", using_metrics=series, label=metric, period=MINUTE
        )

    def _database(self, metric: str) -> cloudwatch.Metric:
        dimensions = {"DBClusterIdentifier": self._data.database.cluster_name}
        return _metric("AWS/DocDB", metric, dimensions, "Maximum")

    def _cache(self, metric: str) -> cloudwatch.Metric:
        # The first node; the others hold copies of what it holds.
        return _metric("AWS/ElastiCache", metric, {"CacheClusterId": f"{self._data.cache.group_name}-001"}, "Maximum")

    def _cell(self, api_id: str, metric: str) -> cloudwatch.Metric:
        return _metric("AWS/ApiGateway", metric, {"ApiId": api_id}, "Sum")

    def _rest_metric(self, metric: str) -> cloudwatch.Metric:
        return _metric("AWS/ApiGateway", metric, {"ApiId": self._rest}, "Sum")

    def _log_count(self, function: ManifestFunction, count: LogCount) -> cloudwatch.Metric:
        return _metric(self.namespace, self.log_metric(function, count), {}, "Sum", label=function.spec.name)


def _metric(
    namespace: str, name: str, dimensions: Mapping[str, str], statistic: str, *, label: str | None = None
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dict(dimensions),
        statistic=statistic,
        period=MINUTE,
        label=label,
    )
