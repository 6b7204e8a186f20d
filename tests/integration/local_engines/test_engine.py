"""How one engine starts, fails, falls and comes back, with a small server in the place of a large one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from local.engines import Engine, Engines, Supervisor, ports
from local.engines.probes import http_answers
from local.failures import StartError
from local.observer import EngineState, NullObserver

pytestmark = pytest.mark.anyio
DEADLINE_S = 20


class Recorder(NullObserver):
    """Remembers what engines did."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self._changed = asyncio.Event()

    def engine(self, name: str, state: EngineState, detail: str = "", progress: float | None = None) -> None:
        self.told.append((state, detail))
        self._changed.set()

    def was_ready(self, times: int) -> bool:
        """Whether it has become ready so many times."""
        return [state for state, _ in self.told].count("ready") == times

    async def until(self, holds: Callable[[], bool]) -> None:
        """Waits until `holds`, looked at after each change."""
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                await self._changed.wait()
                self._changed.clear()


class Small(Engine):
    """A web server of a few lines."""

    name = "small"
    title = "Small 1.0"
    probe = staticmethod(http_answers)
    arguments: tuple[str, ...] = ("-m", "http.server", "--bind", ports.HOST)

    def command(self) -> list[str]:
        port = [str(self.port)] if "http.server" in self.arguments else []
        return [sys.executable, *self.arguments, *port]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def small(tmp_path: Path, recorder: Recorder) -> AsyncIterator[Small]:
    engine = Small(tmp_path, ports.free_port(), recorder)
    yield engine
    await engine.stop()


async def test_it_serves_when_start_returns_and_is_gone_when_stop_does(small: Small, recorder: Recorder) -> None:
    await small.start()
    assert await http_answers(small.host, small.port)
    await small.stop()
    assert small.pid is None
    assert ports.is_free(small.port)
    assert [state for state, _ in recorder.told] == ["starting", "ready", "stopping", "stopped"]


async def test_it_starts_again_on_the_same_port(small: Small) -> None:
    await small.start()
    first = small.pid
    small.kill()
    await small.wait()
    await small.start()
    assert small.pid not in (None, first)
    assert await http_answers(small.host, small.port)


async def test_one_that_ends_while_starting_shows_the_end_of_its_log(small: Small) -> None:
    small.arguments = ("-c", "for n in range(99): print('line', n, flush=True)\nraise SystemExit('no room for data')")
    with pytest.raises(StartError) as failure:
        await small.start()
    sentence, *tail = str(failure.value).splitlines()
    assert sentence == f"Small 1.0 ended with status 1 while starting. The end of {small.log_path}:"
    assert "no room for data" in tail
    assert len(tail) == 15
    assert "line 98" in tail
    assert small.pid is None


async def test_one_that_does_not_answer_in_time_is_killed(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.engines.engine.START_DEADLINE_S", 0.3)
    small.arguments = ("-c", "import time; time.sleep(600)")
    with pytest.raises(StartError, match=r"did not answer within 0 s\. It wrote nothing to"):
        await small.start()
    assert small.pid is None


async def test_a_start_that_is_cancelled_leaves_no_process(small: Small, recorder: Recorder) -> None:
    small.arguments = ("-c", "import time; time.sleep(600)")
    starting = asyncio.create_task(small.start())
    await recorder.until(lambda: bool(recorder.told))
    async with asyncio.timeout(DEADLINE_S):
        while small.pid is None:  # noqa: ASYNC110 - the child appears without an event
            await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert small.pid is None


class One(Engines):
    """Engines of which there is one."""

    def __init__(self, engine: Engine) -> None:
        self._one = engine

    @property
    def all(self) -> tuple[Engine, ...]:
        return (self._one,)

    def remember(self) -> None:
        """Nobody comes after a test."""


async def test_one_that_falls_is_started_again(small: Small, recorder: Recorder) -> None:
    await small.start()
    supervisor = Supervisor(One(small), recorder)
    supervisor.start()
    assert small.pid
    os.kill(small.pid, signal.SIGKILL)
    await recorder.until(partial(recorder.was_ready, 2))
    assert ("failed", "ended with status -9, starting it again") in recorder.told
    assert await http_answers(small.host, small.port)
    await supervisor.stop()


async def test_one_that_cannot_be_started_again_ends_the_stack(small: Small, recorder: Recorder) -> None:
    await small.start()
    supervisor = Supervisor(One(small), recorder)
    supervisor.start()
    small.arguments = ("-c", "raise SystemExit('broken')")
    assert small.pid
    os.kill(small.pid, signal.SIGKILL)
    async with asyncio.timeout(DEADLINE_S):
        why = await supervisor.lost
    assert "broken" in str(why)
    await supervisor.stop()


async def test_one_that_falls_all_the_time_ends_the_stack(small: Small, recorder: Recorder) -> None:
    await small.start()
    supervisor = Supervisor(One(small), recorder)
    supervisor.start()
    for falls in range(1, 7):
        await recorder.until(partial(recorder.was_ready, falls))
        assert small.pid
        os.kill(small.pid, signal.SIGKILL)
    async with asyncio.timeout(DEADLINE_S):
        why = await supervisor.lost
    assert str(why) == "Small 1.0 ended 6 times within 60 s."
    await supervisor.stop()


async def test_one_that_the_twin_stops_or_kills_is_left_alone(small: Small, recorder: Recorder) -> None:
    await small.start()
    supervisor = Supervisor(One(small), recorder)
    supervisor.start()
    small.kill()
    await small.wait()
    await supervisor.stop()
    assert [state for state, _ in recorder.told] == ["starting", "ready"]
