"""One conversation's or one pair's change, tried until it goes through: what a person waits for."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from parley.domain.errors import UnavailableError
from parley.stores.codecs import Document
from parley.stores.errors import UNKNOWN_COMMIT, database_call, is_conflict
from parley.stores.grouped import OvertakenError
from parley.stores.transactions import run_transaction
from parley.stores.writers import Writers

T = TypeVar("T")

_FIRST_PAUSE_S: Final = 0.004
_LONGEST_PAUSE_S: Final = 0.120
_PATIENCE_S: Final = 2.0


def retry_transaction(
    client: MongoClient[Document], body: Callable[[ClientSession], T], *, writers: Writers, timeout_s: float
) -> T:
    """Runs `body` in one transaction, anew as long as other writers are in the way.

    Where it is not known whether a commit came through, the body is run again too, and must find what it did.

    Args:
        body: may raise OvertakenError to be called anew; what else it raises ends the call.
        writers: ends those that seem to be dead, once others have been in the way for long.
        timeout_s: for all tries together.

    Raises:
        UnavailableError: other writers were in the way at every try, or the database is not there.
    """
    began = time.monotonic()
    patience_s = _PATIENCE_S
    pause_s = _FIRST_PAUSE_S
    with database_call(timeout_s):
        while True:
            cause: Exception
            try:
                return run_transaction(client, body, announce=writers.note)
            except OvertakenError as error:
                cause = error
            except PyMongoError as error:
                if error.timeout or not (is_conflict(error) or error.has_error_label(UNKNOWN_COMMIT)):
                    raise
                cause = error
            waited_s = time.monotonic() - began
            if waited_s > patience_s:
                writers.end_others()
                patience_s = timeout_s
            wait_s = random.uniform(0.25, 1.0) * pause_s  # noqa: S311 - spreads writers, keeps no secret
            if waited_s + wait_s >= timeout_s:
                raise UnavailableError("Other writers are in the way.", retry_after_s=1.0) from cause
            time.sleep(wait_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
