"""Who may use the control port, and what it answers."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from local.control import ControlSite
from local.faults import Faults
from local.faults.acting import Acting
from local.gateway.http_message import HttpResponse
from tests.unit.local_gateway.request_maker import request

pytestmark = pytest.mark.anyio

HOST = ("host", "localhost:8000")
JSON = ("content-type", "application/json")
POSTS = {"kind": "posts", "action": "gone", "share": 0.5}


def make_site(killed: list[str] | None = None, dropped: list[tuple[float, int]] | None = None) -> ControlSite:
    faults = Faults(7, clock=time.monotonic, tell=lambda _: None)
    kills = killed if killed is not None else []

    def kill(function: str) -> int:
        kills.append(function)
        return 1

    def drop(share: float, code: int, _: Random) -> int:
        assert dropped is not None
        dropped.append((share, code))
        return 1

    async def restore(engine: str, wiped: bool) -> None:
        raise AssertionError("no engine is touched here")

    acting = Acting(
        faults,
        {},
        kill=kill,
        drop_sockets=drop,
        restore=restore,
        functions=frozenset({"store"}),
        tell=lambda _: None,
    )
    return ControlSite(faults, acting)


def ask(site: ControlSite, method: str, path: str, body: object = None) -> tuple[int, Any]:
    encoded = b"" if body is None else json.dumps(body).encode()
    answer = site.handle(request(method, f"/_local{path}", encoded, (HOST, JSON)))
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    "headers",
    [
        (("host", "evil.example"),),
        (("host", "localhost.evil.example:8000"),),
        (("host", "[::1"),),
        (),
        (HOST, ("origin", "http://evil.example")),
        (HOST, ("origin", "http://localhost:9999")),
        (HOST, ("origin", "https://localhost:8000")),
        (HOST, ("origin", "null")),
        (HOST, ("sec-fetch-site", "cross-site")),
        (HOST, ("sec-fetch-site", "same-site")),
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_other_sites_pages_and_rebound_names_are_refused(method: str, headers: tuple[tuple[str, str], ...]) -> None:
    site = make_site()
    asked = request(method, "/_local/faults", json.dumps(POSTS).encode(), (*headers, JSON))
    assert site.handle(asked).status == 403
    assert ask(site, "GET", "/faults")[1]["faults"] == []


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "127.8.8.8", "[::1]:8000", "LOCALHOST"])
def test_this_machine_may_ask_by_any_of_its_own_names(host: str) -> None:
    headers = (("host", host), ("origin", f"http://{host}"), ("sec-fetch-site", "same-origin"))
    assert make_site().handle(request("GET", "/_local/faults", headers=headers)).status == 200


def test_other_machines_are_refused_whatever_they_say() -> None:
    asked = replace(request("GET", "/_local/faults", headers=(HOST,)), source_ip="192.168.1.7")
    assert make_site().handle(asked).status == 403


def test_what_a_form_of_another_site_could_send_is_refused() -> None:
    asked = request("POST", "/_local/faults", json.dumps(POSTS).encode(), (HOST, ("content-type", "text/plain")))
    assert make_site().handle(asked).status == 415


def test_faults_are_set_listed_and_taken_back() -> None:
    site = make_site()
    assert ask(site, "POST", "/faults", POSTS)[0] == 201
    assert ask(site, "POST", "/faults", {"kind": "redeliver", "function": "store"})[1]["number"] == 2
    status, told = ask(site, "GET", "/faults")
    assert (status, told["seed"]) == (200, 7)
    assert told["faults"][0] == {
        "number": 1,
        "words": "gone posts, 50% of them",
        "struck": 0,
        "spent": False,
        "fault": POSTS,
    }
    assert [fault["number"] for fault in ask(site, "DELETE", "/faults/1")[1]["faults"]] == [2]
    assert ask(site, "DELETE", "/faults/1")[0] == 404
    assert ask(site, "DELETE", "/faults/x")[0] == 404
    assert ask(site, "DELETE", "/faults")[1]["faults"] == []


def test_a_new_seed_begins_anew() -> None:
    site = make_site()
    ask(site, "POST", "/faults", POSTS)
    assert ask(site, "PUT", "/faults", {"seed": 9})[1] == {"seed": 9, "faults": []}
    assert ask(site, "PUT", "/faults", {"seed": "nine"})[0] == 400
    assert ask(site, "POST", "/faults", POSTS)[1]["number"] == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"kind":"kill","function":"nobody"}', b'{"kind":"posts"}'])
def test_what_is_no_fault_is_refused_with_the_reason(body: bytes) -> None:
    answer = make_site().handle(request("POST", "/_local/faults", body, (HOST, JSON)))
    assert answer.status == 400
    assert json.loads(answer.body)["message"]


def test_unknown_paths_and_methods() -> None:
    site = make_site()
    assert ask(site, "GET", "/nothing")[0] == 404
    refused: HttpResponse = site.handle(request("PATCH", "/_local/faults", b"{}", (HOST, JSON)))
    assert (refused.status, dict(refused.headers)["allow"]) == (405, "DELETE, GET, POST, PUT")
    assert not site.serves("/_localish")


def test_a_kill_now_is_carried_out_at_once() -> None:
    killed: list[str] = []
    told = ask(make_site(killed), "POST", "/faults", {"kind": "kill", "function": "store", "at": "now"})[1]
    assert (told["struck"], told["spent"], killed) == (1, True, ["store"])
