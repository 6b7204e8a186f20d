"""What the environment tells the twin's commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from local.failures import StartError

DEBUG_PORT = 5678
MOST_GATEWAYS = 16
EngineChoice = Literal["embedded", "docker", "external"]
PROJECT_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Settings:
    """Where to listen, which folders to use, and how the functions are run.

    `freeze` stops environments between invocations as Lambda does; `reload` replaces them when their code changes;
    `faults` is a file of faults that are set from the start; `debug` has debugpy's port for each function to debug;
    `gateways` is how many endpoints there are; `limits` holds to AWS's rates and the functions' memory.
    `site` builds the manifest's site at the start where its sources changed.
    `engines` says who runs Kafka and the rest.
    """

    host: str
    port: int
    data: Path
    cache: Path
    manifest: Path
    freeze: bool
    reload: bool
    site: bool
    faults: Path | None = None
    debug: Mapping[str, int] = field(default_factory=dict)
    gateways: int = 1
    limits: bool = True
    engines: EngineChoice = "embedded"

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """From the environment, each with a default: see docs/local-twin.md.

        Raises:
            StartError: PORT or GATEWAYS is no such number, DEBUG has no such form, or a switch (FREEZE, RELOAD, SITE,
                LIMITS) is neither on nor off, or ENGINES is none of its values.
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
            gateways=_count(environment.get("GATEWAYS") or "1"),
            limits=_switch(environment, "LIMITS", "on"),
            debug=_debug(environment.get("DEBUG") or ""),
            faults=Path(environment["FAULTS"]).expanduser().absolute() if environment.get("FAULTS") else None,
            engines=_engines(environment.get("ENGINES") or "embedded"),
        )


def _engines(text: str) -> EngineChoice:
    for choice in get_args(EngineChoice):
        if text == choice:
            return choice  # type: ignore[no-any-return] # one of the literals
    raise StartError(f"ENGINES={text} is none of {', '.join(get_args(EngineChoice))}.")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) < 1 << 16:
        raise StartError(f"PORT={text} is no port: use a number from 0 (any free port) to 65535.")
    return int(text)


def _debug(text: str) -> dict[str, int]:
    """`ws_send` or `ws_send:5678`, several with commas; ports that are not named count up from debugpy's own."""
    ports: dict[str, int] = {}
    for index, entry in enumerate(part.strip() for part in text.split(",") if part.strip()):
        name, colon, port = entry.partition(":")
        if colon and not port.isdecimal():
            raise StartError(f"DEBUG={text}: write the functions' names, each with or without a port (ws_send:5678).")
        ports[name] = _port(port) if colon else DEBUG_PORT + index
    return ports


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_GATEWAYS:
        raise StartError(f"GATEWAYS={text} is no number from 1 to {MOST_GATEWAYS}.")
    return int(text)


def _switch(environment: Mapping[str, str], name: str, default: str) -> bool:
    chosen = environment.get(name) or default
    if chosen not in ("on", "off"):
        raise StartError(f"{name}={chosen} is neither on nor off.")
    return chosen == "on"


def _folder(environment: Mapping[str, str], name: str, default: str) -> Path:
    chosen = environment.get(name)
    return Path(chosen).expanduser().absolute() if chosen else PROJECT_ROOT / default
