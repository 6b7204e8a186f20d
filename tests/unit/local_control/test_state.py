"""What the status page is made of: a snapshot without secrets, logs by invocation, and files under a strict policy."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, cast

import pytest

from functions.manifest import (
    Function,
    HttpApi,
    KafkaTrigger,
    Manifest,
    Permissions,
    ScheduleTrigger,
    Topic,
    Trigger,
    WebSocketApi,
)
from local.control import ControlSite
from local.control.history import History
from local.control.state import Parts, State
from local.control.unread import UnreadCounts, unread_topics
from local.engines.engine import Engine
from local.faults import Faults
from local.faults.acting import Acting
from local.gateway.http_message import HttpResponse
from local.runtime import EnvironmentStatus, Invocation, LogLine, Runtime
from tests.unit.local_gateway.request_maker import request

pytestmark = pytest.mark.anyio

TRIGGERS: dict[str, tuple[Trigger, ...]] = {
    "store": (KafkaTrigger("orders"),),
    "sweep": (ScheduleTrigger(cron="0 3 * * ? *"),),
}


class FakeRuntime:
    def environments(self, function: str) -> list[EnvironmentStatus]:
        return [EnvironmentStatus(12, "idle", 3, 4.0, frozen=True, memory_mb=51.24)] if function == "store" else []

    def logs(self, function: str) -> list[LogLine]:
        if function != "store":
            raise KeyError(function)
        return [LogLine(1, 10.0, "r-1", "one"), LogLine(2, 11.0, "r-2", "two"), LogLine(3, 12.0, "r-2", "three")]


class FakeEngine:
    name, title, address, pid = "kafka", "Kafka", "127.0.0.1:9092", 7


def make_manifest() -> Manifest:
    functions = {
        name: Function(name, Path(), "handler.handler", "", "", 256, 9, None, {}, triggers, Permissions())
        for name, triggers in TRIGGERS.items()
    }
    topics = {name: Topic(name, 1) for name in ("orders", "dead.store")}
    return Manifest(Path(), "feed", None, HttpApi(), WebSocketApi(), topics, functions)


def make_site(history: History) -> ControlSite:
    manifest = make_manifest()
    parts = Parts(
        manifest=manifest,
        engines=[cast("Engine", FakeEngine())],
        runtime=cast("Runtime", FakeRuntime()),
        gateways=[],
        history=history,
        unread=UnreadCounts("127.0.0.1:1", []),
        addresses=lambda: {"HTTP": "http://localhost:8000"},
    )
    faults = Faults(7, clock=time.monotonic, tell=history.fault)
    return ControlSite(faults, cast("Acting", None), State(parts))


def get(site: ControlSite, target: str) -> HttpResponse:
    return site.handle(request("GET", f"/_local{target}", headers=(("host", "localhost:8000"),)))


def told(site: ControlSite, target: str) -> Any:
    answer = get(site, target)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def busy_history() -> History:
    history = History()
    history.engine("kafka", "ready", "127.0.0.1:9092, 1.0 s")
    history.invocation("store", Invocation("r-1", "success", b'{"secret": "answer"}', 10.0, cold=True))
    failure = b'{"errorType": "LookupError", "errorMessage": "gone", "stackTrace": []}'
    history.invocation("store", Invocation("r-2", "error", failure, 30.0, cold=False))
    history.batch("store", "orders", partitions=1, records=5, ms=3.0, outcome="failed")
    history.lag("store", "orders", {0: 4, 1: 0})
    history.lag("store", "orders", {1: 2})
    history.post("c-1", 410, 9)
    history.connection("c-1", "opened", 101, "")
    history.connection("c-1", "closed", 1000, "")
    return history


async def test_the_snapshot_shows_what_ran_failed_and_waits() -> None:
    state = told(make_site(busy_history()), "/state")
    store, sweep = state["functions"]
    assert (store["outcomes"], store["cold"], store["averageMs"]) == ({"success": 1, "error": 1}, 1, 20.0)
    assert store["environments"] == [{"pid": 12, "state": "frozen", "invocations": 3, "ageS": 4.0, "memoryMb": 51.2}]
    assert (store["triggers"], sweep["triggers"]) == (["orders, up to 100"], ["cron(0 3 * * ? *)"])
    assert (sweep["outcomes"], sweep["averageMs"], sweep["environments"]) == ({}, None, [])
    assert [(each["requestId"], each["error"]) for each in state["invocations"]] == [
        ("r-2", "LookupError: gone"),
        ("r-1", ""),
    ]
    source = state["sources"][0]
    assert (source["lag"], source["lags"], source["records"], source["outcome"]) == (6, {"0": 4, "1": 2}, 5, "failed")
    assert (state["engines"][0]["state"], state["posts"], state["opened"]) == ("ready", {"410": 1}, 1)
    assert (state["seed"], state["faults"]) == (7, [])


async def test_no_body_of_an_answer_is_in_it() -> None:
    assert b"secret" not in get(make_site(busy_history()), "/state").body


async def test_logs_of_a_function_after_a_line_or_of_one_invocation() -> None:
    site = make_site(History())
    assert [line["text"] for line in told(site, "/logs/store")["lines"]] == ["one", "two", "three"]
    assert [line["number"] for line in told(site, "/logs/store?after=2")["lines"]] == [3]
    assert [line["text"] for line in told(site, "/logs/store?request=r-2")["lines"]] == ["two", "three"]
    assert get(site, "/logs/nobody").status == 404
    assert get(site, "/logs/store?after=x").status == 404


@pytest.mark.parametrize("target", ["", "/", "/page/status.js", "/page/status.css", "/page/icon.svg"])
async def test_the_page_is_served_under_a_policy_that_lets_nothing_else_in(target: str) -> None:
    answer = get(make_site(History()), target)
    headers = dict(answer.headers)
    assert answer.status == 200
    assert answer.body
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["nothing.js", "../site.py", "..%2Fsite.py", "__init__.py", "%2e%2e/site.py"])
async def test_nothing_but_the_page_is_served(name: str) -> None:
    assert get(make_site(History()), f"/page/{name}").status == 404


async def test_dead_letters_are_what_nobody_reads() -> None:
    assert unread_topics(make_manifest()) == ["dead.store"]


async def test_while_kafka_is_away_the_counts_are_not_known() -> None:
    counts = UnreadCounts("127.0.0.1:1", ["dead.store"])
    assert counts.latest() == {"dead.store": None}
    await counts.stop()
    assert counts.latest() == {"dead.store": None}
