"""The conformance kit: each test is one statement of the contract, its docstring says which.

`make conformance BASE=https://…` runs it against any stage, and prints a table of the statements; without BASE it runs
against the stack of the tests.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conformance.cast import Accounts, Cast, open_stage
from tests.e2e.conformance.table import Line, make_table

BASE_VARIABLE = "CONFORMANCE_BASE"
HERE = Path(__file__).parent
lines: dict[str, Line] = {}


@pytest.fixture(scope="session")
def accounts(request: pytest.FixtureRequest) -> Iterator[Accounts]:
    """The accounts of the run."""
    yield from open_stage(os.environ.get(BASE_VARIABLE) or request.getfixturevalue("stack").url)


@pytest.fixture
def cast(accounts: Accounts) -> Cast:
    """The people of a statement; signed in when its test runs."""
    return Cast(accounts)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Runs the statements, which are coroutines, with their cast on the stage."""
    if HERE not in pyfuncitem.path.parents or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    given = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}

    async def perform() -> None:
        cast = given["cast"]
        assert isinstance(cast, Cast)
        async with cast:
            await pyfuncitem.obj(**given)

    asyncio.run(perform())
    return True


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keeps what came of each statement."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]  # pluggy's Result, which a generator's type cannot say
    if HERE in item.path.parents and isinstance(item, pytest.Function) and (report.when == "call" or report.failed):
        lines[item.nodeid] = Line.read(item, report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table, where the kit was asked for by its own command."""
    if os.environ.get(BASE_VARIABLE) and lines:
        terminalreporter.write_line(f"\nPROTOCOL statements at {os.environ[BASE_VARIABLE]}\n")
        for text in make_table(list(lines.values())):
            terminalreporter.write_line(text)
