"""Kafka's jars: brought from a Maven repository into the cache folder, each checked against its pinned hash.

What the class path needs was resolved once, by `kafka_lock`: to resolve it anew takes longer than to bring the jars.
`main` downloads as a child process, because jgo cannot be interrupted, and tells of its progress in JSON lines.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jgo.maven import MavenContext

KAFKA_VERSION = "4.1.1"
PINNED = Path(__file__).with_name("kafka_jars.sha256")
MIRROR_VARIABLE = "MAVEN_REPOSITORY"
SIDE_BY_SIDE: Final = 6
TIMEOUT_S: Final = 30


@dataclass(frozen=True, slots=True)
class Jar:
    """A jar by its place in a repository and the hash that it must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Its name, in the repository and on the class path."""
        return f"{self.artifact}-{self.version}.jar"


def pinned_jars() -> list[Jar]:
    """What the class path consists of, in its order."""
    lines = PINNED.read_text(encoding="ascii").split("\n")
    pinned = []
    for line in lines:
        if line and not line.startswith("#"):
            sha256, place = line.split()
            group, artifact, version = place.split(":")
            pinned.append(Jar(group, artifact, version, sha256))
    return pinned


def jars_in(folder: Path) -> list[Path] | None:
    """The jars that a finished download left in `folder`, in the order of the class path, or None."""
    jars = [folder / jar.file_name for jar in pinned_jars()]
    return jars if all(jar.is_file() for jar in jars) else None


def download(folder: Path, tell: Callable[[dict[str, object]], None]) -> None:
    """Brings all jars into `folder`, which appears only when every one is there and has its pinned hash.

    Raises:
        ValueError: a jar has another hash than the pinned one.
        RuntimeError: the repository does not have one of them.
        requests.RequestException: the repository cannot be reached.
    """
    work = folder.with_name(f"{folder.name}.part")
    pinned = pinned_jars()
    _drop_unfinished(work, pinned)
    found = _fetch(work, pinned, tell)
    for jar, path in zip(pinned, found, strict=True):
        if sha256_of(path) != jar.sha256:
            raise ValueError(f"{jar.file_name} does not have the expected SHA-256")
    finished = work / "finished"
    shutil.rmtree(finished, ignore_errors=True)
    finished.mkdir()
    for jar, path in zip(pinned, found, strict=True):
        os.link(path, finished / jar.file_name)
    shutil.rmtree(folder, ignore_errors=True)
    finished.replace(folder)
    shutil.rmtree(work, ignore_errors=True)


def _drop_unfinished(work: Path, pinned: Sequence[Jar]) -> None:
    """A download that was cut off leaves files that jgo would take for whole."""
    hashes = {jar.file_name: jar.sha256 for jar in pinned}
    for path in list(work.rglob("*")):
        if path.is_file() and hashes.get(path.name) != sha256_of(path):
            path.unlink()


def _fetch(work: Path, jars: Sequence[Jar], tell: Callable[[dict[str, object]], None]) -> list[Path]:
    """The jars' files, some brought side by side, as most are small and wait for the repository."""
    context = open_repository(work, tell)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        waiting = [
            pool.submit(context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve)
            for jar in jars
        ]
        try:
            return [Path(one.result()) for one in waiting]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def open_repository(work: Path, tell: Callable[[dict[str, object]], None]) -> MavenContext:
    """A view of the Maven repository that keeps what it brings below `work`, and tells of it."""
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - slow to import, and needed at the first start only
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415

    @contextmanager
    def progress(name: str, size: int) -> Iterator[Callable[[int], None]]:
        tell({"file": name, "size": size})
        yield lambda got: tell({"got": got})

    return MavenContext(
        resolver=PythonResolver(progress_callback=progress),
        repo_cache=work / "repository",
        local_repos=[],
        remote_repos={"central": os.environ.get(MIRROR_VARIABLE) or MAVEN_CENTRAL_URL},
        timeout=TIMEOUT_S,
    )


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> int:
    """Downloads into the folder that the command line names; returns the exit status."""
    import requests  # noqa: PLC0415 - as above

    one_at_a_time = threading.Lock()

    def tell(line: dict[str, object]) -> None:
        with one_at_a_time:
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()

    # A company's own certificate authority is in the system's store, and not in the one that comes with requests.
    system_store = ssl.get_default_verify_paths().cafile
    if system_store:
        os.environ.setdefault("REQUESTS_CA_BUNDLE", system_store)
    try:
        download(Path(sys.argv[1]), tell)
    except requests.exceptions.SSLError as error:
        tell({"error": "certificate", "detail": f"{error}"})
    except requests.RequestException as error:
        tell({"error": "network", "detail": f"{type(error).__name__}: {error}"})
    except (OSError, RuntimeError, ValueError) as error:
        tell({"error": "other", "detail": f"{type(error).__name__}: {error}"})
    else:
        tell({"done": True})
        return 0
    return 1
