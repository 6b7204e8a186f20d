"""Layers: the same input gives the same bytes, within Lambda's limit, and handlers find in them all they import."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from cdk.app import ROOT
from cdk.layers import LIMIT_BYTES, Layer, LayerBuilder, LayerError, size_report
from functions.manifest import Manifest

CACHE = ROOT / ".cache" / "layers"
# Seconds of installing, mostly from uv's cache.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def builder() -> LayerBuilder:
    return LayerBuilder(ROOT, CACHE)


@pytest.mark.parametrize("group", ["core", "rest"])
def test_the_same_lock_gives_the_same_bytes(tmp_path: Path, builder: LayerBuilder, group: str) -> None:
    kept = builder.dependencies(group)
    anew = LayerBuilder(ROOT, tmp_path).dependencies(group)
    assert anew.key == kept.key
    assert anew.archive.read_bytes() == kept.archive.read_bytes()


@pytest.mark.parametrize("group", ["core", "rest"])
def test_a_layer_holds_arm64_code_and_nothing_of_this_machine(builder: LayerBuilder, group: str) -> None:
    with zipfile.ZipFile(builder.dependencies(group).archive) as opened:
        names = opened.namelist()
        libraries = [name for name in names if ".so" in Path(name).suffixes or name.endswith(".so")]
        assert libraries
        for name in libraries:
            # e_machine of an ELF header: 183 is AArch64.
            assert int.from_bytes(opened.read(name)[18:20], "little") == 183, name
    assert names == sorted(names)
    assert not [name for name in names if name.endswith(".pyc") or name.startswith(("python/bin/", "python/."))]


def test_layers_together_leave_room_for_functions(builder: LayerBuilder, manifest: Manifest) -> None:
    assert manifest.layer is not None
    layers = [builder.dependencies("rest"), builder.shared_code(manifest.layer), builder.certificates("eu-west-1")]
    assert sum(layer.size for layer in layers) < LIMIT_BYTES / 2
    report = size_report(layers).splitlines()
    assert len(report) == 1 + len(layers)
    assert "of 250 MB" in report[0]


def test_shared_code_changes_its_key_with_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "python"
    folder.mkdir()
    module = folder / "module.py"
    builder = LayerBuilder(ROOT, tmp_path / "cache")
    module.write_text("a = 1\n")
    first = builder.shared_code(folder)
    module.touch()
    shutil.rmtree(tmp_path / "cache")
    again = builder.shared_code(folder)
    module.write_text("a = 2\n")
    changed = builder.shared_code(folder)
    assert first.key == again.key != changed.key


def test_a_package_without_a_wheel_is_told(tmp_path: Path) -> None:
    lock = tmp_path / "layers" / "dependencies" / "odd.txt"
    lock.parent.mkdir(parents=True)
    lock.write_text("pydantic==0.0.0 --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(LayerError, match="odd"):
        LayerBuilder(tmp_path, tmp_path / "cache").dependencies("odd")
    assert not list(tmp_path.glob("cache/*"))


def test_a_region_without_certificates_is_told(builder: LayerBuilder) -> None:
    with pytest.raises(LayerError, match="mars-north-1"):
        builder.certificates("mars-north-1")


@pytest.mark.parametrize("path", sorted((ROOT / "cdk" / "certificates").glob("*.pem")), ids=lambda path: path.stem)
def test_certificates_are_the_regions_roots_and_sign_themselves(path: Path) -> None:
    certificates = x509.load_pem_x509_certificates(path.read_bytes())
    assert len(certificates) == 3
    for certificate in certificates:
        certificate.verify_directly_issued_by(certificate)
        assert f"Amazon RDS {path.stem} Root CA" in certificate.subject.rfc4514_string()
        assert certificate.not_valid_after_utc.year >= 2060


@pytest.fixture(scope="module")
def unpack(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Layer], Path]:
    folder = tmp_path_factory.mktemp("opt")

    def unpack(layer: Layer) -> Path:
        target = folder / layer.name
        if not target.exists():
            with zipfile.ZipFile(layer.archive) as opened:
                opened.extractall(target)
        return target / "python"

    return unpack


# AWS's runtime client and what it imports: in Lambda it stands beside the layers, behind them on the path.
RUNTIME_CLIENT = ("awslambdaric", "runtime_client.*", "simplejson", "snapshot_restore_py.py")
LOAD = """
import ast, os, sys
path, handlers = ast.literal_eval(sys.stdin.read())
sys.path[:0] = path
from awslambdaric.bootstrap import _get_handler
for name, folder, handler in handlers:
    # A process of its own for each, at the price of no interpreter's start.
    child = os.fork()
    if not child:
        sys.path.insert(0, folder)
        try:
            status = int(not callable(_get_handler(handler)))
        except BaseException as error:
            print(name, error, getattr(error, "msg", ""), flush=True)
            status = 1
        os._exit(status)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        sys.exit(1)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="layers are built for Linux")
def test_each_handler_imports_under_the_runtime_client_with_only_its_layers_on_the_path(
    unpack: Callable[[Layer], Path], manifest: Manifest, tmp_path: Path
) -> None:
    """Built for this machine's processor and Python, as the code of another cannot run here."""
    here = LayerBuilder(
        ROOT,
        CACHE,
        platform=f"{platform.machine()}-manylinux_2_28",
        python_version=f"{sys.version_info.major}.{sys.version_info.minor}",
    )
    assert manifest.layer is not None
    client = tmp_path / "runtime"
    client.mkdir()
    for pattern in RUNTIME_CLIENT:
        for part in Path(sysconfig.get_path("purelib")).glob(pattern):
            (client / part.name).symlink_to(part)
    shared = unpack(here.shared_code(manifest.layer))
    # -S and -I together leave the standard library alone on the path.
    python = [sys.executable, "-S", "-I", "-X", f"pycache_prefix={tmp_path / 'pycache'}", "-c", LOAD]
    groups = {function.dependencies for function in manifest.functions.values()}
    running = []
    for group in sorted(groups):
        path = [str(shared), str(unpack(here.dependencies(group))), str(client)]
        handlers = [
            (name, str(function.code), function.handler)
            for name, function in manifest.functions.items()
            if function.dependencies == group
        ]
        process = subprocess.Popen(
            python,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"PATH": "/usr/bin:/bin"},
        )
        assert process.stdin is not None
        process.stdin.write(repr((path, handlers)))
        process.stdin.close()
        running.append(process)
    for process in running:
        with process:
            assert process.stdout is not None
            said = process.stdout.read()
        assert process.returncode == 0, said
