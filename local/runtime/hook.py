"""Runs a worker whose code stops at named places and asks the twin whether, and when, to go on.

Run as a script in front of the real command, and only while a fault needs it: the functions themselves, and AWS's
runtime client, are as they always are. A place is a Python function, `module:qualified.name`; it is wrapped right after
its module was loaded, so whoever imports it later gets the wrapped one. Standard library only, as it runs inside of
the function's own process.
"""

from __future__ import annotations

import functools
import http.client
import importlib.abc
import importlib.util
import inspect
import runpy
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any
from urllib.parse import quote

Ask = Callable[[str, str], None]


def hooked_command(command: Sequence[str], points: frozenset[str], api: str) -> list[str]:
    """The command that runs `python -m module argument…` with these places watched.

    Args:
        command: the interpreter, `-m`, the module and its arguments.
        points: the places.
        api: `host:port` of who is asked.
    """
    python, _, *module_and_arguments = command
    return [python, __file__, api, ",".join(sorted(points)), *module_and_arguments]


class PointFinder(importlib.abc.MetaPathFinder):
    """Finds modules as the others do, and wraps the watched functions of those that have some."""

    def __init__(self, points: Sequence[str], ask: Ask) -> None:
        self._ask = ask
        self._names: dict[str, list[str]] = {}
        for point in points:
            module, _, name = point.partition(":")
            self._names.setdefault(module, []).append(name)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `importlib`."""
        if fullname not in self._names:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                load = spec.loader.exec_module
                # The loader is the module's own, so its method may be replaced on it alone.
                spec.loader.exec_module = functools.partial(self._load, load)  # type: ignore[method-assign]
                return spec
        return None

    def _load(self, load: Callable[[ModuleType], None], module: ModuleType) -> None:
        load(module)
        for name in self._names[module.__name__]:
            _wrap(module, name, f"{module.__name__}:{name}", self._ask)


def _wrap(module: ModuleType, name: str, point: str, ask: Ask) -> None:
    holder: Any = module
    *path, last = name.split(".")
    try:
        for part in path:
            holder = getattr(holder, part)
        found = inspect.getattr_static(holder, last)
    except AttributeError:
        sys.stderr.write(f"There is no {point} at which to stop.\n")
        return
    if isinstance(found, staticmethod | classmethod):
        setattr(holder, last, type(found)(_watched(found.__func__, point, ask)))
    else:
        setattr(holder, last, _watched(found, point, ask))


def _watched(function: Callable[..., Any], point: str, ask: Ask) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def wait(*args: Any, **kwargs: Any) -> Any:
            ask(point, "before")
            result = await function(*args, **kwargs)
            ask(point, "after")
            return result

        return wait

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        ask(point, "before")
        result = function(*args, **kwargs)
        ask(point, "after")
        return result

    return call


def asker(api: str) -> Ask:
    """Asks the twin, and returns when the code may go on; where the twin wants it dead, it does not return."""

    def ask(point: str, when: str) -> None:
        connection = http.client.HTTPConnection(api)
        try:
            connection.request("POST", f"/_local/points/{quote(point)}/{when}")
            connection.getresponse().read()
        finally:
            connection.close()

    return ask


def main(arguments: list[str]) -> None:
    """Watches the places and becomes the module that is named, as `python -m` would run it."""
    api, points, *command = arguments
    sys.meta_path.insert(0, PointFinder(points.split(","), asker(api)))
    sys.argv = command
    sys.path[0] = ""
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
