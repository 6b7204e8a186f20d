"""The environment is made once a lock, by any new enough Python; what stands in the way is one sentence."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local import setup_environment
from local.setup_environment import SetupError

SCRIPT = Path(setup_environment.__file__)


class Commands(list[list[str]]):
    """The commands that were run, by a stand-in that makes the environment's Python appear."""

    def __init__(self, venv: Path) -> None:
        super().__init__()
        self._venv = venv

    def run(self, command: list[str], failure: str, environment: dict[str, str] | None = None) -> None:
        self.append(command)
        (self._venv / "bin").mkdir(parents=True, exist_ok=True)
        (self._venv / "bin" / "python").touch()

    @property
    def synced(self) -> list[str]:
        """The lock files that were installed."""
        return [Path(command[-1]).name for command in self if "sync" in command]


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    return tmp_path / "venv"


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    folder = tmp_path / "locks"
    folder.mkdir()
    for group in ("local", "dev", "uv"):
        (folder / f"{group}.txt").write_text(f"{group}==1\n")
    return folder


@pytest.fixture
def commands(venv: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    commands = Commands(venv)
    monkeypatch.setattr(setup_environment, "run", commands.run)
    monkeypatch.setattr(setup_environment, "works", lambda python: python.exists())
    monkeypatch.setattr(setup_environment, "check_disk", lambda folder: None)
    return commands


def test_an_old_python_is_told_what_is_needed() -> None:
    with pytest.raises(SetupError, match=r"^Python 3\.11 or newer is needed, and /bin/py is 3\.10\.9: install"):
        setup_environment.check_python((3, 10, 9), "/bin/py")
    setup_environment.check_python((3, 11, 0), "/bin/py")


def test_an_old_python_can_read_the_script_far_enough_to_say_so() -> None:
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))
    assert "from __future__" not in SCRIPT.read_text(encoding="utf-8")


def test_the_script_needs_nothing_that_is_installed() -> None:
    done = subprocess.run([sys.executable, "-I", "-S", str(SCRIPT), "--help"], capture_output=True, check=False)
    assert done.returncode == 0
    assert not done.stderr


def test_it_installs_only_when_the_lock_has_changed(commands: Commands, venv: Path, locks: Path) -> None:
    setup_environment.make_environment("local", venv, locks)
    assert commands.synced == ["local.txt"]
    setup_environment.make_environment("local", venv, locks)
    assert commands.synced == ["local.txt"]
    (locks / "local.txt").write_text("local==2\n")
    setup_environment.make_environment("local", venv, locks)
    assert commands.synced == ["local.txt", "local.txt"]
    assert sum("venv" in command for command in commands) == 1


def test_hashes_are_required(commands: Commands, venv: Path, locks: Path) -> None:
    setup_environment.make_environment("local", venv, locks)
    installs = [command for command in commands if "sync" in command or "install" in command]
    assert len(installs) == 2
    assert all("--require-hashes" in command for command in installs)


def test_the_larger_environment_is_not_cut_down_to_the_smaller(commands: Commands, venv: Path, locks: Path) -> None:
    setup_environment.make_environment("dev", venv, locks)
    setup_environment.make_environment("local", venv, locks)
    assert commands.synced == ["dev.txt"]
    (locks / "dev.txt").write_text("dev==2\n")
    setup_environment.make_environment("local", venv, locks)
    assert commands.synced == ["dev.txt", "dev.txt"]


def test_an_environment_that_lost_its_python_is_made_anew(commands: Commands, venv: Path, locks: Path) -> None:
    setup_environment.make_environment("local", venv, locks)
    (venv / "bin" / "python").unlink()
    setup_environment.make_environment("local", venv, locks)
    assert sum("venv" in command for command in commands) == 2


def test_a_failed_installation_is_tried_again(
    commands: Commands, venv: Path, locks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: list[str], failure: str, environment: dict[str, str] | None = None) -> None:
        raise SetupError(failure)

    monkeypatch.setattr(setup_environment, "run", fail)
    with pytest.raises(SetupError):
        setup_environment.make_environment("local", venv, locks)
    monkeypatch.setattr(setup_environment, "run", commands.run)
    setup_environment.make_environment("local", venv, locks)
    assert commands.synced == ["local.txt"]


@pytest.mark.parametrize("stamp", ["", "{", "[]", '{"group": "local"}'])
def test_a_damaged_stamp_is_no_stamp(commands: Commands, venv: Path, locks: Path, stamp: str) -> None:
    venv.mkdir()
    (venv / setup_environment.STAMP).write_text(stamp)
    setup_environment.make_environment("local", venv, locks)
    assert commands.synced == ["local.txt"]
    assert json.loads((venv / setup_environment.STAMP).read_text())["group"] == "local"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("client error (Connect)\ndns error: failed to lookup", "is there no network"),
        ("NewConnectionError: Failed to establish a new connection", "is there no network"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("hash mismatch", "ended with status 3.\nhash mismatch"),
    ],
)
def test_a_failed_command_is_told_by_what_it_said(words: str, sentence: str) -> None:
    script = f"import sys; print({words!r}); sys.exit(3)"
    with pytest.raises(SetupError) as told:
        setup_environment.run([sys.executable, "-c", script], "It did not work")
    assert str(told.value).startswith("It did not work: ")
    assert sentence in str(told.value)


def test_a_missing_ensurepip_names_the_package(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    with pytest.raises(SetupError, match=f"install the package {version} and try again"):
        setup_environment.make_venv(venv)


def test_too_little_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=5 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(SetupError, match="needs 2048 MB free and has 5 MB"):
        setup_environment.check_disk(tmp_path / "venv")
