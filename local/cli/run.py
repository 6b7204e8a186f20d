"""`python -m local run`: the whole stack, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from dataclasses import replace
from typing import Any

from functions.manifest import ManifestError, load_manifest
from local.cli.addresses import addresses_of, facts_of
from local.cli.ending import Ending
from local.cli.screen import JsonScreen, TerminalScreen
from local.console import LineWriter
from local.gateway.settings import UNLIMITED, GatewaySettings
from local.runtime.settings import RuntimeSettings
from local.settings import Settings
from local.site_build import SiteBuild
from local.stack import Stack


async def run(settings: Settings) -> int:
    """Starts the stack, shows where everything is, then a line for everything that happens, until SIGTERM or Ctrl-C.

    Both end it in order, with status 0; a second one ends it at once, with status 130.

    Raises:
        StartError: it cannot start, or an engine cannot be kept running.
    """
    writer = LineWriter(sys.stdout)
    try:
        if sys.stdout.isatty():
            return await _run(settings, TerminalScreen(writer, colours=not os.environ.get("NO_COLOR")))
        return await _run(settings, JsonScreen(writer))
    finally:
        writer.close()


async def _run(settings: Settings, screen: TerminalScreen | JsonScreen) -> int:
    began = time.monotonic()
    stack = Stack(
        settings.manifest,
        settings.data,
        host=settings.host,
        port=settings.port,
        cache=settings.cache,
        observer=screen,
        runtime=runtime_settings_of(settings),
        gateway=GatewaySettings() if settings.limits else UNLIMITED,
        gateways=settings.gateways,
        faults=settings.faults,
        engines=settings.engines,
    )
    ending = Ending()
    with screen.starting():
        starting = asyncio.create_task(_bring_up(stack, settings, screen))
        await _first(starting, ending.asked)
        if not starting.done():
            starting.cancel()
            await asyncio.wait({starting})
            return 0
        await starting
    try:
        addresses = addresses_of(stack)
        stack.folder.note_run(facts_of(stack, addresses, os.getpid()))
        screen.ready(addresses, time.monotonic() - began)
        await _first(ending.asked, stack.supervisor.lost)
        if not ending.asked.done():
            raise stack.supervisor.lost.result()
        screen.stopping(ending.asked.result())
        return 0
    finally:
        await stack.stop()


def runtime_settings_of(settings: Settings) -> RuntimeSettings:
    """How the functions run. Without limits none is theirs: neither memory nor the account's concurrency."""
    made = RuntimeSettings(
        freeze=settings.freeze,
        hot_reload=settings.reload,
        memory_limits=settings.limits,
        debug=dict(settings.debug),
    )
    return made if settings.limits else replace(made, account_concurrency=None)


async def _bring_up(stack: Stack, settings: Settings, screen: TerminalScreen | JsonScreen) -> None:
    """Starts the stack and builds its site side by side."""
    building = asyncio.create_task(_build_site(settings, screen))
    try:
        await stack.start()
        await building
    except BaseException:
        building.cancel()
        await asyncio.wait({building})
        await stack.stop()
        raise


async def _build_site(settings: Settings, screen: TerminalScreen | JsonScreen) -> None:
    if not settings.site:
        return
    with contextlib.suppress(ManifestError):  # the stack's own start tells of it
        site = load_manifest(settings.manifest).site
        if site is not None:
            await SiteBuild(site, cache=settings.cache, observer=screen).run()


async def _first(*futures: asyncio.Future[Any]) -> None:
    """Waits until one of them is done."""
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
