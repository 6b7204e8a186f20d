"""Transactions as every server at hand takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from parley.stores.codecs import Document

T = TypeVar("T")

_SNAPSHOT: Final = ReadConcern("snapshot")
_MAJORITY: Final = WriteConcern("majority")


def run_transaction(
    client: MongoClient[Document],
    body: Callable[[ClientSession], T],
    *,
    announce: Callable[[ClientSession], None] | None = None,
) -> T:
    """Runs `body` in one transaction, once: it commits when `body` returns, and aborts when it raises.

    Args:
        client: where.
        body: what to do in it.
        announce: called with the session before the transaction begins.

    Raises:
        PyMongoError: as the driver raised it. With the label of an unknown commit the transaction may have committed;
            with any other it has not.
    """
    with client.start_session() as session:
        if announce:
            announce(session)
        with session.start_transaction(read_concern=_SNAPSHOT, write_concern=_MAJORITY):
            return body(session)
