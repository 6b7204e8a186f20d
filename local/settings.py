"""What the environment tells the twin's commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.failures import StartError

PROJECT_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen, which folders to use, and how the functions are run.

    `freeze` stops environments between invocations as Lambda does; `reload` replaces them when their code changes.
    `site` builds the manifest's site at the start where its sources changed.
    """

    host: str
    port: int
    data: Path
    cache: Path
    manifest: Path
    freeze: bool
    reload: bool
    site: bool

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """From HOST, PORT, PARLEY_DATA, PARLEY_CACHE, MANIFEST, FREEZE, RELOAD and SITE, each with a default.

        Raises:
            StartError: PORT is no port number, or FREEZE, RELOAD or SITE is neither on nor off.
        """
        return cls(
            host=environment.get("HOST") or "127.0.0.1",
            port=_port(environment.get("PORT") or "8000"),
            data=_folder(environment, "PARLEY_DATA", ".parley"),
            cache=_folder(environment, "PARLEY_CACHE", ".cache"),
            manifest=_folder(environment, "MANIFEST", "functions/manifest.toml"),
            freeze=_switch(environment, "FREEZE", "off"),
            reload=_switch(environment, "RELOAD", "on"),
            site=_switch(environment, "SITE", "on"),
        )


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) < 1 << 16:
        raise StartError(f"PORT={text} is no port: use a number from 0 (any free port) to 65535.")
    return int(text)


def _switch(environment: Mapping[str, str], name: str, default: str) -> bool:
    chosen = environment.get(name) or default
    if chosen not in ("on", "off"):
        raise StartError(f"{name}={chosen} is neither on nor off.")
    return chosen == "on"


def _folder(environment: Mapping[str, str], name: str, default: str) -> Path:
    chosen = environment.get(name)
    return Path(chosen).expanduser().absolute() if chosen else PROJECT_ROOT / default
