"""Finding messages by their words.

Within one conversation the index gives the matches newest first, and no more are read than are shown. Over many
conversations it gives each one's, which have to be sorted: so the newest weeks are asked first, and older ones only
while too few were found. A word that everybody uses fills the page from the first, and one that hardly anybody uses
costs one look into the index a conversation and query.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from pymongo import DESCENDING
from pymongo.collection import Collection

from parley.domain.models import FoundPlace, Message
from parley.stores.codecs import SHOWN, Document, decode_message

_BY_INDEX: Final = [("createdAt", DESCENDING), ("seq", DESCENDING)]  # within one conversation no two share a seq
_NEWEST_FIRST: Final = [*_BY_INDEX, ("_id", DESCENDING)]
_SPANS: Final = (timedelta(days=7), timedelta(days=60), timedelta(days=730))
"""From the newest that is sought back to so long before it; beyond the last, everything."""


def search_messages(
    messages: Collection[Document],
    conversation_ids: Sequence[str],
    words: Sequence[str],
    *,
    before: FoundPlace | None,
    limit: int,
) -> list[Message]:
    """See MessageStore.search_messages; four queries at most, and two more where it goes on from a place."""
    if not conversation_ids:
        return []
    is_one = len(conversation_ids) == 1
    # The longest is the rarest, most likely, and the first is the one that the index is asked for.
    wanted = sorted(words, key=len, reverse=True)
    query: Document = {
        "conversationId": conversation_ids[0] if is_one else {"$in": sorted(conversation_ids)},
        "words": wanted[0] if len(wanted) == 1 else {"$all": wanted},
    }
    found: list[Document] = []
    for times in (*_at_place(before, is_one=is_one), *(_older_than(before) if is_one else _spans(before))):
        count = limit - len(found)
        found += messages.find(
            {**query, **times},
            projection=SHOWN,
            sort=_BY_INDEX if is_one else _NEWEST_FIRST,
            limit=count,
            batch_size=count + 1,
        )
        if len(found) >= limit:
            break
    return [decode_message(document) for document in found]


def _at_place(before: FoundPlace | None, *, is_one: bool) -> Iterator[Document]:
    """What comes after a place and is of its very time; two conditions, as no server answers an `$or` by its index."""
    if before is not None:
        created_at, seq, message_id = before
        if not is_one:
            yield {"createdAt": created_at, "seq": seq, "_id": {"$lt": message_id}}
        yield {"createdAt": created_at, "seq": {"$lt": seq}}


def _older_than(before: FoundPlace | None) -> Iterator[Document]:
    yield {} if before is None else {"createdAt": {"$lt": before[0]}}


def _spans(before: FoundPlace | None) -> Iterator[Document]:
    """Conditions that part the time before a place, the newest first."""
    end = None if before is None else before[0]
    newest = end or datetime.now(UTC)
    for span in _SPANS:
        begin = newest - span
        yield {"createdAt": {"$gte": begin} if end is None else {"$gte": begin, "$lt": end}}
        end = begin
    yield {"createdAt": {"$lt": end}}
