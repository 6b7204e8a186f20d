"""The arithmetic. Every line of a bill is a quantity, a unit price and where the quantity comes from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from cdk.stages import Stage
from functions.manifest import Function, KafkaTrigger, Manifest

HOURS_A_MONTH = 730
MILLION = 1_000_000
GB = 1_000_000_000
VCPU_MB = 1_769
"""Memory at which Lambda gives a function one processor."""

FOLDER = Path(__file__).parent
ALARMS = 40


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill. `core` says whether it belongs to the way of a message itself: API Gateway and Lambda."""

    what: str
    quantity: float
    unit_price: float
    core: bool = False

    @property
    def dollars(self) -> float:
        """The line's amount."""
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by what they are for: an hour, a month, a million, a gigabyte."""

    as_of: str
    verified: bool
    region: str
    hour: Mapping[str, float]
    month: Mapping[str, float]
    million: Mapping[str, float]
    gb: Mapping[str, float]
    gb_second: Mapping[str, float]
    seen: Mapping[str, str]
    units: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Scenario:
    """How a million messages are written; see scenarios.toml."""

    title: str
    recipients: int
    messages_per_frame: int
    messages_per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What one message takes; see scenarios.toml."""

    ws_send_ms: float
    store_ms_per_message: float
    post_ms: float
    batch: float
    io_per_message: float
    event_bytes: float
    frame_overhead_bytes: float
    log_bytes_per_invocation: float
    access_log_bytes: float


def load_prices(path: Path = FOLDER / "prices.toml") -> Prices:
    """Reads the prices."""
    return Prices(**tomllib.loads(path.read_text(encoding="utf-8")))


def load_scenarios(path: Path = FOLDER / "scenarios.toml") -> tuple[dict[str, Scenario], Measured]:
    """Reads the scenarios and what a message takes."""
    raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: Scenario(**values) for name, values in raw["scenario"].items()}, Measured(**raw["measured"])


def total(lines: Iterable[Line], *, core_only: bool = False) -> float:
    """Dollars of a bill, or of the way of a message alone."""
    return sum(line.dollars for line in lines if line.core or not core_only)


def idle_month(stage: Stage, manifest: Manifest, prices: Prices) -> list[Line]:
    """What a stage costs in a month in which nobody writes anything."""
    network = stage.network
    nat = network.nat_gateways if network.egress == "nat" else 0
    mappings = sum(isinstance(trigger, KafkaTrigger) for f in manifest.functions.values() for trigger in f.triggers)
    poller_units = ceil(mappings * stage.kafka.pollers_min / prices.units["pollers_per_poller_unit"])
    hourly = [
        *_kafka_hours(stage, manifest),
        ("DocumentDB instances", stage.database.instances, stage.database.instance_class),
        ("Valkey nodes", stage.cache.replicas + 1, stage.cache.node_type),
        ("Kafka event poller units", poller_units, "poller_unit"),
        ("NAT gateways", nat, "nat"),
        ("Addresses of NAT gateways", nat, "public_ipv4"),
        ("Endpoint for secrets, zones", network.endpoint_zones, "endpoint"),
    ]
    monthly = [
        (
            "Kafka storage, GB",
            stage.kafka.brokers * stage.kafka.storage_gb * (stage.kafka.kind == "provisioned"),
            "kafka_gb",
        ),
        ("Database storage, GB", 10, "database_gb"),
        ("Keys", 1, "key"),
        ("Secrets", 4, "secret"),
        ("Alarms", ALARMS, "alarm"),
        ("Dashboard", 1, "dashboard"),
    ]
    lines = [Line(what, count * HOURS_A_MONTH, prices.hour[name]) for what, count, name in hourly if count]
    return lines + [Line(what, count, prices.month[name]) for what, count, name in monthly if count]


def events_per_post(scenario: Scenario, window_s: float) -> float:
    """How many events one post to a connection carries on average.

    A batch opens with the first event, takes what else comes for that connection within the window, and a burst comes
    whole: it is one frame, one record after another in the same partition.
    """
    return scenario.burst * (1 + scenario.messages_per_second / scenario.burst * window_s)


def million_messages(
    scenario: Scenario, measured: Measured, manifest: Manifest, prices: Prices, *, window_s: float, nat: bool
) -> list[Line]:
    """What a million messages cost on top of the idle month.

    Args:
        scenario: how they are written.
        measured: what one takes.
        manifest: memory of the functions.
        prices: dollars.
        window_s: seconds for which fan_out waits to fill a batch.
        nat: whether posts go out through NAT.
    """
    frames = MILLION / scenario.messages_per_frame
    posts = MILLION * scenario.recipients / events_per_post(scenario, window_s)
    batches = 2 * MILLION / measured.batch
    out_bytes = MILLION * scenario.recipients * measured.event_bytes + posts * measured.frame_overhead_bytes
    logged = (frames + batches) * measured.log_bytes_per_invocation + frames * measured.access_log_bytes
    seconds = {
        "ws_send": frames * measured.ws_send_ms / 1000,
        "store_messages": _seconds(manifest.functions["store_messages"], MILLION * measured.store_ms_per_message),
        "fan_out": _seconds(manifest.functions["fan_out"], posts * measured.post_ms),
    }
    gb_seconds = sum(time * manifest.functions[name].memory_mb / 1024 for name, time in seconds.items())
    per_million = [
        ("Frames in", frames, "websocket_message"),
        ("Acks out", frames, "websocket_message"),
        ("Posts out", posts, "websocket_message"),
        ("Lambda requests", frames + batches, "lambda_request"),
        ("Lambda GB-seconds", gb_seconds, "lambda_gb_second"),
    ]
    lines = [Line(what, count / MILLION, prices.million[name], core=True) for what, count, name in per_million]
    lines += [
        Line("Database I/O, millions", measured.io_per_message, prices.million["database_io"]),
        Line("Logs, GB", logged / GB, prices.gb["log"]),
        Line("To the internet, GB", out_bytes / GB, prices.gb["out"]),
    ]
    return [*lines, Line("Through NAT, GB", out_bytes / GB, prices.gb["nat"])] if nat else lines


def fan_out_window_s(manifest: Manifest, stage: Stage) -> float:
    """How long fan_out waits for a fuller batch, by the stage or else by the manifest."""
    if "chat.receive" in stage.kafka.windows_s:
        return stage.kafka.windows_s["chat.receive"]
    triggers = [t for t in manifest.functions["fan_out"].triggers if isinstance(t, KafkaTrigger)]
    return max(trigger.batching_window_ms for trigger in triggers if trigger.topic == "chat.receive") / 1000


def _seconds(function: Function, core_ms: float) -> float:
    """Billed seconds for processor time measured on a full core, which a small function has a share of only."""
    return core_ms / 1000 / min(1.0, function.memory_mb / VCPU_MB)


def _kafka_hours(stage: Stage, manifest: Manifest) -> list[tuple[str, int, str]]:
    if stage.kafka.kind == "provisioned":
        return [("Kafka brokers", stage.kafka.brokers, stage.kafka.instance_type)]
    partitions = sum(topic.partitions for topic in manifest.topics.values())
    return [("MSK Serverless", 1, "msk.serverless"), ("Partitions", partitions, "msk.serverless.partition")]
