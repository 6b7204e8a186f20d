"""Kafka's jars are taken only whole and with the hashes that are pinned."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from local.engines import kafka_jars

JARS = {"a.jar": b"one", "b.jar": b"two"}


@pytest.fixture(autouse=True)
def pinned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "pinned"
    lines = (f"{hashlib.sha256(content).hexdigest()} {name}\n" for name, content in JARS.items())
    file.write_text("# a comment\n" + "".join(lines))
    monkeypatch.setattr(kafka_jars, "PINNED", file)


def repository(monkeypatch: pytest.MonkeyPatch, jars: dict[str, bytes], *, links_must_be_fresh: bool = False) -> None:
    """Has the repository answer with `jars`; a file that is there already is not fetched again."""

    def resolve(work: Path, tell: object) -> list[Path]:
        assert not (links_must_be_fresh and (work / kafka_jars.LINKS).exists())
        folder = work / "repository"
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in jars.items():
            if not (folder / name).exists():
                (folder / name).write_bytes(content)
        return [folder / name for name in jars]

    monkeypatch.setattr(kafka_jars, "_resolve", resolve)


def test_a_download_is_there_whole_and_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    repository(monkeypatch, dict(reversed(JARS.items())))
    folder = tmp_path / "kafka"
    assert kafka_jars.jars_in(folder) is None
    kafka_jars.download(folder, lambda _: None)
    assert kafka_jars.jars_in(folder) == [folder / "a.jar", folder / "b.jar"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == JARS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kafka", "pinned"]


@pytest.mark.parametrize(
    ("jars", "sentence"),
    [
        ({**JARS, "b.jar": b"tampered"}, "b.jar does not have the expected SHA-256"),
        ({**JARS, "c.jar": b"three"}, r"other files than expected: \['c.jar'\]"),
        ({"a.jar": b"one"}, r"other files than expected: \['b.jar'\]"),
    ],
)
def test_anything_else_than_what_is_pinned_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, jars: dict[str, bytes], sentence: str
) -> None:
    repository(monkeypatch, jars)
    with pytest.raises(ValueError, match=sentence):
        kafka_jars.download(tmp_path / "kafka", lambda _: None)
    assert not (tmp_path / "kafka").exists()


def test_a_download_that_was_cut_off_is_made_good(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unfinished = tmp_path / "kafka.part" / "repository" / "a.jar"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"on")
    (tmp_path / "kafka.part" / kafka_jars.LINKS).mkdir()
    repository(monkeypatch, JARS, links_must_be_fresh=True)
    kafka_jars.download(tmp_path / "kafka", lambda _: None)
    assert (tmp_path / "kafka" / "a.jar").read_bytes() == b"one"


def test_the_real_list_pins_every_jar_of_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    pinned = kafka_jars.pinned_hashes()
    assert f"kafka_2.13-{kafka_jars.KAFKA_VERSION}.jar" in pinned
    assert all(len(digest) == 64 for digest in pinned.values())
