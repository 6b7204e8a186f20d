"""Limits: who asks too often is told when to come again."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from bench.client import FrameError
from bench.stack import Stack
from tests.e2e.conformance.cast import DEADLINE_S, PASSWORD, Accounts, Cast, check_problem, open_stage
from tests.e2e.conformance.conftest import BASE_VARIABLE
from tests.stacks import FROZEN, run_stack

LOOPBACK = ("localhost", "127.0.0.1", "::1")
SIDE_BY_SIDE = 30


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    """The accounts of these statements, on a stack of their own: the one that tests share has its limits off."""
    base = os.environ.get(BASE_VARIABLE)
    if base:
        yield from open_stage(base)
        return
    limited = Stack(tmp_path_factory.mktemp("limited") / "data", environment={**FROZEN, "PARLEY_RATE_LIMITS": "on"})
    for stack in run_stack(limited):
        yield from open_stage(stack.url)


async def test_login(cast: Cast) -> None:
    """POST /api/auth/login: 5 a minute for an account, then 429 with Retry-After, RateLimit and RateLimit-Policy."""
    body = {"login": f"nobody.{cast.run_id}", "password": PASSWORD}
    answers: list[httpx.Response] = []
    # One more is let through every 12 s, which a slow stage may take for five.
    while len(answers) < 10 and not (answers and answers[-1].status_code == 429):
        answers.append(await cast.ask("POST", "/api/auth/login", body=body))
    check_limits(cast, refused=answers[-1].status_code == 429)
    assert len(answers) > 5, "five are let through"
    assert [answer.status_code for answer in answers] == [401] * (len(answers) - 1) + [429]
    check_limited(answers[-1], "login_account", 5)
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_writes(cast: Cast) -> None:
    """A write by REST: 20 a second with a burst, then 429 with Retry-After and RateLimit; reads go on."""
    lim = await cast.newcomer("lim")
    path = f"/api/conversations/{await lim.create_group('Limits', [])}"
    answers: list[httpx.Response] = []
    while len(answers) < 20 * SIDE_BY_SIDE and not any(answer.status_code == 429 for answer in answers):
        answers += await asyncio.gather(
            *(cast.ask("PATCH", path, lim, body={"muted": True}) for _ in range(SIDE_BY_SIDE))
        )
    refused = [answer for answer in answers if answer.status_code == 429]
    check_limits(cast, refused=bool(refused))
    assert {answer.status_code for answer in answers} == {200, 429}
    check_limited(refused[0], "write", 60)
    await cast.ok(200, "GET", path, lim)


async def test_frames(cast: Cast) -> None:
    """Typing beyond 2 a second and its burst: `error` rate_limited, retryable, with retryAfter; the socket goes on."""
    place = await cast.direct()
    (device,) = await cast.devices(cast.ada)
    data = {"conversationId": place, "state": "start"}
    answers = await asyncio.gather(*(device.start("typing", data) for _ in range(40)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, FrameError)]
    check_limits(cast, refused=bool(refused))
    assert {error.code for error in refused} == {"rate_limited"}
    assert all(error.retryable and error.retry_after for error in refused)
    await device.request("ping", {}, timeout_s=DEADLINE_S)


def check_limits(cast: Cast, *, refused: bool) -> None:
    """Skips where nothing was refused on a stack of this machine's, which may run with its limits off."""
    if not refused and urlsplit(cast.base).hostname in LOOPBACK and os.environ.get(BASE_VARIABLE):
        pytest.skip("the stack has its rate limits off")


def check_limited(answer: httpx.Response, bucket: str, count: int) -> None:
    """Holds a refusal to its headers (draft-ietf-httpapi-ratelimit-headers-10)."""
    check_problem(answer, 429, "rate_limited")
    assert re.fullmatch(rf'"{bucket}";q={count};w=\d+', answer.headers["ratelimit-policy"])
    assert re.fullmatch(rf'"{bucket}";r=0;t=\d+', answer.headers["ratelimit"])
