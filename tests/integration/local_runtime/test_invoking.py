"""Functions of another project under AWS's own runtime client: answers, errors, and Lambda's words for them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import psutil
import pytest

from local.runtime.settings import MAX_PAYLOAD_BYTES, MAX_RESPONSE_BYTES
from tests.integration.local_runtime.project import StartStack, until

pytestmark = pytest.mark.anyio

ECHO = """
    def handler(event, context):
        return event
"""


async def test_the_answer_comes_back_and_only_the_first_invocation_is_cold(start_stack: StartStack) -> None:
    async with start_stack({"echo": ECHO}) as stack:
        first = await stack.run("echo", {"text": "grüß dich"})
        second = await stack.run("echo", [1, None])
    assert (first.outcome, json.loads(first.payload), first.cold) == ("success", {"text": "grüß dich"}, True)
    assert (second.outcome, json.loads(second.payload), second.cold) == ("success", [1, None], False)
    assert stack.told.invocations == [("echo", "success")] * 2


async def test_the_context_is_lambdas(start_stack: StartStack) -> None:
    code = """
        def handler(event, context):
            return {
                "id": context.aws_request_id,
                "arn": context.invoked_function_arn,
                "name": context.function_name,
                "memory": context.memory_limit_in_mb,
                "remaining": context.get_remaining_time_in_millis(),
            }
    """
    async with start_stack({"feed": code}, table={"feed": "memory_mb = 256\ntimeout_s = 7"}) as stack:
        invocation = await stack.run("feed")
    context = json.loads(invocation.payload)
    assert context["id"] == invocation.request_id
    assert context["arn"] == "arn:aws:lambda:eu-central-1:000000000000:function:feed"
    assert (context["name"], context["memory"]) == ("feed", "256")
    assert 5_000 < context["remaining"] <= 7_000


async def test_a_worker_has_the_manifests_variables_and_the_layer_and_nothing_of_this_machine(
    start_stack: StartStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_OF_THIS_MACHINE", "1")
    code = """
        import os
        from words import WORD

        def handler(event, context):
            return {**os.environ, "word": WORD, "cwd": os.getcwd()}
    """
    top = '[environment]\nGREETING = "${greeting}, ${stage}"\n'
    async with start_stack({"look": code}, top=top, table={"look": 'environment = { OWN = "own" }'}) as stack:
        stack.write("shared/words.py", "WORD = 'from the layer'")
        seen = json.loads((await stack.run("look")).payload)
        folder = str(stack.root / "functions" / "look")
    assert (seen["GREETING"], seen["OWN"], seen["word"]) == ("hello, local", "own", "from the layer")
    assert (seen["LAMBDA_TASK_ROOT"], seen["cwd"], seen["_HANDLER"]) == (folder, folder, "handler.handler")
    assert seen["AWS_EXECUTION_ENV"] == f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}"
    assert "CANARY_OF_THIS_MACHINE" not in seen
    assert "HOME" not in seen


async def test_an_exception_is_reported_and_the_environment_lives_on(start_stack: StartStack) -> None:
    code = """
        def handler(event, context):
            raise LookupError("nothing there")
    """
    async with start_stack({"fails": code}, max_per_function=1) as stack:
        invocation = await stack.run("fails")
        pid = stack.runtime.environments("fails")[0].pid
        await stack.run("fails")
        assert [status.pid for status in stack.runtime.environments("fails")] == [pid]
        report = json.loads(invocation.payload)
        traces = [line for line in stack.logs("fails") if "LookupError: nothing there" in line]
    assert invocation.outcome == "error"
    assert (report["errorType"], report["errorMessage"]) == ("LookupError", "nothing there")
    assert "handler.py" in report["stackTrace"][0]
    assert "\n" in traces[0]  # the whole trace is one readable entry
    assert 'raise LookupError("nothing there")' in traces[0]


async def test_a_timeout_kills_the_environment_and_the_next_gets_a_fresh_one(start_stack: StartStack) -> None:
    code = """
        import time

        def handler(event, context):
            time.sleep(event)
            return "done"
    """
    async with start_stack({"slow": code}, table={"slow": "timeout_s = 1"}) as stack:
        await stack.run("slow", 0)
        pid = stack.runtime.environments("slow")[0].pid
        late = await stack.run("slow", 30)
        again = await stack.run("slow", 0)
        await until(lambda: not psutil.pid_exists(pid))  # the kernel ends it in its own time
    assert late.outcome == "timeout"
    assert json.loads(late.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {late.request_id} Error: Task timed out after 1.00 seconds",
        "stackTrace": [],
    }
    assert (again.outcome, again.cold) == ("success", True)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("os._exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
async def test_an_exit_is_told_in_lambdas_words(start_stack: StartStack, how: str, words: str) -> None:
    code = f"""
        import os

        def handler(event, context):
            if event:
                {how}
            return "fine"
    """
    async with start_stack({"exits": code}) as stack:
        gone = await stack.run("exits", 1)
        after = await stack.run("exits", 0)
    report = json.loads(gone.payload)
    assert (gone.outcome, report["errorType"]) == ("exited", "Runtime.ExitError")
    assert report["errorMessage"] == f"RequestId: {gone.request_id} Error: {words}"
    assert after.outcome == "success"


async def test_an_import_error_is_reported_to_all_that_wait_and_the_next_invocation_tries_again(
    start_stack: StartStack,
) -> None:
    async with start_stack({"broken": "import no_such_module_anywhere"}) as stack:
        answers = await asyncio.gather(*(stack.run("broken") for _ in range(5)))
        stack.write("functions/broken/handler.py", ECHO)
        mended = await stack.run("broken", "now")
    assert {answer.outcome for answer in answers} == {"error"}
    assert json.loads(answers[0].payload)["errorType"] == "Runtime.ImportModuleError"
    assert json.loads(mended.payload) == "now"


async def test_an_exit_at_import_and_a_hanging_import_are_told(start_stack: StartStack) -> None:
    handlers = {"quits": "import os\nos._exit(7)", "hangs": "import time\ntime.sleep(60)"}
    async with start_stack(handlers, init_timeout=1.0) as stack:
        quits, hangs = await asyncio.gather(stack.run("quits"), stack.run("hangs"))
    assert (quits.outcome, hangs.outcome) == ("exited", "timeout")
    assert "exit status 7" in json.loads(quits.payload)["errorMessage"]
    assert json.loads(hangs.payload)["errorType"] == "Sandbox.Timedout"


async def test_payloads_up_to_the_limit_pass_and_beyond_it_are_told(start_stack: StartStack) -> None:
    code = """
        def handler(event, context):
            return len(event) if isinstance(event, str) else "x" * event
    """
    async with start_stack({"sizes": code}) as stack:
        fits = await stack.run("sizes", "y" * (MAX_PAYLOAD_BYTES - 2))
        too_large = await stack.run("sizes", "y" * (MAX_PAYLOAD_BYTES - 1))
        answer_fits = await stack.run("sizes", MAX_RESPONSE_BYTES - 2)
        answer_too_large = await stack.run("sizes", MAX_RESPONSE_BYTES - 1)
        after = await stack.run("sizes", "still there")
    assert json.loads(fits.payload) == MAX_PAYLOAD_BYTES - 2
    assert json.loads(too_large.payload)["errorType"] == "RequestTooLargeException"
    assert len(answer_fits.payload) == MAX_RESPONSE_BYTES
    assert (answer_too_large.outcome, json.loads(answer_too_large.payload)["errorType"]) == (
        "error",
        "Function.ResponseSizeTooLarge",
    )
    assert json.loads(after.payload) == len("still there")


async def test_an_answer_that_is_no_json_is_the_functions_error(start_stack: StartStack) -> None:
    code = """
        def handler(event, context):
            return object()
    """
    async with start_stack({"odd": code}) as stack:
        invocation = await stack.run("odd")
    assert invocation.outcome == "error"
    assert json.loads(invocation.payload)["errorType"] == "Runtime.MarshalError"


async def test_a_megabyte_of_output_is_kept_in_part_and_stops_nothing(start_stack: StartStack) -> None:
    code = """
        import sys

        def handler(event, context):
            for number in range(20_000):
                print(f"line {number} " + "." * 50)
            print("to standard error", file=sys.stderr)
            return "printed"
    """
    async with start_stack({"loud": code}, log_lines=100) as stack:
        invocation = await stack.run("loud")
        await until(lambda: "to standard error" in stack.logs("loud"))
        kept = stack.logs("loud")
    assert invocation.outcome == "success"
    assert len(kept) == 100
    assert kept[-2].startswith("line 19999 ")


async def test_a_killed_idle_environment_is_not_noticed_by_the_next_invocation(start_stack: StartStack) -> None:
    async with start_stack({"echo": ECHO}) as stack:
        await stack.run("echo")
        pid = stack.runtime.environments("echo")[0].pid
        os.kill(pid, signal.SIGKILL)
        await until(lambda: all(status.pid != pid for status in stack.runtime.environments("echo")))
        assert (await stack.run("echo")).outcome == "success"


async def test_a_cancelled_caller_does_not_stop_the_function(start_stack: StartStack) -> None:
    code = """
        import pathlib
        import time

        def handler(event, context):
            pathlib.Path("began").touch()
            time.sleep(0.3)
            pathlib.Path("ran").touch()
    """
    async with start_stack({"slow": code}) as stack:
        folder = stack.root / "functions" / "slow"
        caller = asyncio.create_task(stack.run("slow"))
        await until((folder / "began").exists)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert not (folder / "ran").exists()
        await until((folder / "ran").exists)
        assert (await stack.run("slow")).cold is False


async def test_an_unknown_function_is_the_callers_mistake(start_stack: StartStack) -> None:
    async with start_stack({"echo": ECHO}) as stack:
        with pytest.raises(KeyError):
            await stack.run("nobody")
