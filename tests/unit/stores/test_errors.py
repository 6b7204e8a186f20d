"""What the driver raises, told apart."""

from __future__ import annotations

import pytest
from pymongo.errors import CursorNotFound, DuplicateKeyError, NetworkTimeout, OperationFailure, PyMongoError

from parley.domain.errors import UnavailableError
from parley.stores.errors import TRANSIENT, database_call, is_conflict


@pytest.mark.parametrize(
    "error",
    [
        DuplicateKeyError("E11000", 11000),
        OperationFailure("WriteConflict", 112),
        OperationFailure("no such transaction", 251),
        OperationFailure("busy", 1, {"errorLabels": [TRANSIENT]}),
        OperationFailure("interrupted", 11601, {"codeName": "Interrupted"}),
        # Another writer ended its session in the middle of a command, as SecantusDB's fast server tells it.
        OperationFailure('Internal("transaction already closed")', 1, {"codeName": "InternalError"}),
    ],
)
def test_what_is_worth_another_try(error: PyMongoError) -> None:
    assert is_conflict(error)


@pytest.mark.parametrize("error", [OperationFailure('Internal("disk")', 1), NetworkTimeout("slow")])
def test_what_is_not(error: PyMongoError) -> None:
    assert not is_conflict(error)


@pytest.mark.parametrize(
    "error",
    [
        NetworkTimeout("slow"),
        OperationFailure("shutting down", 91),
        OperationFailure("interrupted", 11601, {"codeName": "Interrupted"}),
        CursorNotFound("cursor id 7 not found", 43),
        OperationFailure("aborted", 251, {"errorLabels": [TRANSIENT]}),
        OperationFailure('Internal("transaction already closed")', 1, {"codeName": "InternalError"}),
    ],
)
def test_what_may_go_better_later_is_told_as_unavailable(error: PyMongoError) -> None:
    with pytest.raises(UnavailableError), database_call(1):
        raise error


@pytest.mark.parametrize("error", [OperationFailure('Internal("disk")', 1), OperationFailure("bad", 2)])
def test_what_is_nobody_elses_fault_passes_through(error: PyMongoError) -> None:
    with pytest.raises(OperationFailure), database_call(1):
        raise error
