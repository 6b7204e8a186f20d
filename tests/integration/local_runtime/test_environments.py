"""How many environments there are, what they may do between invocations, and how they end."""

from __future__ import annotations

import asyncio
import json

import psutil
import pytest

from tests.integration.local_runtime.project import StartStack, until

pytestmark = pytest.mark.anyio

WHO = """
    import os
    import time

    def handler(event, context):
        time.sleep(event or 0)
        return os.getpid()
"""


async def test_quick_work_waits_for_the_environment_that_is_there(start_stack: StartStack) -> None:
    async with start_stack({"who": WHO}, freeze=False, scale_up_wait_ms=2_000) as stack:
        answers = await asyncio.gather(*(stack.run("who") for _ in range(50)))
    assert len({answer.payload for answer in answers}) == 1
    assert stack.told.environments.count(("who", "started", "")) == 1


async def test_slow_work_gets_more_environments_up_to_the_limit(start_stack: StartStack) -> None:
    async with start_stack({"who": WHO}, max_per_function=3) as stack:
        answers = await asyncio.gather(*(stack.run("who", 0.6) for _ in range(8)))
        assert len(stack.pids("who")) == 3
    assert len({answer.payload for answer in answers}) == 3


async def test_an_environment_that_never_finds_the_queue_empty_gets_another_beside_it(start_stack: StartStack) -> None:
    async with start_stack({"who": WHO}, freeze=False, scale_up_wait_ms=200, max_per_function=2) as stack:
        give_up_at = asyncio.get_running_loop().time() + 10

        async def ask_on() -> None:
            # Each waits a few milliseconds at most, so neither the wait nor the pace asks for a second environment.
            while len(stack.pids("who")) < 2 and asyncio.get_running_loop().time() < give_up_at:
                await stack.run("who")

        await asyncio.gather(ask_on(), ask_on(), ask_on())
        assert len(stack.pids("who")) == 2


async def test_reserved_concurrency_throttles_what_is_beyond_it(start_stack: StartStack) -> None:
    tables = {"who": "reserved_concurrency = 2", "off": "reserved_concurrency = 0"}
    async with start_stack({"who": WHO, "off": WHO}, table=tables) as stack:
        answers = await asyncio.gather(*(stack.run("who", 0.3) for _ in range(5)))
        off = await stack.run("off")
        after = await stack.run("who")
    assert sorted(answer.outcome for answer in answers) == ["success"] * 2 + ["throttled"] * 3
    assert json.loads(off.payload)["errorType"] == "TooManyRequestsException"
    assert after.outcome == "success"


async def test_the_accounts_concurrency_counts_all_functions(start_stack: StartStack) -> None:
    async with start_stack({"a": WHO, "b": WHO}, account_concurrency=2) as stack:
        answers = await asyncio.gather(*(stack.run(name, 0.3) for name in "abab"))
    assert sorted(answer.outcome for answer in answers) == ["success", "success", "throttled", "throttled"]


async def test_without_a_limit_whatever_waits_is_done(start_stack: StartStack) -> None:
    async with start_stack({"a": WHO, "b": WHO}, account_concurrency=None) as stack:
        answers = await asyncio.gather(*(stack.run(name) for name in "ab" * 600))
    assert {answer.outcome for answer in answers} == {"success"}


async def test_at_the_machines_limit_the_longest_idle_environment_makes_room(start_stack: StartStack) -> None:
    async with start_stack({"a": WHO, "b": WHO, "c": WHO}, max_environments=2) as stack:
        await stack.run("a")
        await stack.run("b")
        await asyncio.sleep(1.1)  # younger ones are not ended, so that functions do not chase each other's away
        assert (await stack.run("c")).outcome == "success"
        await until(lambda: not stack.pids("a"))
        assert len(stack.pids("b")) == 1


async def test_a_functions_first_environment_starts_even_at_the_machines_limit(start_stack: StartStack) -> None:
    async with start_stack({"a": WHO, "b": WHO}, max_environments=1) as stack:
        answers = await asyncio.gather(stack.run("a", 0.3), stack.run("b", 0.3))
    assert {answer.outcome for answer in answers} == {"success"}


@pytest.mark.parametrize(("freeze", "runs_on"), [(True, False), (False, True)])
async def test_a_frozen_environment_does_no_work_between_invocations(
    start_stack: StartStack, *, freeze: bool, runs_on: bool
) -> None:
    code = """
        import threading
        import time

        beats = 0

        def beat():
            global beats
            while True:
                time.sleep(0.01)
                beats += 1

        threading.Thread(target=beat, daemon=True).start()

        def handler(event, context):
            return beats
    """
    async with start_stack({"beats": code}, freeze=freeze) as stack:
        first = json.loads((await stack.run("beats")).payload)
        await until(lambda: stack.runtime.environments("beats")[0].state == "idle")
        assert stack.runtime.environments("beats")[0].frozen is freeze
        await asyncio.sleep(0.5)  # the time in which work might be done
        second = json.loads((await stack.run("beats")).payload)
    assert (second - first > 10) is runs_on


async def test_idle_environments_end_after_a_while(start_stack: StartStack) -> None:
    async with start_stack({"who": WHO}, idle_timeout=0.2) as stack:
        await stack.run("who")
        await until(lambda: not stack.pids("who"))
        assert (await stack.run("who")).cold
    assert ("who", "ended", "idle") in stack.told.environments


async def test_prewarming_starts_one_environment_of_each_function(start_stack: StartStack) -> None:
    async with start_stack({"a": WHO, "b": WHO, "broken": "1/0"}, prewarm=True) as stack:
        await stack.runtime.warmed()
        assert [status.state for name in "ab" for status in stack.runtime.environments(name)] == ["idle", "idle"]
        answer = await stack.run("a")
    assert answer.cold
    assert stack.told.environments.count(("a", "started", "")) == 1


async def test_changed_code_replaces_the_environments_of_that_function_after_their_invocation(
    start_stack: StartStack,
) -> None:
    async with start_stack({"who": WHO, "other": WHO}, hot_reload=True, reload_interval=0.05) as stack:
        await stack.run("who")
        other = await stack.run("other")
        running = asyncio.create_task(stack.run("who", 0.8))
        await asyncio.sleep(0.3)  # the watcher has looked, and the invocation runs
        stack.write("functions/who/handler.py", "def handler(event, context):\n    return 'changed'\n")
        before = await running
        await until(lambda: ("who", "ended", "code changed") in stack.told.environments)
        after = await stack.run("who")
        assert (await stack.run("other")).payload == other.payload
    assert before.outcome == "success"
    assert json.loads(after.payload) == "changed"


async def test_a_change_in_the_layer_replaces_all(start_stack: StartStack) -> None:
    code = """
        def handler(event, context):
            import words
            return words.WORD
    """
    async with start_stack({"a": code, "b": code}, hot_reload=True, reload_interval=0.05) as stack:
        stack.write("shared/words.py", "WORD = 1")
        assert [json.loads((await stack.run(name)).payload) for name in "ab"] == [1, 1]
        stack.write("shared/words.py", "WORD = 'two'")
        async with asyncio.timeout(10):
            for name in "ab":
                while json.loads((await stack.run(name)).payload) != "two":
                    pass


async def test_stopping_lets_what_runs_and_waits_finish_and_leaves_no_process(start_stack: StartStack) -> None:
    async with start_stack({"who": WHO}, max_per_function=1) as stack:
        await stack.run("who")
        pids = stack.pids("who")
        running = [asyncio.create_task(stack.run("who", 0.2)) for _ in range(3)]
        await asyncio.sleep(0)
        await stack.runtime.stop()
        answers = await asyncio.gather(*running)
        refused = await stack.run("who")
    assert [answer.outcome for answer in answers] == ["success"] * 3
    assert refused.outcome == "error"
    assert not any(psutil.pid_exists(pid) for pid in pids)


async def test_stopping_ends_what_outlives_the_grace(start_stack: StartStack) -> None:
    async with start_stack({"who": WHO}, stop_grace=0.3) as stack:
        running = asyncio.create_task(stack.run("who", 8))
        await until(lambda: any(status.state == "busy" for status in stack.runtime.environments("who")))
        await stack.runtime.stop()
        assert (await running).outcome == "exited"
