"""Kafka's jars are taken only whole and with the hashes that are pinned."""

from __future__ import annotations

import gc
import hashlib
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local.engines import kafka_jars

JARS = {"a-1.jar": b"one", "b-2.jar": b"two"}
PLACES = {"a-1.jar": "org.example:a:1", "b-2.jar": "org.example:b:2"}


@pytest.fixture(autouse=True)
def pinned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "pinned"
    lines = (f"{hashlib.sha256(content).hexdigest()} {PLACES[name]}\n" for name, content in JARS.items())
    file.write_text("# a comment\n" + "".join(lines))
    monkeypatch.setattr(kafka_jars, "PINNED", file)


def repository(monkeypatch: pytest.MonkeyPatch, held: dict[str, bytes]) -> None:
    """Has the repository hold these files; one that is there already is not fetched again."""

    def fetch(work: Path, jars: Sequence[kafka_jars.Jar], tell: object) -> list[Path]:
        folder = work / "repository"
        folder.mkdir(parents=True, exist_ok=True)
        for jar in jars:
            if not (folder / jar.file_name).exists():
                (folder / jar.file_name).write_bytes(held[jar.file_name])
        return [folder / jar.file_name for jar in jars]

    monkeypatch.setattr(kafka_jars, "_fetch", fetch)


def test_a_download_is_there_whole_and_in_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    repository(monkeypatch, JARS)
    folder = tmp_path / "kafka"
    assert kafka_jars.jars_in(folder) is None
    kafka_jars.download(folder, lambda _: None)
    assert kafka_jars.jars_in(folder) == [folder / "a-1.jar", folder / "b-2.jar"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == JARS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kafka", "pinned"]


def test_anything_else_than_what_is_pinned_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    repository(monkeypatch, {**JARS, "b-2.jar": b"tampered"})
    with pytest.raises(ValueError, match=r"b-2\.jar does not have the expected SHA-256"):
        kafka_jars.download(tmp_path / "kafka", lambda _: None)
    assert not (tmp_path / "kafka").exists()


def test_a_download_that_was_cut_off_is_made_good(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unfinished = tmp_path / "kafka.part" / "repository" / "a-1.jar"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"on")
    repository(monkeypatch, JARS)
    kafka_jars.download(tmp_path / "kafka", lambda _: None)
    assert (tmp_path / "kafka" / "a-1.jar").read_bytes() == b"one"


def test_the_real_list_pins_every_jar_of_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    pinned = kafka_jars.pinned_jars()
    assert f"kafka_2.13-{kafka_jars.KAFKA_VERSION}.jar" in {jar.file_name for jar in pinned}
    assert all(len(jar.sha256) == 64 for jar in pinned)


class Repository(BaseHTTPRequestHandler):
    """A Maven repository that has the jars of JARS, but the second where `missing` names it."""

    protocol_version = "HTTP/1.1"
    missing = ""

    def do_GET(self) -> None:
        """Answers with a jar, and with nothing for what it does not have."""
        content = JARS.get(self.path.rpartition("/")[2]) if self.path.startswith("/org/example/") else None
        if content is None or self.missing in self.path.split("/"):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is its base's
        """Says nothing."""


@contextmanager
def served(missing: str = "nothing") -> Iterator[str]:
    """Where a repository is, as long as the body runs."""
    handler = type("Handler", (Repository,), {"missing": missing})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_jars_are_brought_from_a_repository_and_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[dict[str, object]] = []
    with served() as url:
        monkeypatch.setenv(kafka_jars.MIRROR_VARIABLE, url)
        kafka_jars.download(tmp_path / "kafka", told.append)
    assert {path.name: path.read_bytes() for path in (tmp_path / "kafka").iterdir()} == JARS
    assert {line["file"] for line in told if "file" in line} == JARS.keys()
    assert sum(int(str(line.get("got", 0))) for line in told) == sum(map(len, JARS.values()))


def test_a_repository_without_one_of_them_is_named_with_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with served(missing="b") as url:
        monkeypatch.setenv(kafka_jars.MIRROR_VARIABLE, url)
        with pytest.raises(RuntimeError, match=r"org\.example:b:jar:2 not found"):
            kafka_jars.download(tmp_path / "kafka", lambda _: None)
    assert not (tmp_path / "kafka").exists()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # jgo leaves the answer that it did not want unread
        gc.collect()
