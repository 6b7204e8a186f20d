"""The far side of the push bench, and what is held against it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.load import push
from bench.load.certificates import make_certificate
from bench.load.figures import MeasurementError


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "localhost.pem"
    make_certificate(path)
    return path


@pytest.mark.parametrize("name", ["ours", "botocore1"])
def test_every_post_of_a_client_comes_to_the_far_side_signed(name: str, pem: Path) -> None:
    found = push.measure_client(name, pem, seconds=0.1)
    assert found[f"push_{name}_rate"] > 0
    assert found[f"push_{name}_cpu"] == pytest.approx(1e6 / found[f"push_{name}_core"])


def test_a_client_that_cannot_post_gives_no_figure(pem: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    make_certificate(other)
    pem.write_bytes(other.read_bytes().split(b"-----BEGIN CERTIFICATE")[0])
    with pytest.raises(MeasurementError):
        push.measure_client("ours", pem, seconds=0.1)
