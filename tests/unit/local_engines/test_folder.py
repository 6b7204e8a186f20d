"""A data folder is one run's own, tells other commands of it, and can be wiped."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from local.cli.reset import reset
from local.engines import DataFolder, read_run
from local.failures import StartError


def test_a_second_run_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path),
        pytest.raises(StartError, match=f"in use by process {os.getpid()}: end it, or set PARLEY_DATA"),
        DataFolder(tmp_path),
    ):
        pass


def test_a_folder_that_was_given_back_can_be_taken_again(tmp_path: Path) -> None:
    with DataFolder(tmp_path):
        pass
    with DataFolder(tmp_path):
        pass


def test_a_run_is_known_as_long_as_it_holds_the_folder(tmp_path: Path) -> None:
    assert read_run(tmp_path) is None
    with DataFolder(tmp_path) as folder:
        assert read_run(tmp_path) is None
        folder.note_run({"url": "http://localhost:1"})
        assert read_run(tmp_path) == {"url": "http://localhost:1"}
    assert read_run(tmp_path) is None


def test_what_a_killed_run_noted_is_gone_when_the_next_begins(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"url": "http://localhost:1"}')
    with DataFolder(tmp_path):
        assert read_run(tmp_path) is None


def test_notes_of_a_run_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        folder.note_run({"secret": "x"})
        assert stat.S_IMODE((tmp_path / "run.json").stat().st_mode) == 0o600


def test_damaged_notes_of_children_do_not_stop_a_start(tmp_path: Path) -> None:
    (tmp_path / "children.json").write_text("{")
    with DataFolder(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="cannot be used: Not a directory"), DataFolder(tmp_path / "file" / "data"):
        pass


def test_reset_removes_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    (data / "kafka" / "log").mkdir(parents=True)
    (data / "ports.json").touch()
    (data / "link").symlink_to(tmp_path)
    assert reset(data) == 0
    assert not data.exists()
    assert tmp_path.exists()
    assert "Removed" in capsys.readouterr().out
    assert reset(data) == 0
    assert "nothing to remove" in capsys.readouterr().out


def test_reset_leaves_the_data_of_a_living_run_alone(tmp_path: Path) -> None:
    with DataFolder(tmp_path):
        (tmp_path / "ports.json").touch()
        with pytest.raises(StartError, match="in use"):
            reset(tmp_path)
    assert (tmp_path / "ports.json").exists()
