"""What the workflows may do, and that what they call is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk.app import ROOT
from cdk.stages import STAGES

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGET = re.compile(r"\bmake ([a-z-]+)")


def _read(path: Path) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.safe_load(path.read_text())
    return workflow


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_read_and_its_jobs_say_what_else(path: Path) -> None:
    assert _read(path)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_calls_targets_that_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(TARGET.findall(path.read_text())) <= targets


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_job_ends(path: Path) -> None:
    for job in _read(path)["jobs"].values():
        assert "timeout-minutes" in job or "uses" in job


def test_only_jobs_of_an_environment_can_sign_in_to_aws() -> None:
    for path in WORKFLOWS:
        for job in _read(path)["jobs"].values():
            if job.get("permissions", {}).get("id-token") == "write":
                assert "environment" in job or job["uses"] == "./.github/workflows/deploy-stage.yml"


def test_no_key_of_an_account_is_kept_in_the_repository() -> None:
    for path in WORKFLOWS:
        assert "AWS_SECRET_ACCESS_KEY" not in path.read_text()
        assert "secrets." not in path.read_text()


def test_each_stage_is_tested_synthesized_and_deployable() -> None:
    jobs = _read(ROOT / ".github/workflows/infrastructure.yml")["jobs"]
    assert {*jobs["synth"]["strategy"]["matrix"]["stage"]} == {*STAGES}
    assert set(_read(ROOT / ".github/workflows/deploy.yml")["jobs"]) == {*STAGES}
    matrix = _read(ROOT / ".github/workflows/test.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
