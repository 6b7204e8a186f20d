"""What stops a start is told in one sentence that says what to do."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from local.__main__ import main
from local.failures import StartError, check_disk, port_in_use
from local.settings import Settings


def test_a_used_port_names_the_process_that_holds_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        sentence = str(port_in_use("127.0.0.1", port))
    assert f"Port {port} on 127.0.0.1 is in use by process {os.getpid()} (" in sentence
    assert "PORT=" in sentence


def test_a_used_port_whose_holder_is_hidden_is_told_all_the_same() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    assert f"Port {port} on 127.0.0.1 is in use by another process" in str(port_in_use("127.0.0.1", port))


def test_a_full_disk_says_how_much_is_needed_and_there(tmp_path: Path) -> None:
    check_disk(tmp_path / "new" / "folder", needed_mb=1, purpose="a test")
    with pytest.raises(StartError, match=r"not enough disk space for a test: .*folder needs \d+ MB free and has \d+"):
        check_disk(tmp_path / "new" / "folder", needed_mb=1 << 40, purpose="a test")


@pytest.mark.parametrize("port", ["http", "-1", "65536", "80.5", "٨٠"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(StartError, match=r"is no port: use a number from 0 .* to 65535"):
        Settings.read({"PORT": port})


def test_settings_have_defaults_within_the_project_and_can_be_set(tmp_path: Path) -> None:
    default = Settings.read({"PORT": "", "PARLEY_DATA": ""})
    assert (default.host, default.port, default.data.name) == ("127.0.0.1", 8000, ".parley")
    assert default.manifest.is_file()
    chosen = Settings.read({"PORT": "0", "HOST": "::1", "PARLEY_DATA": str(tmp_path), "PARLEY_CACHE": "~/c"})
    assert (chosen.host, chosen.port, chosen.data) == ("::1", 0, tmp_path)
    assert chosen.cache == Path.home() / "c"


def test_a_command_that_fails_says_why_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "none")
    assert main(["reset"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "PORT=none is no port: use a number from 0 (any free port) to 65535.\n"
