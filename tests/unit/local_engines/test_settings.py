"""local/settings.py: what the environment may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.cli.run import runtime_settings_of
from local.failures import StartError
from local.settings import PROJECT_ROOT, Settings


def test_without_anything_the_defaults_hold() -> None:
    settings = Settings.read({})
    assert (settings.host, settings.port, settings.freeze, settings.reload) == ("127.0.0.1", 8000, False, True)
    assert settings.manifest == PROJECT_ROOT / "functions" / "manifest.toml"


def test_the_environment_chooses() -> None:
    settings = Settings.read({"PORT": "0", "PARLEY_DATA": "/some/where", "FREEZE": "on", "RELOAD": "off"})
    assert (settings.port, settings.data, settings.freeze, settings.reload) == (0, Path("/some/where"), True, False)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "eighty", "PORT=eighty is no port: use a number from 0 (any free port) to 65535."),
        ("PORT", "65536", "PORT=65536 is no port: use a number from 0 (any free port) to 65535."),
        ("FREEZE", "1", "FREEZE=1 is neither on nor off."),
        ("RELOAD", "yes", "RELOAD=yes is neither on nor off."),
    ],
)
def test_what_cannot_be_meant_is_told(name: str, value: str, told: str) -> None:
    with pytest.raises(StartError) as caught:
        Settings.read({name: value})
    assert str(caught.value) == told


def test_limits_are_off_for_functions_and_for_the_account() -> None:
    on, off = (runtime_settings_of(Settings.read({"LIMITS": value})) for value in ("on", "off"))
    assert (on.memory_limits, on.account_concurrency) == (True, 1_000)
    assert (off.memory_limits, off.account_concurrency) == (False, None)
