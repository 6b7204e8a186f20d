"""What the driver raises, told apart."""

from __future__ import annotations

import pytest
from pymongo.errors import DuplicateKeyError, NetworkTimeout, OperationFailure, PyMongoError

from parley.stores.errors import TRANSIENT, is_conflict


@pytest.mark.parametrize(
    "error",
    [
        DuplicateKeyError("E11000", 11000),
        OperationFailure("WriteConflict", 112),
        OperationFailure("no such transaction", 251),
        OperationFailure("busy", 1, {"errorLabels": [TRANSIENT]}),
        # Another writer ended its session in the middle of a command, as SecantusDB's fast server tells it.
        OperationFailure('Internal("transaction already closed")', 1, {"codeName": "InternalError"}),
    ],
)
def test_what_is_worth_another_try(error: PyMongoError) -> None:
    assert is_conflict(error)


@pytest.mark.parametrize("error", [OperationFailure('Internal("disk")', 1), NetworkTimeout("slow")])
def test_what_is_not(error: PyMongoError) -> None:
    assert not is_conflict(error)
