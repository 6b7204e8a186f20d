"""A project that is not Parley, written into a temporary folder, and a runtime that runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.manifest import load_manifest
from local.interference import Interference
from local.runtime import Runtime, RuntimeSettings
from tests.integration.local_runtime.project import Recorder, Stack, StartStack, write


@pytest.fixture(params=[pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop")])
def anyio_backend(request: pytest.FixtureRequest) -> object:
    return request.param


@pytest.fixture
def start_stack(tmp_path: Path) -> StartStack:
    """Starts a runtime for functions that are given as the source of their handlers."""

    @asynccontextmanager
    async def start(
        handlers: dict[str, str],
        *,
        table: dict[str, str] | None = None,
        top: str = "",
        interference: Interference | None = None,
        **settings: Any,
    ) -> AsyncIterator[Stack]:
        manifest = '[project]\nname = "feed"\nlayer = "shared"\n' + top
        (tmp_path / "shared").mkdir()
        for name, code in handlers.items():
            write(tmp_path / "functions" / name / "handler.py", code)
            manifest += f"\n[functions.{name}]\n{(table or {}).get(name, '')}\n"
        write(tmp_path / "functions" / "manifest.toml", manifest)
        told = Recorder()
        runtime = Runtime(
            load_manifest(tmp_path / "functions" / "manifest.toml"),
            {"greeting": "hello", "stage": "local"},
            settings=replace(RuntimeSettings(prewarm=False, hot_reload=False, freeze=True, stop_grace=5.0), **settings),
            observer=told,
            interference=interference,
        )
        await runtime.start()
        try:
            yield Stack(tmp_path, runtime, told)
        finally:
            await runtime.stop()

    return start
