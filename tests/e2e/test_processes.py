"""The stack's processes: an end in order and a crash both leave none behind; the demo runs as its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import psutil

from bench.client import Device, ParleyClient
from bench.client.device import Answer, draft
from bench.stack import PROJECT_ROOT, STOP_DEADLINE_S, Stack
from local.engines import read_run
from local.engines.ports import is_free
from tests.e2e.conftest import PASSWORD, history_of, register
from tests.e2e.test_commands import run

GONE_WITHIN_S = 10.0


def leftovers(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those of a stack's processes that still run after ten seconds."""
    _, alive = psutil.wait_procs(family, timeout=GONE_WITHIN_S)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


def family_of(stack: Stack) -> list[psutil.Process]:
    """Everything that a stack has started: its engines and workers."""
    family = psutil.Process(stack.pid).children(recursive=True)
    assert len(family) >= 4, "there are engines and workers to end"
    return family


def test_neither_ctrl_c_nor_a_crash_leaves_a_process_or_loses_an_acknowledged_message(own_stack: Stack) -> None:
    family = family_of(own_stack)
    port = int(own_stack.url.rpartition(":")[2])
    username, conversation_id, acknowledged = asyncio.run(talk_and_interrupt(own_stack))
    assert own_stack.process.wait(STOP_DEADLINE_S) == 0
    assert leftovers(family) == []
    assert is_free(port)
    assert read_run(own_stack.data) is None, "the data folder is nobody's"

    own_stack.start()
    own_stack.wait_until_healthy()
    assert asyncio.run(stored_ids(own_stack, username, conversation_id, len(acknowledged))) >= acknowledged
    family = family_of(own_stack)
    username, conversation_id, acknowledged = asyncio.run(talk_and_crash(own_stack))
    assert leftovers(family) == []

    own_stack.start()
    own_stack.wait_until_healthy()
    assert asyncio.run(stored_ids(own_stack, username, conversation_id, len(acknowledged))) >= acknowledged
    assert run(own_stack, "stop") == (0, "Stopped; the data is kept.\n")
    assert own_stack.process.wait(STOP_DEADLINE_S) == 0
    assert run(own_stack, "stop")[1].startswith("No stack runs on ")


async def talk_and_interrupt(stack: Stack) -> tuple[str, str, set[str]]:
    """Sends what Ctrl-C sends in the middle of a thousand messages; returns as `talk_and_crash` does."""
    async with ParleyClient(stack.url) as client:
        ada, ben = await register(client, "ada"), await register(client, "ben")
        conversation_id = await ada.create_direct(ben.user_id)
        device = await Device.connect(ada)
        sending = [
            asyncio.create_task(
                device.send_messages([draft(conversation_id, f"{frame}.{n}") for n in range(25)], timeout_s=30)
            )
            for frame in range(40)
        ]
        await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        stack.process.send_signal(signal.SIGINT)
        await device.wait_closed()
        answers = await asyncio.gather(*sending, return_exceptions=True)
        results = [result for answer in answers if isinstance(answer, Answer) for result in answer.data["results"]]
        acknowledged = {result["messageId"] for result in results if result["status"] == "accepted"}
        assert len(acknowledged) > 0
        return ada.username, conversation_id, acknowledged


async def talk_and_crash(stack: Stack) -> tuple[str, str, set[str]]:
    """Kills the stack right after an ack, while most of what it acknowledged waits to be stored.

    Returns:
        Who talked, where, and the ids of what was acknowledged.
    """
    async with ParleyClient(stack.url) as client:
        ada, ben = await register(client, "ada"), await register(client, "ben")
        conversation_id = await ada.create_direct(ben.user_id)
        device = await Device.connect(ada)
        answers = await asyncio.gather(
            *(
                device.send_messages([draft(conversation_id, f"{frame}.{n}") for n in range(25)], timeout_s=30)
                for frame in range(8)
            )
        )
        stack.kill()
        await device.wait_closed()
        results = [result for answer in answers for result in answer.data["results"]]
        assert [result["status"] for result in results] == ["accepted"] * 200
        return ada.username, conversation_id, {result["messageId"] for result in results}


async def stored_ids(stack: Stack, username: str, conversation_id: str, count: int) -> set[str]:
    """The ids in a conversation's history, once it holds so many messages; its seq must be dense."""
    async with ParleyClient(stack.url) as client:
        history = await history_of(await client.login(username, PASSWORD), conversation_id, count)
    assert [message["seq"] for message in history] == list(range(1, len(history) + 1))
    return {message["messageId"] for message in history}


def test_the_demo_shows_every_message_delivered(stack: Stack) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.demo"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PARLEY_URL": stack.url},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert "14 sent, 14 stored" in last
    assert last.endswith("0 lost, 0 repeated")
    assert "\x1b[" not in done.stdout, "plain text where no terminal reads it"
