"""Ports are remembered, replaced when taken, and never shared."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from local.engines import ports


def test_ports_are_the_same_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = ports.choose_ports(["kafka", "mongo"], file)
    assert ports.choose_ports(["kafka", "mongo"], file) == first
    assert len(set(first.values())) == 2


def test_a_port_that_somebody_took_is_replaced_and_the_new_one_remembered(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = ports.choose_ports(["kafka", "mongo"], file)
    with socket.create_server((ports.HOST, first["kafka"])):
        second = ports.choose_ports(["kafka", "mongo"], file)
    assert second["kafka"] != first["kafka"]
    assert second["mongo"] == first["mongo"]
    assert ports.choose_ports(["kafka", "mongo"], file) == second


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", '{"kafka": "x", "mongo": 0}', '{"kafka": 70000}', '{"kafka": 25000, "mongo": 25000}']
)
def test_a_damaged_memory_of_ports_gives_fresh_ones(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ports.json"
    file.write_text(content)
    chosen = ports.choose_ports(["kafka", "mongo"], file)
    assert len(set(chosen.values())) == 2
    assert all(ports.is_free(port) for port in chosen.values())
    assert json.loads(file.read_text()) == chosen


def test_ports_are_none_that_the_system_gives_to_outgoing_connections(tmp_path: Path) -> None:
    chosen = ports.choose_ports([str(number) for number in range(50)], tmp_path / "ports.json")
    assert max(chosen.values()) < 32_768
