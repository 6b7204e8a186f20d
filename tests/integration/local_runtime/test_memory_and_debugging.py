"""Memory limits, as Lambda tells of them; and a function that a debugger is attached to."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import psutil
import pytest

from local.engines.ports import free_port, is_free
from tests.integration.local_runtime.project import StartStack, until

pytestmark = pytest.mark.anyio

EATER = """
    import time

    def handler(event, context):
        kept = bytearray(event["mb"] << 20)
        for place in range(0, len(kept), 4096):
            kept[place] = 1
        time.sleep(event.get("s", 0))
        return len(kept)
"""


async def test_a_function_that_fills_its_memory_is_killed_as_lambda_tells_it(start_stack: StartStack) -> None:
    tables = {"eater": "memory_mb = 256\ntimeout_s = 60", "other": "memory_mb = 256"}
    async with start_stack({"eater": EATER, "other": EATER}, table=tables) as stack:
        assert (await stack.run("eater", {"mb": 64})).outcome == "success"
        full = await stack.run("eater", {"mb": 320, "s": 50})
        again = await stack.run("eater", {"mb": 1})
        assert (await stack.run("other", {"mb": 1})).outcome == "success"
        reasons = [reason for name, change, reason in stack.told.environments if (name, change) == ("eater", "ended")]
    assert full.outcome == "exited"
    told = json.loads(full.payload)
    assert told["errorType"] == "Runtime.ExitError"
    assert told["errorMessage"] == (f"RequestId: {full.request_id} Error: Runtime exited with error: signal: killed")
    assert (again.outcome, again.cold) == ("success", True)
    assert reasons[0].startswith("out of memory: ")
    assert reasons[0].endswith(" of 256 MB")


async def test_memory_limits_can_be_off(start_stack: StartStack) -> None:
    async with start_stack({"eater": EATER}, table={"eater": "memory_mb = 128"}, memory_limits=False) as stack:
        assert (await stack.run("eater", {"mb": 192, "s": 0.2})).outcome == "success"


async def test_a_debugger_may_attach_to_one_function_which_is_then_not_timed_out(start_stack: StartStack) -> None:
    slow = "import time\ndef handler(event, context):\n    time.sleep(event)\n    return 'done'\n"
    port = free_port()
    async with start_stack({"slow": slow}, table={"slow": "timeout_s = 1"}, debug={"slow": port}, freeze=True) as stack:
        answers = await asyncio.gather(stack.run("slow", 1.2), stack.run("slow", 0))
        assert [answer.outcome for answer in answers] == ["success", "success"]
        assert len(stack.pids("slow")) == 1
        assert not stack.runtime.environments("slow")[0].frozen
        pids = stack.pids("slow")
        answer = await dap(port, "initialize", {"adapterID": "test", "clientID": "test"})
        assert (answer["type"], answer["command"], answer["success"]) == ("response", "initialize", True)
    await until(lambda: is_free(port))
    assert not any(psutil.pid_exists(pid) for pid in pids), "and what listens on the port ends with it"


async def dap(port: int, command: str, arguments: dict[str, str]) -> dict[str, Any]:
    """Asks a debug adapter something, and returns its answer.

    Source: https://microsoft.github.io/debug-adapter-protocol/overview
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        body = json.dumps({"seq": 1, "type": "request", "command": command, "arguments": arguments})
        writer.write(f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        async with asyncio.timeout(20):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.decode().partition("Content-Length: ")[2].split("\r\n")[0])
                message: dict[str, Any] = json.loads(await reader.readexactly(size))
                if message["type"] == "response":
                    return message
    finally:
        writer.close()
