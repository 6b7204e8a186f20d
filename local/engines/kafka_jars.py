"""Kafka's jars: resolved by jgo from a Maven repository into the cache folder, and each checked against a pinned hash.

`main` downloads as a child process, because jgo cannot be interrupted, and tells of its progress in JSON lines.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

KAFKA_VERSION = "4.1.1"
# Without a logger of its own choosing on the class path, Kafka fails in silence.
ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
PINNED = Path(__file__).with_name("kafka_jars.sha256")
MIRROR_VARIABLE = "MAVEN_REPOSITORY"
LINKS = "links"


def pinned_hashes() -> dict[str, str]:
    """SHA-256 of each jar, by file name."""
    lines = PINNED.read_text(encoding="ascii").split("\n")
    return {name: digest for digest, name in (line.split() for line in lines if line and not line.startswith("#"))}


def jars_in(folder: Path) -> list[Path] | None:
    """The jars that a finished download left in `folder`, in the order of the class path, or None."""
    jars = [folder / name for name in pinned_hashes()]
    return jars if all(jar.is_file() for jar in jars) else None


def download(folder: Path, tell: Callable[[dict[str, object]], None]) -> None:
    """Brings all jars into `folder`, which appears only when every one is there and has its pinned hash.

    Raises:
        ValueError: a jar has another hash than the pinned one, or is missing, or is not pinned.
        requests.RequestException: the repository cannot be reached.
    """
    work = folder.with_name(f"{folder.name}.part")
    pinned = pinned_hashes()
    _drop_unfinished(work, pinned)
    found = {jar.name: jar for jar in _resolve(work, tell)}
    if found.keys() != pinned.keys():
        raise ValueError(
            f"the repository answered with other files than expected: {sorted(found.keys() ^ pinned.keys())}"
        )
    for name, jar in found.items():
        if _sha256(jar) != pinned[name]:
            raise ValueError(f"{name} does not have the expected SHA-256")
    finished = work / "finished"
    shutil.rmtree(finished, ignore_errors=True)
    finished.mkdir()
    for name, jar in found.items():
        os.link(jar, finished / name)
    shutil.rmtree(folder, ignore_errors=True)
    finished.replace(folder)
    shutil.rmtree(work, ignore_errors=True)


def _drop_unfinished(work: Path, pinned: dict[str, str]) -> None:
    """A download that was cut off leaves files and a folder of links that jgo would take for whole."""
    shutil.rmtree(work / LINKS, ignore_errors=True)
    for path in list(work.rglob("*")):
        if path.is_file() and pinned.get(path.name) != _sha256(path):
            path.unlink()


def _resolve(work: Path, tell: Callable[[dict[str, object]], None]) -> list[Path]:
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - slow to import, and needed at the first start only
    from jgo.env import EnvironmentBuilder, LinkStrategy  # noqa: PLC0415
    from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415

    @contextmanager
    def progress(name: str, size: int) -> Iterator[Callable[[int], None]]:
        tell({"file": name, "size": size})
        yield lambda got: tell({"got": got})

    context = MavenContext(
        resolver=PythonResolver(progress_callback=progress),
        repo_cache=work / "repository",
        local_repos=[],
        remote_repos={"central": os.environ.get(MIRROR_VARIABLE) or MAVEN_CENTRAL_URL},
        timeout=30,
    )
    builder = EnvironmentBuilder(context=context, cache_dir=work / LINKS, link_strategy=LinkStrategy.HARD)
    return [Path(jar) for jar in builder.from_endpoint(endpoint=ENDPOINT).all_jars]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> int:
    """Downloads into the folder that the command line names; returns the exit status."""
    import requests  # noqa: PLC0415 - as above

    def tell(line: dict[str, object]) -> None:
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
