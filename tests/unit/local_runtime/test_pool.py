"""When a function gets one more environment, by a clock that only the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.manifest import Function, Permissions
from local.observer import NullObserver
from local.runtime import pool as pools
from local.runtime.invocation import Invocation
from local.runtime.pool import Pool
from local.runtime.settings import RuntimeSettings
from local.runtime.spec import Pending, Spec

WAIT_S = 0.2
WORK_S = WAIT_S / 8
LIMIT = 2
FUNCTION = Function(
    name="who",
    code=Path("/project/functions/who"),
    handler="handler.handler",
    description="",
    dependencies="",
    memory_mb=128,
    timeout_s=3,
    reserved_concurrency=None,
    environment={},
    triggers=(),
    permissions=Permissions(),
)


class StillLoop(asyncio.SelectorEventLoop):
    """A loop in which time passes when it is told to."""

    moment = 0.0

    def time(self) -> float:
        """The moment that it was moved to."""
        return self.moment


class Worker:
    """An environment that answers when it is told to."""

    started: list[Worker]
    retiring = ""
    pid = 1
    idle_since = 0.0

    def __init__(self, spec: Spec, owner: Pool) -> None:
        self._owner = owner
        self.state = "starting"
        self.pending: Pending | None = None
        self.started.append(self)

    @property
    def available(self) -> bool:
        """Whether it may be given something."""
        return self.state == "idle"

    async def live(self) -> None:
        """Never ends by itself."""
        await asyncio.Event().wait()

    def run(self, pending: Pending) -> None:
        """Takes an invocation."""
        self.state, self.pending = "busy", pending

    def wait_for_work(self) -> None:
        """Is ready for the first, or the next."""
        self.state, self.pending = "idle", None
        self._owner.environment_idle(self)  # type: ignore[arg-type] # it has what a pool asks of an environment

    def answer(self) -> None:
        """Answers what it has."""
        assert self.pending is not None
        invocation = Invocation(self.pending.request_id, "success", b"1", WORK_S * 1000, cold=False)
        self._owner.invocation_finished(self.pending, invocation)
        self.wait_for_work()


class Anything:
    """A machine without limits."""

    def allows(self, pool: Pool) -> bool:
        """Yes."""
        return True


@pytest.fixture
def loop() -> Iterator[StillLoop]:
    made = StillLoop()
    yield made
    for task in asyncio.all_tasks(made):
        task.cancel()
    made.run_until_complete(asyncio.sleep(0))
    made.close()


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    started: list[Worker] = []
    monkeypatch.setattr(Worker, "started", started, raising=False)
    monkeypatch.setattr(pools, "Environment", Worker)
    return started


async def a_pool() -> Pool:
    settings = RuntimeSettings(scale_up_wait_ms=int(WAIT_S * 1000), max_per_function=LIMIT)
    return Pool(Spec(FUNCTION, None, {}, settings), Anything(), NullObserver())


def submit(loop: StillLoop, pool: Pool, count: int) -> None:
    for _ in range(count):
        pool.submit(Pending("r", b"", loop.create_future(), loop.time()))


def pass_time(loop: StillLoop, seconds: float) -> None:
    """Moves the clock, and lets what is due then happen."""
    loop.moment += seconds
    for _ in range(3):
        loop.run_until_complete(asyncio.sleep(0))


def one_that_works(loop: StillLoop, workers: list[Worker]) -> tuple[Pool, Worker]:
    """A pool whose one environment has begun to work, with two invocations waiting."""
    pool = loop.run_until_complete(a_pool())
    submit(loop, pool, 3)
    workers[0].wait_for_work()
    return pool, workers[0]


def test_one_that_is_idle_now_and_then_stays_alone(loop: StillLoop, workers: list[Worker]) -> None:
    pool, worker = one_that_works(loop, workers)
    for _ in range(20):
        for _ in range(3):
            pass_time(loop, WORK_S)
            worker.answer()
        assert worker.state == "idle"
        submit(loop, pool, 3)
    assert loop.time() > 5 * WAIT_S
    assert len(workers) == 1


def test_one_that_never_finds_the_queue_empty_gets_another_beside_it(loop: StillLoop, workers: list[Worker]) -> None:
    pool, worker = one_that_works(loop, workers)
    while loop.time() < WAIT_S - WORK_S:
        pass_time(loop, WORK_S)
        worker.answer()
        submit(loop, pool, 1)
    assert len(workers) == 1
    for _ in range(20):
        pass_time(loop, WORK_S)
        worker.answer()
        submit(loop, pool, 1)
    assert len(workers) == LIMIT, "and no third, as it has not come so far yet"


@pytest.mark.parametrize(("waited_s", "count"), [(WAIT_S * 0.9, 1), (WAIT_S, 2)])
def test_whoever_has_waited_long_enough_gets_another(
    loop: StillLoop, workers: list[Worker], waited_s: float, count: int
) -> None:
    one_that_works(loop, workers)
    pass_time(loop, waited_s)
    assert len(workers) == count


def test_a_queue_longer_than_the_wait_at_the_pace_of_late_gets_another_at_once(
    loop: StillLoop, workers: list[Worker]
) -> None:
    pool, worker = one_that_works(loop, workers)
    worker.answer()
    at_pace = int(WAIT_S / WORK_S)
    submit(loop, pool, at_pace - 1)
    assert len(workers) == 1
    submit(loop, pool, 1)
    assert len(workers) == LIMIT
