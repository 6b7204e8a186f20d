"""Dead letters: looked at, replayed in order and once, dropped by name."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from parley.domain.errors import UnavailableError
from parley.domain.records import DeadLetter
from parley.entry.dead_letters import dead_letters_handler
from parley.services.dead_letters import DeadLetters
from tests.fakes import FakeClock
from tests.fakes.dead_letters import FakeDeadLetterLog, FakeDeadLetterMarks
from tests.unit.entry.stack import Context
from tools import dead_letters as command

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def a_letter(number: int, consumer: str = "store_messages") -> DeadLetter:
    return DeadLetter(
        consumer=consumer,
        source_topic="chat.send",
        source_partition=3,
        source_offset=100 + number,
        source_key=f"c_{number}".encode(),
        source_value=f"secret {number}".encode(),
        error_type="KeyError",
        error_message="KeyError",
        stack="a stack",
        failed_at=AT,
        source_timestamp=AT,
        tries=2,
    )


class Desk:
    """The function over fakes."""

    def __init__(self) -> None:
        self.log = FakeDeadLetterLog()
        self.log.letters = [*(a_letter(number) for number in range(5)), a_letter(9, "fan_out")]
        self.dead_letters = DeadLetters(log=self.log, marks=FakeDeadLetterMarks(), clock=FakeClock())
        self._handle = dead_letters_handler(self)

    def ask(self, action: str, **more: Any) -> dict[str, Any]:
        return self._handle({"consumer": "store_messages", "action": action, **more}, Context())

    def offsets(self, action: str, **more: Any) -> list[int]:
        return [item["offset"] for item in self.ask(action, **more)["items"]]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_what_waits_is_listed_without_its_body(desk: Desk) -> None:
    assert desk.offsets("list") == [0, 1, 2, 3, 4]
    assert desk.offsets("list", limit=2) == [0, 1]
    listed = desk.ask("list", offsets=[3])
    assert "secret" not in json.dumps(listed)
    assert listed["items"][0] == {
        "offset": 3,
        "topic": "chat.send",
        "partition": 3,
        "sourceOffset": 103,
        "key": "c_3",
        "error": "KeyError",
        "message": "KeyError",
        "tries": 2,
        "recordedAt": "2026-01-31T12:00:00.000Z",
        "failedAt": "2026-01-31T12:00:00.000Z",
        "mark": None,
        "markedAt": None,
        "stack": None,
        "body": None,
    }
    (shown,) = desk.ask("show", offsets=[3])["items"]
    assert (shown["stack"], shown["body"]) == ("a stack", None)
    (shown,) = desk.ask("show", offsets=[3], body=True)["items"]
    assert shown["body"] == "secret 3"


def test_a_replay_goes_in_order_and_once(desk: Desk) -> None:
    assert desk.offsets("replay", offsets=[3, 1]) == [1, 3]
    assert desk.offsets("replay", offsets=[3, 1]) == []
    assert desk.offsets("replay") == [0, 2, 4]
    assert [letter.source_offset for letter in desk.log.replayed] == [101, 103, 100, 102, 104]
    assert desk.offsets("list") == []
    assert {item["mark"] for item in desk.ask("list", everything=True)["items"]} == {"replayed"}


def test_a_replay_that_is_cut_short_goes_on_where_it_was(desk: Desk) -> None:
    desk.log.replays_left = 2
    assert desk.ask("replay")["error"]["code"] == UnavailableError.code
    desk.log.replays_left, desk.log.reachable = None, True
    assert desk.offsets("replay") == [2, 3, 4]


def test_a_record_that_was_buried_twice_is_replayed_once_and_one_without_value_never(desk: Desk) -> None:
    desk.log.letters = [a_letter(0), a_letter(0), replace(a_letter(1), source_value=None)]
    assert desk.offsets("replay") == [0]
    assert desk.offsets("list") == [2]


def test_only_what_is_named_is_dropped_and_it_is_never_replayed(desk: Desk) -> None:
    assert desk.ask("drop")["error"]["code"] == "invalid_request"
    assert desk.offsets("drop", offsets=[1, 2]) == [1, 2]
    assert desk.offsets("replay") == [0, 3, 4]
    assert desk.offsets("replay", offsets=[1]) == []


@pytest.mark.parametrize(
    "request_data", [{"consumer": "nobody"}, {"action": "erase"}, {"limit": 0}, {"offsets": ["1"]}]
)
def test_a_bad_request_is_refused(desk: Desk, request_data: dict[str, Any]) -> None:
    answer = desk.ask(**{"action": "list", **request_data})
    assert answer["error"]["code"] == "invalid_request"


def test_the_command_prints_a_table(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    def invoke(request: Any) -> dict[str, Any]:
        return dead_letters_handler(desk)(request, Context())

    assert command.main(["store_messages"], invoke=invoke) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[1].split()[:3] == ["0", "chat.send/3@100", "c_0"]
    assert command.main(["store_messages", "show", "--offsets", "2", "--body"], invoke=invoke) == 0
    assert "secret 2" in capsys.readouterr().out
    assert command.main(["store_messages", "drop"], invoke=invoke) == 1
    assert "Name the offsets" in capsys.readouterr().err
    assert command.main(["fan_out_chunk", "replay"], invoke=invoke) == 0
    assert "nothing to replay" in capsys.readouterr().out
