"""Random acts of some people who come and go: what their clients hold in the end must be what is read anew."""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import uvloop

from bench.client import ApiError, FrameError, ParleyClient
from bench.client.device import draft
from bench.client.live import LiveClient
from bench.client.replica import Json, comparable, describe, describe_members, differences
from bench.client.rest import Person
from bench.stack import Stack, end_in_order

EMOJI = ("🦉", "👍", "✨")
SETTLE_S = 15.0
REFUSALS = frozenset({"not_found", "forbidden", "conflict", "blocked", "invalid_request"})


class Acts:
    """One seed: `people` act `count` times in all. Acts that the contract refuses are acts too."""

    def __init__(self, client: ParleyClient, seed: int, *, people: int = 10, count: int = 200) -> None:
        self._client = client
        self._chance = random.Random(seed)
        self._people_count = people
        self._count = count
        self._password = f"acts {secrets.token_hex(16)}"
        self._clients: list[LiveClient] = []
        self.done = self.refused = 0
        self._ways: list[tuple[int, Callable[[LiveClient], Awaitable[object]]]] = [
            (30, self._send), (8, self._edit), (6, self._delete), (8, self._react), (10, self._see),
            (5, self._cut), (3, self._create), (2, self._rename), (5, self._change_members), (2, self._leave),
            (2, self._change_role), (1, self._hand_over),
        ]  # fmt: skip

    async def run(self) -> list[str]:
        """Acts, waits until all is told, and compares; where they differ, in words."""
        run = secrets.token_hex(4)
        people = [await self._client.register(f"a{run}.{n}", self._password) for n in range(self._people_count)]
        self._clients = [
            LiveClient(person, self._password, chance=random.Random(self._chance.random())) for person in people
        ]
        await asyncio.gather(*(client.start() for client in self._clients))
        try:
            for _ in range(3):
                await self._create(self._chance.choice(self._clients))
            for _ in range(self._count // 5):
                await asyncio.gather(*(self._act() for _ in range(5)))
            return await self._compare()
        finally:
            await asyncio.gather(*(client.stop() for client in self._clients))

    async def _act(self) -> None:
        weights = [weight for weight, _ in self._ways]
        (way,) = self._chance.choices([way for _, way in self._ways], weights)
        try:
            await way(self._chance.choice(self._clients))
            self.done += 1
        except (FrameError, ApiError) as error:
            if error.code not in REFUSALS:
                raise
            self.refused += 1
        except ConnectionError:
            self.refused += 1  # it was cut in the middle of it

    def _place(self, client: LiveClient) -> str:
        known = sorted(client.replica.conversations)
        return self._chance.choice(known) if known else "c_aaaaaaaaaaaaaaaaaaaa"

    def _message(self, client: LiveClient, *, own: bool) -> str:
        held = client.replica.conversations.get(self._place(client))
        found = sorted(
            name
            for name, message in (held.messages.items() if held else ())
            if not own or message["senderId"] == client.person.user_id
        )
        return self._chance.choice(found) if found else "m_aaaaaaaaaaaaaaaaaaaa"

    def _other(self) -> Person:
        return self._chance.choice(self._clients).person

    async def _send(self, client: LiveClient) -> None:
        places = [self._place(client) for _ in range(self._chance.choice((1, 1, 3)))]
        messages = [draft(place, f"content {self._chance.random()}") for place in places]
        await client.request("send", {"messages": messages})

    async def _edit(self, client: LiveClient) -> None:
        data = {"messageId": self._message(client, own=True), "content": f"edited {self._chance.random()}"}
        await client.request("edit", data)

    async def _delete(self, client: LiveClient) -> None:
        await client.request("delete", {"messageId": self._message(client, own=True)})

    async def _react(self, client: LiveClient) -> None:
        emoji, remove = self._chance.choice(EMOJI), self._chance.random() < 0.3
        message_id = self._message(client, own=False)
        if self._chance.random() < 0.5:
            await client.request("react", {"messageId": message_id, "emoji": emoji, "remove": remove})
        else:
            path = f"/api/chat/{message_id}/reactions/{quote(emoji)}"
            await client.person.call("DELETE" if remove else "PUT", path)

    async def _see(self, client: LiveClient) -> None:
        status = self._chance.choice(("read", "delivered"))
        data = {"conversationId": self._place(client), "seq": self._chance.randint(0, 40), "status": status}
        await client.request("seen", data)

    async def _cut(self, client: LiveClient) -> None:
        client.cut()

    async def _hand_over(self, client: LiveClient) -> None:
        await client.hand_over()

    async def _create(self, client: LiveClient) -> None:
        others = [self._other().user_id for _ in range(self._chance.randint(1, 5))]
        if self._chance.random() < 0.3 and others[0] != client.person.user_id:
            await client.person.create_direct(others[0])
        else:
            wanted = sorted({other for other in others if other != client.person.user_id})
            await client.person.create_group("A group", wanted)

    async def _rename(self, client: LiveClient) -> None:
        path = f"/api/groups/{self._place(client)}/rename"
        await client.person.call("PATCH", path, body={"name": f"Name {self._chance.random()}"})

    async def _change_members(self, client: LiveClient) -> None:
        which = self._chance.choice(("add", "remove"))
        path = f"/api/groups/{self._place(client)}/members"
        await client.person.call("PATCH", path, body={which: [self._other().user_id]})

    async def _change_role(self, client: LiveClient) -> None:
        path = f"/api/groups/{self._place(client)}/members/{self._other().user_id}"
        await client.person.call("PATCH", path, body={"role": self._chance.choice(("admin", "member", "owner"))})

    async def _leave(self, client: LiveClient) -> None:
        await client.person.call("POST", f"/api/groups/{self._place(client)}/leave")

    async def _compare(self) -> list[str]:
        """Waits until each client holds what is read anew; after some seconds each may sync once more."""
        found: list[str] = []
        for client in self._clients:
            deadline = time.monotonic() + SETTLE_S
            while wrong := differences(describe(client.replica), await read_anew(client.person)):
                if time.monotonic() > deadline:
                    await client.make_whole()
                    wrong = differences(describe(client.replica), await read_anew(client.person))
                    found += [f"{client.person.username}{difference}" for difference in wrong]
                    break
                await asyncio.sleep(0.2)
        return found


async def read_anew(person: Person) -> Json:
    """What a client has that reads everything from scratch, over REST."""
    state: Json = {}
    for view in await person.list_conversations():
        name = view["conversationId"]
        members = (await person.call("GET", f"/api/conversations/{name}/members", query={"limit": 100}))["items"]
        state[name] = {
            "name": view["name"],
            "photoUrl": view["photoUrl"],
            "rev": view["rev"],
            "members": describe_members(members),
            "messages": {message["seq"]: comparable(message) for message in await person.history(name)},
        }
    return state


async def run_seed(url: str, seed: int, *, people: int, count: int) -> list[str]:
    """One seed on a stack that runs."""
    async with ParleyClient(url) as client:
        acts = Acts(client, seed, people=people, count=count)
        found = await acts.run()
    print(f"seed {seed}: {acts.done} acts, {acts.refused} refused or cut, {len(found)} differences", flush=True)
    print("".join(f"  {line[:300]}\n" for line in found[:20]), end="")
    return found


async def run_seeds(url: str, options: argparse.Namespace) -> tuple[int, int]:
    """The seeds, some side by side, as long as there is time for another; how many ran, and how many ended equal."""
    seeds = iter(range(options.first, options.first + options.seeds))
    until = time.monotonic() + options.for_s
    results: list[bool] = []

    async def take_turns() -> None:
        for seed in seeds:
            if time.monotonic() > until:
                return
            results.append(not await run_seed(url, seed, people=options.people, count=options.acts))

    await asyncio.gather(*(take_turns() for _ in range(options.side_by_side)))
    return len(results), sum(results)


def main() -> int:
    """The command: 0 where all seeds end equal."""
    parser = argparse.ArgumentParser(prog="python -m bench.acts", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--acts", type=int, default=200)
    parser.add_argument("--side-by-side", type=int, default=1, help="so many seeds at a time")
    parser.add_argument("--for-s", type=float, default=float("inf"), help="begin no other seed after so many seconds")
    options = parser.parse_args()
    end_in_order()
    with tempfile.TemporaryDirectory(prefix="parley-acts-") as folder:
        stack = Stack(Path(folder) / "data")
        stack.start()
        try:
            ran, equal = uvloop.run(run_seeds(stack.url, options))
        finally:
            stack.stop()
    print(f"{equal} of {ran} seeds from {options.first} on end equal")
    return 0 if equal == ran else 1


if __name__ == "__main__":
    sys.exit(main())
