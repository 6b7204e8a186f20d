"""Writes for many conversations at once: one transaction for all where it goes through, a conversation's own at last.

The cost of a transaction is in its round trips, and it takes the same few for one conversation as for two hundred. When
other writers are in the way, the call is halved and each half tried by itself, so that in the end only the conversation
that they contend for is left without.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import pymongo
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError

from parley.domain.errors import ConflictError, ParleyError, UnavailableError
from parley.stores.codecs import Document
from parley.stores.errors import DUPLICATE_KEY, UNKNOWN_COMMIT, database_call, error_codes, is_conflict, is_unavailable
from parley.stores.transactions import run_transaction
from parley.stores.writers import Writers

ItemT = TypeVar("ItemT")
KeyT = TypeVar("KeyT")
OutcomeT = TypeVar("OutcomeT")

_TIMEOUT_S: Final = 2.5
_BUDGET_S: Final = 12.0
_S_PER_ITEM: Final = 0.01
_TRIES: Final = 4
_PATIENCE: Final = 1
_FIRST_PAUSE_S: Final = 0.005


class OvertakenError(Exception):
    """A conversation moved on between the read and the write of a transaction: it is to be tried anew."""


class _ContendedError(Exception):
    """Other writers were in the way at every try."""


@dataclass(frozen=True, slots=True)
class Group(Generic[ItemT]):
    """What one call is to write to one conversation, in order: all of it is written or nothing."""

    conversation_id: str
    items: tuple[ItemT, ...]


def group_items(
    items: Iterable[ItemT], conversation_of: Callable[[ItemT], str], id_of: Callable[[ItemT], str]
) -> list[Group[ItemT]]:
    """The items by conversation, in the order given, repeats left out."""
    by_conversation: dict[str, dict[str, ItemT]] = {}
    for item in items:
        by_conversation.setdefault(conversation_of(item), {}).setdefault(id_of(item), item)
    return [Group(conversation_id, tuple(group.values())) for conversation_id, group in by_conversation.items()]


def write_groups(
    client: MongoClient[Document],
    writers: Writers,
    groups: Sequence[Group[ItemT]],
    write: Callable[[ClientSession, Sequence[Group[ItemT]]], dict[KeyT, OutcomeT]],
    refuse: Callable[[Group[ItemT], ParleyError], dict[KeyT, OutcomeT]],
) -> dict[KeyT, OutcomeT]:
    """Writes groups of different conversations, each whole or not at all.

    Args:
        writers: who else writes: where a dead one stands in the way, its transaction is ended.
        write: does it in the transaction given, and returns its outcomes; raises OvertakenError to be called anew.
        refuse: the outcomes of a group that was not written.

    Returns:
        The outcomes of them all, by whatever `write` and `refuse` name them.
    """
    outcomes: dict[KeyT, OutcomeT] = {}
    deadline = time.monotonic() + _BUDGET_S
    waiting = [list(groups)] if groups else []
    while waiting:
        some = waiting.pop()
        try:
            outcomes |= _write_together(client, writers, some, write, deadline)
        except _ContendedError as error:
            if len(some) == 1:
                outcomes |= refuse(some[0], _contended(error))
            else:
                middle = len(some) // 2
                waiting += [some[middle:], some[:middle]]
        except UnavailableError as error:
            for group in (*some, *(group for half in waiting for group in half)):
                outcomes |= refuse(group, error)
            waiting.clear()
    return outcomes


def _write_together(
    client: MongoClient[Document],
    writers: Writers,
    groups: Sequence[Group[ItemT]],
    write: Callable[[ClientSession, Sequence[Group[ItemT]]], dict[KeyT, OutcomeT]],
    deadline: float,
) -> dict[KeyT, OutcomeT]:
    """Writes these groups in one transaction, trying again while another writer is in the way.

    Raises:
        UnavailableError: the database is not there, or the time is up.
        _ContendedError: other writers were in the way at every try; caused by the last refusal.
    """
    count = sum(len(group.items) for group in groups)
    cause: Exception | None = None
    for attempt in range(_TRIES):
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise UnavailableError("The database is too slow.", retry_after_s=1.0) from cause
        if attempt:
            time.sleep(random.uniform(0.5, 1.5) * _FIRST_PAUSE_S * 2**attempt)  # noqa: S311 - spreads writers
        try:
            with pymongo.timeout(min(left_s, _TIMEOUT_S + count * _S_PER_ITEM)):
                return run_transaction(client, lambda session: write(session, groups), announce=writers.note)
        except OvertakenError as error:
            cause = error
        except PyMongoError as error:
            if not _may_succeed_again(error):
                raise
            cause = error
            if attempt == _PATIENCE:
                # Clears the way where it is a dead process that stands in it: a live one would have gone by now.
                with database_call(_TIMEOUT_S):
                    writers.end_others()
    raise _ContendedError from cause


def _may_succeed_again(error: PyMongoError) -> bool:
    """Whether the same transaction is worth another try at once; what was committed after all is found by its ids.

    Raises:
        UnavailableError: the database is not there.
    """
    if is_conflict(error) or (error.has_error_label(UNKNOWN_COMMIT) and not error.timeout):
        return True
    if is_unavailable(error):
        raise UnavailableError("The database cannot be reached.", retry_after_s=1.0) from error
    return False


def _contended(error: _ContendedError) -> ConflictError | UnavailableError:
    """Why one conversation's items are not written, when it was tried alone.

    A duplicate that no try found among what is stored is another one that holds the same key, and never goes in.
    """
    cause = error.__cause__
    if isinstance(cause, PyMongoError) and DUPLICATE_KEY in error_codes(cause):
        return ConflictError("Another one holds its key.")
    return UnavailableError("Other writers are in the way.", retry_after_s=1.0)
