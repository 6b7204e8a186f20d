"""The demo where there is nothing to show."""

from __future__ import annotations

import asyncio
import io
import socket

from rich.console import Console

from bench.demo import play


def test_without_a_stack_the_demo_says_so_in_one_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        out = io.StringIO()
        assert asyncio.run(play(url, Console(file=out))) == 2
    said = out.getvalue()
    assert said.startswith(f"No stack answers at {url}: start one with `make run`")
    assert said.count("\n") == 1
