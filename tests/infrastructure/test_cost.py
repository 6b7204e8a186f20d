"""The cost model's arithmetic, held to bills that were worked out by hand."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path

import pytest

from bench.cost.__main__ import BLOCK, PAGES, filled
from bench.cost.model import (
    Measured,
    Prices,
    Scenario,
    events_per_post,
    fan_out_window_s,
    idle_month,
    load_prices,
    load_scenarios,
    million_messages,
    total,
)
from bench.cost.scale import demand
from cdk.stages import STAGES, load_stage
from functions.manifest import KafkaTrigger, Manifest


@pytest.fixture
def prices() -> Prices:
    return load_prices()


@pytest.fixture
def measured() -> Measured:
    return load_scenarios()[1]


@pytest.fixture
def spread() -> Scenario:
    return load_scenarios()[0]["spread"]


def test_waiting_a_second_joins_two_events_of_one_a_second(spread: Scenario) -> None:
    assert events_per_post(spread, 0) == 1
    assert events_per_post(spread, 1) == 2
    assert events_per_post(dataclasses.replace(spread, burst=25), 0) == 25


def test_without_joining_ten_recipients_cost_ten_posts_a_frame_and_an_ack(
    spread: Scenario, measured: Measured, manifest: Manifest, prices: Prices
) -> None:
    lines = million_messages(spread, measured, manifest, prices, window_s=0, nat=False)
    gateway = sum(line.dollars for line in lines if line.what in ("Frames in", "Acks out", "Posts out"))
    assert gateway == pytest.approx(12.0)
    assert total(lines, core_only=True) == pytest.approx(12.4, abs=0.2)


def test_the_targets_hold_for_the_way_of_a_message_in_bursts_and_with_a_seconds_wait(
    measured: Measured, manifest: Manifest, prices: Prices
) -> None:
    scenarios, _ = load_scenarios()
    waiting = million_messages(scenarios["spread"], measured, manifest, prices, window_s=1, nat=True)
    bursts = million_messages(scenarios["bursts"], measured, manifest, prices, window_s=0, nat=True)
    assert total(waiting, core_only=True) <= 8
    assert total(bursts) <= 3


def test_prod_as_it_comes_keeps_to_the_targets(measured: Measured, manifest: Manifest, prices: Prices) -> None:
    window = fan_out_window_s(manifest, STAGES["prod"])
    scenarios, _ = load_scenarios()

    def core(name: str) -> float:
        lines = million_messages(scenarios[name], measured, manifest, prices, window_s=window, nat=True)
        return total(lines, core_only=True)

    assert core("spread") <= 8
    assert core("bursts") <= 3
    assert fan_out_window_s(manifest, STAGES["dev"]) == 0


def test_dev_is_the_smallest_bill_and_has_no_nat(manifest: Manifest, prices: Prices) -> None:
    bills = {name: idle_month(stage, manifest, prices) for name, stage in STAGES.items()}
    assert total(bills["dev"]) < total(bills["staging"]) < total(bills["prod"])
    assert not [line for line in bills["dev"] if "NAT" in line.what]


def test_pollers_are_billed_by_units_of_a_group(manifest: Manifest, prices: Prices) -> None:
    def units(pollers: int) -> float:
        stage = load_stage("dev", {"kafka": {"pollers_min": pollers, "pollers_max": 8}})
        (line,) = [line for line in idle_month(stage, manifest, prices) if "poller" in line.what]
        return line.quantity / 730

    mappings = sum(isinstance(trigger, KafkaTrigger) for f in manifest.functions.values() for trigger in f.triggers)
    each = prices.units["pollers_per_poller_unit"]
    assert [units(pollers) for pollers in (1, 2, 3)] == [math.ceil(mappings * pollers / each) for pollers in (1, 2, 3)]


def test_a_price_that_was_seen_is_one_that_is_used(prices: Prices) -> None:
    for name, where in prices.seen.items():
        group, _, key = name.partition(".")
        price = getattr(prices, group)[key]
        assert any(text in where for text in (f"{price:.2f}", f"{price:.10f}")), name
        assert re.search(r"20\d\d-\d\d", where), "dated"


def test_every_size_of_the_stages_has_a_price(manifest: Manifest, prices: Prices) -> None:
    for stage in (*STAGES.values(), load_stage("prod", {"kafka": {"kind": "serverless"}})):
        assert total(idle_month(stage, manifest, prices)) > 0


def test_a_million_requests_a_second_need_a_hundred_default_quotas(
    spread: Scenario, measured: Measured, prices: Prices
) -> None:
    need = demand(1_000_000, spread, measured, prices, window_s=1, connections=10_000_000)
    assert need.accounts_at_default_quota == 100
    assert need.connections_month == pytest.approx(10_000_000 * 43_800 / 1_000_000 * 0.25)
    parts = ("messages", "connections", "consumers", "databases", "brokers", "logs", "out")
    assert need.together_month == pytest.approx(sum(getattr(need, f"{part}_month") for part in parts))
    # One frame and five posts a message.
    assert need.messages == pytest.approx(1_000_000 / 6)
    assert need.accounts_for_connections == 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_documents_show_todays_figures(page: Path) -> None:
    """`python -m bench.cost --write` brings them up to date."""
    shown = page.read_text(encoding="utf-8")
    assert BLOCK.search(shown)
    assert filled(shown) == shown
