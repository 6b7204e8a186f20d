"""Builds the layers: locked packages for Lambda's processor, the shared code, and the database's certificates.

The same lock files and code give the same bytes: entries are sorted, times and modes are fixed, and what an installer
writes about itself is left out. A built layer is kept under the hash of what went into it.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LIMIT_BYTES = 250 * 1024 * 1024
"""What a function's code and layers may take together, unzipped (AWS Lambda quotas)."""

# The runtime of Python 3.13 is Amazon Linux 2023 with glibc 2.34. Not manylinux2014: argon2 has no such wheel any more.
PLATFORM = "aarch64-manylinux_2_28"
PYTHON_VERSION = "3.13"

_EPOCH = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT_FILES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"})
_RECIPE = "3"
"""Part of every hash: raise it when this module would build other bytes from the same input."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A zip file ready for Lambda. `key` tells its content, `size` is its unzipped size in bytes."""

    name: str
    archive: Path
    key: str
    size: int


class LayerError(Exception):
    """A layer cannot be built: a package has no wheel for the platform, or the result is too big."""


class LayerBuilder:
    """Makes the layers of a project.

    Args:
        root: the project's folder.
        cache: where built archives are kept.
        platform: uv's name of a platform.
        python_version: `3.13`.
    """

    def __init__(
        self, root: Path, cache: Path, *, platform: str = PLATFORM, python_version: str = PYTHON_VERSION
    ) -> None:
        self._root = root
        self._cache = cache
        self._platform = platform
        self._python_version = python_version

    def dependencies(self, group: str) -> Layer:
        """The packages of layers/dependencies/<group>.txt, each checked against its hash there.

        Raises:
            LayerError: a package has no wheel for the platform, or the layer is too big.
        """
        lock = self._root / "layers" / "dependencies" / f"{group}.txt"
        key = self._key(lock.read_bytes(), self._platform.encode(), self._python_version.encode())
        archive = self._cache / f"dependencies-{group}-{key}.zip"
        if not archive.exists():
            with tempfile.TemporaryDirectory() as scratch:
                target = Path(scratch) / "python"
                self._install(lock, target)
                _write(archive, _files(target, "python"))
        return _checked(Layer(f"dependencies-{group}", archive, key, unzipped_size(archive)))

    def shared_code(self, folder: Path) -> Layer:
        """The code that functions share, from `folder`, as it is put on the import path of each."""
        files = list(_files(folder, "python"))
        key = self._key(*_parts(files))
        archive = self._cache / f"shared-{key}.zip"
        if not archive.exists():
            _write(archive, files)
        return _checked(Layer("shared", archive, key, unzipped_size(archive)))

    def certificates(self, region: str) -> Layer:
        """The roots that DocumentDB's certificates of a region come from, as /opt/certificates/rds.pem.

        Raises:
            LayerError: the region's roots are not in cdk/certificates/.
        """
        source = self._root / "cdk" / "certificates" / f"{region}.pem"
        if not source.exists():
            raise LayerError(f"no certificates of {region}: put AWS's bundle for it at {source}")
        files = [("certificates/rds.pem", source)]
        key = self._key(*_parts(files))
        archive = self._cache / f"certificates-{region}-{key}.zip"
        if not archive.exists():
            _write(archive, files)
        return Layer("certificates", archive, key, unzipped_size(archive))

    def _key(self, *parts: bytes) -> str:
        digest = hashlib.sha256(_RECIPE.encode())
        for part in parts:
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()[:16]

    def _install(self, lock: Path, target: Path) -> None:
        command = [
            *(sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-config"),
            *("--requirements", str(lock), "--require-hashes", "--only-binary", ":all:", "--no-compile-bytecode"),
            *("--python-platform", self._platform, "--python-version", self._python_version),
            *("--link-mode", "copy", "--target", str(target)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell, own words
        if done.returncode:
            raise LayerError(f"{lock}: {done.stderr.strip()}")


def unzipped_size(archive: Path) -> int:
    """Bytes that an archive takes once Lambda has unpacked it."""
    with zipfile.ZipFile(archive) as opened:
        return sum(entry.file_size for entry in opened.infolist())


def size_report(layers: Sequence[Layer]) -> str:
    """A line a layer: zipped and unzipped size, and the share of what a function may have."""
    lines = [f"{'layer':<22}{'zipped':>10}{'unzipped':>10}{'of 250 MB':>11}"]
    for layer in layers:
        zipped = layer.archive.stat().st_size
        lines.append(
            f"{layer.name:<22}{zipped / 1e6:>8.1f}MB{layer.size / 1e6:>8.1f}MB{layer.size / LIMIT_BYTES:>10.1%}"
        )
    return "\n".join(lines)


def _checked(layer: Layer) -> Layer:
    if layer.size > LIMIT_BYTES:
        raise LayerError(f"{layer.name} has {layer.size} bytes unzipped, Lambda allows {LIMIT_BYTES}")
    return layer


def _files(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    inside = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    for name, path in sorted(inside.items()):
        # Scripts are for a shell, and their first line names this machine's Python; what begins with a dot is uv's own.
        if name.startswith(("bin/", ".")) or path.suffix in {".pyc", ".pyi"}:
            continue
        if path.name in _LEFT_OUT_FILES and path.parent.suffix == ".dist-info":
            continue
        yield f"{prefix}/{name}", path


def _parts(files: Iterable[tuple[str, Path]]) -> list[bytes]:
    return [part for name, path in files for part in (name.encode(), path.read_bytes())]


def _write(archive: Path, files: Iterable[tuple[str, Path]]) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and moved, so that nobody ever sees half an archive.
    with (
        tempfile.NamedTemporaryFile(dir=archive.parent, delete=False) as scratch,
        zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as opened,
    ):
        for name, path in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            opened.writestr(entry, path.read_bytes())
    shutil.move(scratch.name, archive)
