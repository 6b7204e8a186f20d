"""Nothing acknowledged is lost, and no place in a conversation is left empty, whatever is killed."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import psutil

from bench.client import ApiError, Device, FrameError, ParleyClient, Person
from bench.client.rest import Json
from bench.load.processes import Processes
from bench.stack import Stack
from tests.e2e.conftest import history_of, register, until

SENDERS, EACH, KILLS = 20, 100, 10
REFUSAL_DEADLINE_S = 8.0  # 5 s are promised; the rest is for a machine that does other things too


async def send_until_accepted(device: Device, conversation_id: str, client_id: str, *, deadline_s: float = 60) -> str:
    """Sends a message again, as the same message, as long as the answer says that this may help; its id."""
    async with asyncio.timeout(deadline_s):
        while True:
            try:
                answer = await device.send_message(conversation_id, client_id, client_message_id=client_id)
            except FrameError as error:
                if not error.retryable:
                    raise
                await asyncio.sleep(error.retry_after or 0.1)
            else:
                return str(answer.data["messageId"])


async def until_at_least(count: int, accepted: dict[str, str], *, deadline_s: float = 60) -> None:
    """Waits until so many messages are accepted."""
    await until(lambda: len(accepted) >= count, deadline_s=deadline_s)


async def kill_workers(processes: Processes, function: str, *, deadline_s: float = 20) -> None:
    """Kills every process that runs a function, waiting until there is one."""
    await until(lambda: bool(processes.workers(function)), deadline_s=deadline_s)
    for worker in processes.workers(function):
        worker.kill()


def first_arrivals(device: Device) -> list[Json]:
    """The messages that came to a device, each where it came first."""
    found: dict[str, Json] = {}
    for message in device.messages:
        found.setdefault(message["messageId"], message)
    return list(found.values())


def test_seq_has_no_hole_and_order_holds_while_the_storing_function_is_killed(stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(stack.url) as client:
            people = await asyncio.gather(*(register(client, f"s{number}") for number in range(SENDERS)))
            group = await people[0].create_group("Everyone", [person.user_id for person in people[1:]])
            devices = await asyncio.gather(*(Device.connect(person) for person in people))
            accepted: dict[str, str] = {}

            async def send_all(number: int) -> None:
                for count in range(EACH):
                    client_id = f"{number}-{count}"
                    accepted[client_id] = await send_until_accepted(devices[number], group, client_id)

            async def kill_now_and_then() -> None:
                processes = Processes(stack.pid)
                for kill in range(1, KILLS + 1):
                    enough = kill * SENDERS * EACH // (KILLS + 1)
                    await until_at_least(enough, accepted)
                    await kill_workers(processes, "store_messages")

            await asyncio.gather(kill_now_and_then(), *(send_all(number) for number in range(SENDERS)))
            history = await history_of(people[0], group, SENDERS * EACH)
            check_history(history, accepted)
            for device in devices:
                await check_arrivals(device, SENDERS * EACH)
            await asyncio.gather(*(device.close() for device in devices))

    asyncio.run(scenario())


async def check_arrivals(device: Device, count: int) -> None:
    """Every message has come, and each came first after all those before it."""
    await device.wait_until(lambda: len(first_arrivals(device)) >= count, timeout_s=30)
    assert [message["seq"] for message in first_arrivals(device)] == list(range(1, count + 1))


def check_history(history: Sequence[Json], accepted: dict[str, str]) -> None:
    """Exactly what was accepted, dense, and each sender's messages in the order of their numbers."""
    assert [message["seq"] for message in history] == list(range(1, len(accepted) + 1))
    assert {message["clientMessageId"]: message["messageId"] for message in history} == accepted
    numbers: dict[str, list[int]] = {}
    for message in history:
        sender, _, number = message["clientMessageId"].partition("-")
        numbers.setdefault(sender, []).append(int(number))
    assert all(sent == sorted(sent) for sent in numbers.values())


@dataclass
class Outage:
    """What senders were told while Kafka came and went; the slowest answer in seconds."""

    accepted: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    slowest: float = 0.0
    over: bool = False


def test_kafka_killed_under_load_costs_no_acknowledged_message(own_stack: Stack) -> None:
    async def scenario() -> None:
        async with ParleyClient(own_stack.url) as client:
            ada, ben = await register(client, "ada"), await register(client, "ben")
            conversation_id = await ada.create_direct(ben.user_id)
            device = await Device.connect(ada)
            outage = Outage()
            senders = [
                asyncio.create_task(keep_sending_by_socket(device, conversation_id, outage)),
                asyncio.create_task(keep_sending_by_rest(ada, conversation_id, outage)),
            ]
            await until_at_least(20, outage.accepted)
            kafka_of(own_stack).kill()
            await until(lambda: outage.refused >= 2)
            await until_at_least(len(outage.accepted) + 20, outage.accepted)
            outage.over = True
            await asyncio.gather(*senders)
            assert outage.slowest < REFUSAL_DEADLINE_S
            await check_nothing_lost(ada, conversation_id, outage)
            await device.close()

    asyncio.run(scenario())


async def keep_sending_by_socket(device: Device, conversation_id: str, outage: Outage) -> None:
    """Sends one message after the other; a refusal must be a retryable one."""
    for number in itertools.count():
        if outage.over:
            return
        started = time.monotonic()
        try:
            answer = await device.send_message(conversation_id, "under load", client_message_id=f"socket-{number}")
            outage.accepted[f"socket-{number}"] = answer.data["messageId"]
        except FrameError as error:
            if not error.retryable or error.code != "unavailable":
                raise
            outage.refused += 1
        outage.slowest = max(outage.slowest, time.monotonic() - started)


async def keep_sending_by_rest(person: Person, conversation_id: str, outage: Outage) -> None:
    """The same over REST: a refusal must be a 503 that says when to come again."""
    for number in itertools.count():
        if outage.over:
            return
        started = time.monotonic()
        try:
            answer = await person.send_message(conversation_id, f"rest-{number}", "under load")
            outage.accepted[f"rest-{number}"] = answer["messageId"]
        except ApiError as error:
            if (error.status, error.code) != (503, "unavailable") or int(error.headers["retry-after"]) < 1:
                raise
            outage.refused += 1
        outage.slowest = max(outage.slowest, time.monotonic() - started)


async def check_nothing_lost(person: Person, conversation_id: str, outage: Outage) -> None:
    """Everything acknowledged is in the history, once; what was refused may be there too."""
    history = await history_of(person, conversation_id, len(outage.accepted))
    marker = await person.send_message(conversation_id, "the-last", "the last")
    async with asyncio.timeout(30):
        while history[-1]["messageId"] != marker["messageId"]:
            history += await person.history(conversation_id, after=history[-1]["seq"])
    assert [message["seq"] for message in history] == list(range(1, len(history) + 1))
    stored = {message["clientMessageId"]: message["messageId"] for message in history}
    assert len(stored) == len(history)
    assert outage.accepted.items() <= stored.items()


def kafka_of(stack: Stack) -> psutil.Process:
    """The broker's process."""
    for process in psutil.Process(stack.pid).children(recursive=True):
        if "kafka.Kafka" in process.cmdline():
            return process
    raise AssertionError("no Kafka runs under the stack")


def test_the_stack_is_healthy_after_all_that(stack: Stack) -> None:
    answer = httpx.get(f"{stack.url}/api/health", trust_env=False)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
