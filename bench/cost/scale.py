"""What a load of many requests a second needs: quotas, partitions, databases, and what it costs a month."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bench.cost.model import GB, HOURS_A_MONTH, MILLION, VCPU_MB, Measured, Prices, Scenario, events_per_post

SECONDS_A_MONTH = 730 * 3600

# AWS's default quotas (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html), per account and
# region, callbacks to sockets included. All can be raised on request.
API_REQUESTS_A_SECOND = 10_000
NEW_CONNECTIONS_A_SECOND = 500
CONNECTION_LIFETIME_S = 7_200
LAMBDA_CONCURRENCY = 1_000
POLLER_INVOCATIONS = 5
"""Invocations that one event poller keeps under way."""

DATABASE_MESSAGES_A_SECOND = 10_000
"""Messages that one DocumentDB writer of a large class stores; an estimate, to be measured before it is relied on."""


DATABASE_SIZE = 16
"""The writer that this takes is a db.r8g.8xlarge: sixteen times the price of the large one, by AWS's own steps."""
INSTANCES = 3

# What a broker of this size takes in, copies for others included: an estimate, to be measured before it is relied on.
BROKER_BYTES_A_SECOND = 60_000_000
BROKER_SIZE = 4
"""A kafka.m7g.2xlarge: four times the price of the large one."""
TOPICS_A_MESSAGE = 2
COPIES = 3
SEND_MB = 512


@dataclass(frozen=True, slots=True)
class Demand:
    """What `requests` a second come to."""

    requests: int
    messages: float
    accounts_at_default_quota: int
    accounts_for_connections: int
    ws_send_concurrency: int
    store_partitions: int
    fan_out_partitions: int
    pollers: int
    databases: int
    messages_month: float
    connections_month: float
    consumers_month: float
    databases_month: float
    brokers: int
    brokers_month: float
    logs_month: float
    out_month: float
    together_month: float


def demand(
    requests: int, scenario: Scenario, measured: Measured, prices: Prices, *, window_s: float, connections: int
) -> Demand:
    """The arithmetic for `requests` a second to API Gateway, frames and posts together.

    Consumers are counted on functions of a full processor; one batch of a partition is under way at a time.

    Args:
        requests: a second.
        scenario: how they are written.
        measured: what one message takes.
        prices: dollars.
        window_s: seconds for which fan_out waits.
        connections: open at a time.
    """
    frames_each = 1 / scenario.messages_per_frame
    posts_each = scenario.recipients / events_per_post(scenario, window_s)
    messages = requests / (frames_each + posts_each)
    store = ceil(messages * measured.store_ms_per_message / 1000)
    push = ceil(messages * posts_each * measured.post_ms / 1000)
    out_gb = messages * (scenario.recipients * measured.event_bytes + posts_each * measured.frame_overhead_bytes) / GB
    logs = messages * frames_each * (measured.log_bytes_per_invocation + measured.access_log_bytes) / GB
    databases = ceil(messages / DATABASE_MESSAGES_A_SECOND)
    brokers = max(3, ceil(messages * TOPICS_A_MESSAGE * measured.event_bytes * COPIES / BROKER_BYTES_A_SECOND))
    # A frame in and its ack out are billed, and each post.
    month = {
        "messages": (requests + messages * frames_each)
        * SECONDS_A_MONTH
        / MILLION
        * prices.million["websocket_message"],
        "connections": connections * SECONDS_A_MONTH / 60 / MILLION * prices.million["websocket_minute"],
        "consumers": (store + push + messages * frames_each * measured.ws_send_ms / 1000 * SEND_MB / VCPU_MB)
        * (VCPU_MB / 1024)
        * SECONDS_A_MONTH
        / MILLION
        * prices.million["lambda_gb_second"],
        "databases": databases * INSTANCES * HOURS_A_MONTH * prices.hour["db.r8g.large"] * DATABASE_SIZE,
        "brokers": brokers * HOURS_A_MONTH * prices.hour["kafka.m7g.large"] * BROKER_SIZE,
        "logs": logs * SECONDS_A_MONTH * prices.gb["log"],
        "out": out_gb * SECONDS_A_MONTH * prices.gb["out"],
    }
    return Demand(
        requests=requests,
        messages=messages,
        accounts_at_default_quota=ceil(requests / API_REQUESTS_A_SECOND),
        accounts_for_connections=ceil(connections / CONNECTION_LIFETIME_S / NEW_CONNECTIONS_A_SECOND),
        ws_send_concurrency=ceil(messages * frames_each * measured.ws_send_ms / 1000),
        store_partitions=store,
        fan_out_partitions=push,
        pollers=ceil(store / POLLER_INVOCATIONS) + ceil(push / POLLER_INVOCATIONS),
        databases=databases,
        brokers=brokers,
        **{f"{name}_month": dollars for name, dollars in month.items()},
        together_month=sum(month.values()),
    )
