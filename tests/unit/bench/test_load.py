"""What the load generator counts and judges, without a stack."""

from __future__ import annotations

import asyncio
import datetime
import math
import re

import httpx
import orjson
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.__main__ import is_loopback, parse
from bench.client import ParleyClient, Person
from bench.client.rest import Json
from bench.load import history
from bench.load.figures import Figure, MeasurementError, Row, figures, percentile, table
from bench.load.lane import Lane, listen
from bench.load.people import verify_history
from bench.load.processes import CpuTimes, Kind
from bench.load.rest import ROUTES, World
from bench.load.twin_project.functions.echo import handler as echo


@pytest.mark.parametrize(
    ("values", "share", "wanted"),
    [([5.0], 0.99, 5.0), ([3, 1, 2], 0.5, 2), (list(range(1, 101)), 0.99, 99), (list(range(1, 101)), 1.0, 100)],
)
def test_a_percentile_is_a_value_that_was_measured(values: list[float], share: float, wanted: float) -> None:
    assert percentile(values, share) == wanted


def test_no_values_have_no_percentile() -> None:
    assert math.isnan(percentile([], 0.5))


def test_several_runs_become_a_median_and_a_spread() -> None:
    rows = (Row("rate", "messages a second", "/s", ">= 1,000"), Row("never", "not measured", ""))
    found = figures(rows, [{"rate": 1500.0}, {"rate": 900.0}, {"rate": 1234.0}])
    assert found == [Figure(rows[0], (1500.0, 900.0, 1234.0))]
    assert table(found).splitlines()[-1] == "| messages a second | 1,234 /s | 900 to 1,500 | >= 1,000 |"


def test_processor_time_counts_processes_that_began_and_not_those_that_were_there() -> None:
    twin, storing, sending = Kind("twin", "twin"), Kind("workers", "store_messages"), Kind("workers", "ws_send")
    before = CpuTimes({(twin, 1, 0.0): 5.0, (storing, 2, 0.0): 1.0, (sending, 4, 0.0): 2.0})
    after = CpuTimes({(twin, 1, 0.0): 6.5, (storing, 3, 9.0): 0.25, (sending, 4, 0.0): 2.5})
    assert after.since(before) == {"twin": 1.5, "workers": 0.75, "engines": 0.0, "load": 0.0}
    assert after.by_kind_since(before) == {twin: 1.5, storing: 0.25, sending: 0.5}


def test_what_other_work_took_of_the_machine_is_told() -> None:
    twin = Kind("twin", "twin")
    before = CpuTimes({(twin, 1, 0.0): 5.0}, busy=100.0, capacity=200.0)
    after = CpuTimes({(twin, 1, 0.0): 8.0}, busy=108.0, capacity=220.0)
    assert after.elsewhere_since(before) == 0.25
    assert before.elsewhere_since(before) == 0.0


def receive(client_id: str, sender: str = "u_1") -> Json:
    return {"event": "chat:receive", "data": {"message": {"clientMessageId": client_id, "senderId": sender}}}


def test_a_lane_is_done_when_all_was_answered_and_what_was_accepted_has_come() -> None:
    lane = Lane("c_1", "u_1", "p", batch=2, sent={"p-0": 0.0, "p-1": 0.0})
    sender, recipient = listen(lane, None, lambda: None), listen(None, lane, lambda: None)
    results = [
        {"clientMessageId": "p-0", "messageId": "m_0", "status": "accepted"},
        {"clientMessageId": "p-1", "status": "refused", "code": "unavailable"},
    ]
    sender(orjson.dumps({"event": "chat:send:ack", "requestId": "p-0", "data": {"results": results}}))
    assert (lane.acknowledged, lane.refused, lane.is_done) == ({"p-0": "m_0"}, 1, False)
    recipient(orjson.dumps([receive("p-0", "u_2"), receive("other"), receive("p-0"), receive("p-0")]))
    assert (lane.delivered, lane.repeated, lane.is_done) == ({"p-0"}, 1, True)


def test_an_error_refuses_the_whole_frame() -> None:
    lane = Lane("c_1", "u_1", "p", batch=2, sent={"p-0": 0.0, "p-1": 0.0})
    listen(lane, None, lambda: None)(orjson.dumps({"event": "error", "requestId": "p-0", "data": {"code": "internal"}}))
    assert (lane.refused, lane.is_done) == (2, True)


@pytest.mark.parametrize(
    ("history", "wrong"),
    [
        ([(4, "a"), (5, "b")], None),
        ([(4, "a"), (6, "b")], "holes"),
        ([(5, "a"), (6, "b")], "holes"),
        ([(4, "a"), (5, "b"), (6, "a")], "twice"),
        ([(4, "a"), (5, "c")], "missing"),
    ],
)
def test_a_history_that_does_not_hold_is_caught(history: list[tuple[int, str]], wrong: str | None) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        after = int(request.url.params["after"])
        items = [{"seq": seq, "messageId": message_id} for seq, message_id in history if seq > after]
        return httpx.Response(200, json={"items": items, "nextCursor": None})

    async def verify() -> int:
        async with ParleyClient("http://parley.test", transport=httpx.MockTransport(answer)) as client:
            person = Person(client, "u_1", "ada", "Ada", "token")
            return await verify_history(person, "c_1", after=3, acknowledged={"a", "b"})

    if wrong is None:
        assert asyncio.run(verify()) == 2
    else:
        with pytest.raises(MeasurementError, match=wrong):
            asyncio.run(verify())


def test_posts_are_signed_as_the_sdk_signs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    path, body = "/ws/@connections/a%3D%2B", b'{"text":"hello"}'
    signed = echo.Signer("AKIDEXAMPLE", "secret", "eu-west-1").sign("127.0.0.1:8000", path, body)
    request = AWSRequest("POST", f"http://127.0.0.1:8000{path}", data=body, headers={"host": "127.0.0.1:8000"})
    moment = datetime.datetime.strptime(signed["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: moment)
    SigV4Auth(Credentials("AKIDEXAMPLE", "secret"), "execute-api", "eu-west-1").add_auth(request)
    assert signed["Authorization"] == request.headers["Authorization"]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://localhost:8000", True),
        ("http://127.0.0.2:1", True),
        ("http://[::1]:80", True),
        ("http://example.com", False),
        ("http://192.168.0.1", False),
        ("http://127.0.0.1.example.com", False),
        ("", False),
    ],
)
def test_a_load_goes_to_this_machine_only(url: str, allowed: bool) -> None:
    assert is_loopback(url) is allowed


def test_an_unknown_scenario_is_told() -> None:
    with pytest.raises(SystemExit):
        parse(["lihgt"])


def test_what_is_called_over_rest_is_what_is_told() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(200, json={})

    async def scenario() -> None:
        async with ParleyClient("http://stack.test", transport=httpx.MockTransport(answer)) as client:
            ann, ben, cy = [Person(client, f"u_{one}", f"rest.{one}", one, "token") for one in ("ann", "ben", "cy")]
            calls = World(ann, ben, cy, "c_1", "a token").calls()
            assert list(calls) == list(ROUTES)
            for call in calls.values():
                await call()

    asyncio.run(scenario())
    assert asked == [re.split(r"[?,]| with", what)[0].replace("{id}", "c_1") for what, _ in ROUTES.values()]


def test_a_conversation_is_filled_with_every_seq_once() -> None:
    batches = list(history.batches("c_1", "u_ann", 4_100))
    documents = [document for batch in batches for document in batch]
    assert [document["seq"] for document in documents] == list(range(1, 4_101))
    assert len({document["_id"] for document in documents}) == 4_100
    assert sorted(documents[-1]["words"]) == ["a", "characters", "forty", "message", "of", "or", "so", "some"]
    assert documents[0]["createdAt"] < documents[-1]["createdAt"] < datetime.datetime.now(datetime.UTC)
