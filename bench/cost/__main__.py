"""`python -m bench.cost`: prints the bill as Markdown; `--write` puts it into docs/deploy.md and docs/scale.md."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from bench.cost.model import (
    Line,
    events_per_post,
    fan_out_window_s,
    idle_month,
    load_prices,
    load_scenarios,
    million_messages,
    total,
)
from bench.cost.scale import Demand, demand
from cdk.stages import STAGES
from functions.manifest import load_manifest

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "docs" / "deploy.md", ROOT / "docs" / "scale.md")
BLOCK = re.compile(r"(<!-- cost: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
WINDOWS_S = (0.0, 0.5, 1.0, 2.0)
LOADS = (10_000, 100_000, 1_000_000)


def tables() -> dict[str, str]:
    """The tables of the bill by name, as they stand in the documents."""
    manifest, prices = load_manifest(ROOT / "functions" / "manifest.toml"), load_prices()
    scenarios, measured = load_scenarios()
    own = fan_out_window_s(manifest, STAGES["prod"])
    bills = {name: idle_month(stage, manifest, prices) for name, stage in STAGES.items()}
    messages = {
        name: million_messages(scenario, measured, manifest, prices, window_s=own, nat=True)
        for name, scenario in scenarios.items()
    }
    waiting = ["| scenario | fan_out waits | events a post | API Gateway and Lambda | all |", "|---|---|---|---|---|"]
    for name, scenario in scenarios.items():
        for window in sorted({own, *WINDOWS_S}):
            lines = million_messages(scenario, measured, manifest, prices, window_s=window, nat=True)
            joined, core = events_per_post(scenario, window), total(lines, core_only=True)
            waiting.append(f"| {name} | {window:g} s | {joined:.1f} | ${core:.2f} | ${total(lines):.2f} |")
    loads = [demand(load, scenarios["spread"], measured, prices, window_s=1.0, connections=10 * load) for load in LOADS]
    return {
        "idle": _side_by_side(bills),
        "million": _side_by_side(messages),
        "waiting": "\n".join(waiting),
        "scale": _columns(loads),
    }


def write(page: Path) -> None:
    """Puts today's tables between a page's `<!-- cost: name -->` and `<!-- end -->`."""
    page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


def filled(text: str) -> str:
    """A page's text with today's tables in it."""
    made = tables()
    return BLOCK.sub(lambda block: f"{block[1]}{made[block[2]]}\n{block[3]}", text)


def _side_by_side(bills: Mapping[str, Sequence[Line]]) -> str:
    names = list(dict.fromkeys(line.what for bill in bills.values() for line in bill))
    amounts = {bill: {line.what: line.dollars for line in lines} for bill, lines in bills.items()}
    rows = [
        [name, *(f"{amounts[bill][name]:,.2f}" if name in amounts[bill] else "" for bill in bills)] for name in names
    ]
    rows.append(["**together**", *(f"**{total(lines):,.2f}**" for lines in bills.values())])
    return _table(["dollars", *bills], rows)


def _columns(loads: Sequence[Demand]) -> str:
    rows = [
        [field.name.replace("_", " "), *(f"{getattr(load, field.name):,.0f}" for load in loads)]
        for field in fields(Demand)[1:]
    ]
    return _table(["requests a second", *(f"{load.requests:,}" for load in loads)], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str]) -> None:
    """Prints the tables, or writes them into the pages."""
    if "--write" in arguments:
        for page in PAGES:
            write(page)
        return
    prices = load_prices()
    note = "" if prices.verified else "; from memory, to be verified: see bench/cost/prices.toml"
    print(f"US dollars, {prices.region}, {prices.as_of}{note}")
    for name, table in tables().items():
        print(f"\n### {name}\n\n{table}")


if __name__ == "__main__":
    main(sys.argv[1:])
