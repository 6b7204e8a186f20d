"""cfn-lint finds nothing in any template, and synthesis gives the same bytes twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cdk.app import ROOT
from cdk.parts.layers import LayerSet
from tests.infrastructure.conftest import Synthesize
from tests.infrastructure.synthesis import synthesize


def test_cfn_lint_finds_nothing(synthesis_of: Synthesize) -> None:
    # Functions and routes are of one form in all stages, and wide has the most of them.
    files = list(synthesis_of("wide").files)
    files += [
        file
        for key in ("dev", "prod")
        for file in synthesis_of(key).files
        if "network" in file.name or "data" in file.name or "site" in file.name
    ]
    # It takes one processor: two of it, each with half of the bytes.
    files.sort(key=lambda file: file.stat().st_size, reverse=True)
    halves: tuple[list[Path], list[Path]] = ([], [])
    for file in files:
        min(halves, key=lambda half: sum(other.stat().st_size for other in half)).append(file)
    lint = str(Path(sys.executable).parent / "cfn-lint")
    running = [
        subprocess.Popen(
            [lint, "--regions", "eu-west-1", "--", *map(str, half)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for half in halves
    ]
    for process in running:
        said, _ = process.communicate()
        assert process.returncode == 0, said


def test_the_same_settings_give_the_same_bytes(tmp_path: Path, synthesis_of: Synthesize, layers: LayerSet) -> None:
    first, again = synthesis_of("dev"), synthesize("dev", tmp_path, layers)
    assert [file.name for file in first.files] == [file.name for file in again.files]
    for one, other in zip(first.files, again.files, strict=True):
        assert one.read_bytes() == other.read_bytes()
