"""What the driver raises, in the words of the ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol
from weakref import WeakSet

import pymongo
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from parley.domain.errors import UnavailableError

AUTHENTICATION_FAILED: Final = 18
TRANSIENT: Final = "TransientTransactionError"
UNKNOWN_COMMIT: Final = "UnknownTransactionCommitResult"

DUPLICATE_KEY: Final = 11000
WRITE_CONFLICT: Final = 112
NO_SUCH_TRANSACTION: Final = 251
CURSOR_NOT_FOUND: Final = 43
INTERRUPTED: Final = 11601  # its session was ended, as `writers` does

# Codes by which a server says "not now": MaxTimeMSExpired, ShutdownInProgress, PrimarySteppedDown, the family of
# NotWritablePrimary and InterruptedAtShutdown, ExceededTimeLimit, LockTimeout, and those that have a name here.
_NOT_NOW: Final = frozenset(
    {6, 7, 24, 50, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436}
    | {WRITE_CONFLICT, NO_SUCH_TRANSACTION, CURSOR_NOT_FOUND, INTERRUPTED}
)

_ENDED: Final = "transaction already closed"
"""What SecantusDB's fast server says, as an internal error, where the transaction's session is ended in mid-command."""


def is_conflict(error: PyMongoError) -> bool:
    """Whether another writer was in the way, so that the same transaction may go through when tried anew."""
    if isinstance(error, ConnectionFailure):
        return False
    if error.has_error_label(TRANSIENT) or isinstance(error, DuplicateKeyError):
        return True
    codes = {WRITE_CONFLICT, DUPLICATE_KEY, NO_SUCH_TRANSACTION, INTERRUPTED}
    return bool(error_codes(error) & codes) or _was_ended(error)


def error_codes(error: PyMongoError) -> frozenset[int]:
    """The server's codes in this error, those of a bulk write's single operations included."""
    codes = {error.code} if isinstance(error, OperationFailure) else set()
    if isinstance(error, BulkWriteError):
        codes |= {item.get("code") for item in error.details.get("writeErrors", [])}
    return frozenset(code for code in codes if code is not None)


def is_unavailable(error: PyMongoError) -> bool:
    """Whether the database could not be reached, or said that it cannot serve this now."""
    if error.timeout or isinstance(error, ConnectionFailure | ExecutionTimeout | WTimeoutError):
        return True
    if error.has_error_label(TRANSIENT) or error.has_error_label(UNKNOWN_COMMIT):
        return True
    return bool(error_codes(error) & _NOT_NOW) or _was_ended(error)


def _was_ended(error: PyMongoError) -> bool:
    return isinstance(error, OperationFailure) and _ENDED in str(error)


class LoginUser(Protocol):
    """Who wants to know when the database refuses its login."""

    def note_login_refused(self) -> None:
        """Is called before the caller of the failed operation gets its error."""


_users: WeakSet[LoginUser] = WeakSet()


def watch_login(user: LoginUser) -> None:
    """Has `user` told whenever a login is refused in this process, for as long as it lives."""
    _users.add(user)


@contextmanager
def database_call(timeout_s: float) -> Iterator[None]:
    """Bounds all database operations in its body together; a database that is not there raises UnavailableError.

    So does a login that is refused: it was turned since it was read, and the next call's is read anew. Anything else
    that the driver raises is a bug or a wrong setting, and passes through as it is.
    """
    try:
        with pymongo.timeout(timeout_s):
            yield
    except PyMongoError as error:
        if AUTHENTICATION_FAILED in error_codes(error):
            for user in list(_users):
                user.note_login_refused()
            raise UnavailableError("The database refuses the login.", retry_after_s=1.0) from error
        if is_unavailable(error):
            raise UnavailableError("The database cannot be reached.", retry_after_s=1.0) from error
        raise
