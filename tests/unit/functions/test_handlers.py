"""The functions' own files: small, and named as the manifest says."""

from __future__ import annotations

import json
from pathlib import Path

from functions.manifest import KafkaTrigger, load_manifest
from parley.domain.records import MessageStored, ReceiptMoved

ROOT = Path(__file__).parents[3]
MANIFEST = load_manifest(ROOT / "functions" / "manifest.toml")


def test_every_folder_is_in_the_manifest_and_every_handler_is_small() -> None:
    handlers = {path.parent.name: path for path in (ROOT / "functions").glob("*/handler.py")}
    assert handlers.keys() == MANIFEST.functions.keys()
    for path in handlers.values():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 15


def test_every_function_has_a_sample_event() -> None:
    events = {path.name.split(".")[0] for path in (ROOT / "events").glob("*.json")}
    assert events == MANIFEST.functions.keys()
    for path in (ROOT / "events").glob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))


def test_receipts_come_by_a_mapping_of_their_own_so_that_they_hold_up_no_message() -> None:
    triggers = MANIFEST.functions["fan_out"].triggers
    topics = [trigger.topic for trigger in triggers if isinstance(trigger, KafkaTrigger)]
    assert sorted(topics) == sorted({MessageStored.topic, ReceiptMoved.topic})
