"""`python -m local status`: whether a stack runs, where everything is, and how it does."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from local.cli.addresses import print_addresses
from local.cli.control import ask_stack
from local.engines import read_run


def status(data: Path) -> int:
    """Prints the addresses, functions and event sources of the stack on the data folder; returns 1 if none runs.

    Raises:
        StartError: it runs and does not answer.
    """
    facts = read_run(data)
    if facts is None:
        sys.stdout.write(f"No stack runs on {data}.\n")
        return 1
    console = Console()
    print_addresses(facts["addresses"], console)
    state = ask_stack(data, "GET", "/_local/state")
    console.print(_functions(state["functions"], console))
    console.print(_sources(state["sources"], console))
    console.print(
        f"{sum(gateway['open'] for gateway in state['gateways'])} WebSockets open; records that nobody reads: "
        + (", ".join(f"{unread['topic']} {_or_unknown(unread['records'])}" for unread in state["unread"]) or "none"),
        highlight=False,
    )
    for placed in state["faults"]:
        console.print(f"fault #{placed['number']} {placed['words']} (seed {state['seed']})", highlight=False)
    return 0


def _functions(functions: Sequence[Mapping[str, Any]], console: Console) -> Table:
    table = _table(console, "function", "environments", "invocations", "failed", "average")
    for function in functions:
        outcomes = function["outcomes"]
        states = ", ".join(each["state"] for each in function["environments"])
        failed = sum(count for outcome, count in outcomes.items() if outcome != "success")
        average = "" if function["averageMs"] is None else f"{function['averageMs']} ms"
        table.add_row(function["name"], states, str(sum(outcomes.values())), str(failed or ""), average)
    return table


def _sources(sources: Sequence[Mapping[str, Any]], console: Console) -> Table:
    table = _table(console, "event source", "topic", "lag", "records", "last batch")
    for source in sources:
        table.add_row(
            source["function"], source["topic"], str(source["lag"]), str(source["records"]), source["outcome"]
        )
    return table


def _table(console: Console, *headings: str) -> Table:
    table = Table(box=box.ROUNDED if console.is_terminal else None, pad_edge=console.is_terminal)
    for heading in headings:
        table.add_column(heading)
    return table


def _or_unknown(count: int | None) -> str:
    return "?" if count is None else str(count)
