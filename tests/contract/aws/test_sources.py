"""Each test here says where its behaviour is documented, or that it is not."""

from __future__ import annotations

import importlib
from pathlib import Path

HERE = Path(__file__).parent


def test_each_test_names_its_source_or_says_that_there_is_none() -> None:
    tests = [
        (file.stem, name, test)
        for file in HERE.glob("test_*.py")
        if file != Path(__file__)
        for name, test in vars(importlib.import_module(f"tests.contract.aws.{file.stem}")).items()
        if name.startswith("test_")
    ]
    assert len(tests) > 60
    silent = [f"{file}.{name}" for file, name, test in tests if bool(test.__dict__.get("sources")) == bool(
        test.__dict__.get("assumption")
    )]  # fmt: skip
    assert silent == []
