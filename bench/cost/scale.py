"""What a load of many requests a second needs: quotas, partitions, databases, and what it costs a month."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bench.cost.model import MILLION, Measured, Prices, Scenario, events_per_post

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
    api_gateway_month: float


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
    billed = requests + messages * frames_each
    return Demand(
        requests=requests,
        messages=messages,
        accounts_at_default_quota=ceil(requests / API_REQUESTS_A_SECOND),
        accounts_for_connections=ceil(connections / CONNECTION_LIFETIME_S / NEW_CONNECTIONS_A_SECOND),
        ws_send_concurrency=ceil(messages * frames_each * measured.ws_send_ms / 1000),
        store_partitions=store,
        fan_out_partitions=push,
        pollers=ceil(store / POLLER_INVOCATIONS) + ceil(push / POLLER_INVOCATIONS),
        databases=ceil(messages / DATABASE_MESSAGES_A_SECOND),
        api_gateway_month=billed * SECONDS_A_MONTH / MILLION * prices.million["websocket_message"],
    )
