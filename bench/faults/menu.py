"""The faults that a seed draws from."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

Fault = dict[str, Any]
Draw = Callable[[random.Random], Fault]

POINTS: Final[Mapping[str, Fault]] = {
    "before the insert": {
        "function": "store_messages",
        "at": "point",
        "point": "parley.stores.messages:MongoMessageStore.append_messages",
    },
    "after the insert": {
        "function": "store_messages",
        "at": "point",
        "point": "parley.stores.messages:MongoMessageStore.append_messages",
        "when": "after",
    },
    "after emit": {
        "function": "store_messages",
        "at": "point",
        "point": "parley.services.storing:Storing.store_messages",
        "when": "after",
    },
    "before the commit": {"function": "store_messages", "at": "commit"},
    "in a fan-out": {"function": "fan_out", "at": "post", "when": "after", "skip": 1},
    "between produce and answer": {
        "function": "ws_send",
        "at": "point",
        "point": "parley.services.chat:Chat.send_message",
        "when": "after",
    },
}
"""TARGETS' named points. The last is after the message is in Kafka and before its sender hears of it."""

GROUP_POINTS: Final[Mapping[str, Fault]] = {
    "between change and publish": {
        "function": "rest_chat",
        "at": "point",
        "point": "parley.services.outbox:Outbox.notify_changed",
    },
}
"""Points that only changes of groups and conversations reach: the change has committed, and Kafka has heard nothing."""

FUNCTIONS: Final = ("store_messages", "fan_out", "ws_send", "ws_sync", "ws_connect", "authorizer", "rest_chat")
DOWN_S: Final = 3.0
CUT_COUNT: Final = 3


def kill_at(point: str) -> Fault:
    """A kill at one of the named points, the next time that it is reached."""
    return {"kind": "kill", **{**POINTS, **GROUP_POINTS}[point]}


def _kill_somewhere(chance: random.Random) -> Fault:
    return kill_at(chance.choice(list(POINTS)))


def _kill_now(chance: random.Random) -> Fault:
    return {"kind": "kill", "function": chance.choice(FUNCTIONS), "at": "now"}


def _posts(chance: random.Random) -> Fault:
    action = chance.choice(("gone", "throttle", "fail", "delay"))
    delay = {"delay_s": 0.2} if action == "delay" else {}
    return {"kind": "posts", "action": action, "share": chance.choice((0.05, 0.2)), "times": 20, **delay}


def _disconnects(chance: random.Random) -> Fault:
    action = chance.choice(("lose", "duplicate", "delay"))
    delay = {"delay_s": 1.0} if action == "delay" else {}
    return {"kind": "disconnects", "action": action, "times": CUT_COUNT, **delay}


def _redeliver(chance: random.Random) -> Fault:
    return {"kind": "redeliver", "function": chance.choice(("store_messages", "fan_out", "record_receipts"))}


def _engine(chance: random.Random) -> Fault:
    engine = chance.choice(("kafka", "mongo", "valkey"))
    action = chance.choice(("kill", "pause", "cut"))
    for_s = DOWN_S if action == "pause" else 0.5
    return {"kind": "engine", "engine": engine, "action": action, "for_s": for_s}


def _wipe_valkey(_: random.Random) -> Fault:
    return {"kind": "engine", "engine": "valkey", "action": "wipe"}


def _sockets(chance: random.Random) -> Fault:
    return {"kind": "sockets", "share": chance.choice((0.1, 0.5, 1.0)), "code": chance.choice((0, 1001))}


MENU: Final[Mapping[str, tuple[int, Draw]]] = {
    "kill at a point": (6, _kill_somewhere),
    "kill now": (3, _kill_now),
    "posts": (3, _posts),
    "disconnects": (2, _disconnects),
    "redeliver": (2, _redeliver),
    "engine": (2, _engine),
    "valkey wiped": (1, _wipe_valkey),
    "sockets": (2, _sockets),
}
"""How often each comes, and what it draws."""


ALWAYS: Final[Sequence[Fault]] = (
    *({"kind": "kill", **point} for point in POINTS.values()),
    *({"kind": "posts", "action": action, "share": 0.2, "times": 20} for action in ("gone", "throttle")),
    *({"kind": "disconnects", "action": action, "times": CUT_COUNT} for action in ("lose", "duplicate")),
    {"kind": "disconnects", "action": "delay", "delay_s": 1.0, "times": CUT_COUNT},
    _wipe_valkey(random.Random(0)),
    {"kind": "sockets"},
)
"""What a run of enough faults has at least once each, whatever its seed."""


def draw_faults(count: int, chance: random.Random) -> list[Fault]:
    """As many faults as asked for; the same chance gives the same."""
    kinds = list(MENU)
    weights = [MENU[kind][0] for kind in kinds]
    always = list(ALWAYS) if count >= len(ALWAYS) else []
    drawn = always + [MENU[kind][1](chance) for kind in chance.choices(kinds, weights, k=count - len(always))]
    chance.shuffle(drawn)
    return drawn


def title_of(fault: Fault) -> str:
    """What a fault is counted under."""
    match fault["kind"]:
        case "kill":
            place = {name: value for name, value in fault.items() if name not in ("times", "share")}
            named = (name for name in POINTS if kill_at(name) == place)
            return f"kill {next(named, fault['function'])}"
        case "engine":
            return f"{fault['action']} {fault['engine']}"
        case "posts" | "disconnects":
            return f"{fault['action']} {fault['kind']}"
        case "redeliver":
            return f"redeliver {fault['function']}"
        case kind:
            return str(kind)
