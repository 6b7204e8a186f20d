"""The command that starts a worker: AWS's runtime client, alone, or inside of what watches it."""

from __future__ import annotations

import asyncio

from local.runtime.hook import hooked_command
from local.runtime.spec import Spec

PORT_DEADLINE_S = 10.0
PORT_CHECK_S = 0.05


async def debug_port_free(port: int) -> None:
    """Waits until nobody holds debugpy's port: the adapter of an environment that has ended takes a moment to go.

    Raises:
        OSError: somebody else holds it.
    """
    # A container of a replica has none of the packages that the engines need, and debugs nothing.
    from local.engines.ports import is_free  # noqa: PLC0415

    try:
        async with asyncio.timeout(PORT_DEADLINE_S):
            while not is_free(port):  # noqa: ASYNC110 - its holder tells nobody
                await asyncio.sleep(PORT_CHECK_S)
    except TimeoutError:
        raise OSError(f"debugpy's port {port} is in use: choose another with DEBUG=function:port") from None


def worker_command(spec: Spec, api: str) -> list[str]:
    """The program and its arguments.

    Args:
        spec: the function.
        api: `host:port` of the Runtime API that serves this one worker.
    """
    python, function = spec.settings.python, spec.function
    command = [python, "-m", "awslambdaric", function.handler]
    points = spec.interference.points(function.name)
    if points:
        command = hooked_command(command, points, api)
    port = spec.settings.debug.get(function.name)
    return command if port is None else _debugged(command, port)


def _debugged(command: list[str], port: int) -> list[str]:
    """The same under debugpy, which listens on this machine alone; what is frozen into Python could not be stepped."""
    python, *rest = command
    listen = ["--listen", f"127.0.0.1:{port}", "--configure-subProcess", "false"]
    return [python, "-Xfrozen_modules=off", "-m", "debugpy", *listen, *rest]
