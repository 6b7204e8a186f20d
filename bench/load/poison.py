"""Poison: records that cannot be processed, among many that can, in one partition.

python -m bench.load.poison [RECORDS] [POISON]      10,000 and 100

Poison is a message for a direct conversation that there is not; the fix is to create it.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kafka import KafkaProducer

from bench.client import ParleyClient, Person
from bench.client.rest import Json
from bench.stack import Stack
from parley.domain.ids import derive_direct_id, derive_message_id
from parley.domain.models import AcceptedMessage
from parley.domain.records import CHAT_SEND, SendRequested
from parley.domain.times import truncate_to_ms
from parley.protocol.records import encode_record
from tools import dead_letters

_PASSWORD = "a password of nobody but benches"
_POLL_S = 0.1


@dataclass(frozen=True)
class Outcome:
    """What became of it, by what clients and the command see."""

    stored: list[str]
    sent: list[str]
    buried: list[str]
    poison: list[str]
    replayed: list[str]
    stored_after_replay: list[str]
    waiting_after_replay: int
    seconds: float


async def run_poison(stack: Stack, *, records: int, poison: int, deadline_s: float) -> Outcome:
    """Writes the records under one key, waits for the good ones, and replays the rest once they can be stored."""
    async with ParleyClient(stack.url) as client:
        names = [f"{name}_{secrets.token_hex(6)}" for name in ("ada", "ben", "cy")]
        ada, ben, cy = [await client.register(name, _PASSWORD) for name in names]
        place = await ada.create_direct(ben.user_id)
        nowhere = derive_direct_id(ada.user_id, cy.user_id)
        every = records // poison
        places = [nowhere if number % every == every // 2 else place for number in range(records)]
        messages = [_make(ada, where, number) for number, where in enumerate(places)]
        started = time.perf_counter()
        await asyncio.to_thread(_produce, stack, place, messages)
        good = [message.content for message in messages if message.conversation_id == place]
        bad = [message for message in messages if message.conversation_id == nowhere]
        stored = await _history(ben, place, len(good), deadline_s)
        seconds = time.perf_counter() - started
        buried = await asyncio.to_thread(_ask, stack, "list")
        await ada.create_direct(cy.user_id)
        replayed = await asyncio.to_thread(_ask, stack, "replay")
        await asyncio.to_thread(_ask, stack, "replay")
        after = await _history(cy, nowhere, len(bad), deadline_s)
        left = await asyncio.to_thread(_ask, stack, "list")
    numbers = {record: message.content for record, message in enumerate(messages)}
    first = min((item["sourceOffset"] for item in buried), default=0) - every // 2
    return Outcome(
        stored=[message["content"] for message in stored],
        sent=good,
        buried=[numbers[item["sourceOffset"] - first] for item in buried],
        poison=[message.content for message in bad],
        replayed=[numbers[item["sourceOffset"] - first] for item in replayed],
        stored_after_replay=[message["content"] for message in after],
        waiting_after_replay=len(left),
        seconds=seconds,
    )


def _make(sender: Person, conversation_id: str, number: int) -> AcceptedMessage:
    client_id = f"poison-{number}"
    return AcceptedMessage(
        message_id=derive_message_id(conversation_id, sender.user_id, client_id),
        conversation_id=conversation_id,
        sender_id=sender.user_id,
        client_message_id=client_id,
        type="text",
        content=f"number {number}",
        reply_to=None,
        mentions=(),
        attachment_ids=(),
        accepted_at=truncate_to_ms(datetime.now(UTC)),
    )


def _produce(stack: Stack, key: str, messages: Sequence[AcceptedMessage]) -> None:
    """All under one key, so that the poison stands in the way of the others."""
    servers = stack.facts()["values"]["kafka.bootstrap_servers"].split(",")
    producer = KafkaProducer(bootstrap_servers=servers, acks="all")
    try:
        sent = [producer.send(CHAT_SEND, encode_record(SendRequested(message)), key.encode()) for message in messages]
        for one in sent:
            one.get(timeout=60)
    finally:
        producer.close()


async def _history(reader: Person, conversation_id: str, count: int, deadline_s: float) -> list[Json]:
    found: list[Json] = []
    async with asyncio.timeout(deadline_s):
        while len(found) < count:
            found += await reader.history(conversation_id, after=len(found))
            await asyncio.sleep(_POLL_S)
    return found


def _ask(stack: Stack, action: str) -> list[dict[str, Any]]:
    request = {"consumer": "store_messages", "action": action, "limit": 1_000}
    items: list[dict[str, Any]] = dead_letters.invoke_here(request, data=stack.data)["items"]
    return items


def check_outcome(outcome: Outcome) -> list[str]:
    """What is not as it must be."""
    checks = {
        "the good ones are stored in order": outcome.stored == outcome.sent,
        "exactly the poison is buried": outcome.buried == outcome.poison,
        "all of it is replayed": outcome.replayed == outcome.poison,
        "replayed, it is stored in order, once": outcome.stored_after_replay == outcome.poison,
        "none waits afterwards": outcome.waiting_after_replay == 0,
    }
    return [name for name, holds in checks.items() if not holds]


def main(arguments: Sequence[str]) -> int:
    """Runs it on a stack of its own; 1 where something did not hold."""
    records, poison = (*map(int, arguments), *(10_000, 100)[len(arguments) :])
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder) / "data")
        stack.start()
        try:
            stack.wait_until_healthy()
            outcome = asyncio.run(run_poison(stack, records=records, poison=poison, deadline_s=600))
        finally:
            stack.stop()
    failed = check_outcome(outcome)
    print(f"{len(outcome.sent)} stored beside {len(outcome.buried)} buried in {outcome.seconds:.1f} s")
    print("\n".join(f"not so: {name}" for name in failed) or "all holds")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
