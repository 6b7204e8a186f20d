"""Sending messages, and reading them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response

from parley.domain.errors import FieldProblem, InvalidRequestError, NotFoundError
from parley.domain.ids import is_id
from parley.domain.limits import EMOJI_MAX_BYTES
from parley.domain.models import found_place
from parley.entry.rest.routes import Caller, ConversationId, MessageId, Route, Services, answer
from parley.protocol.bodies import HistoryQuery, MessageSearchQuery, OlderHistoryQuery, Page
from parley.protocol.cursors import HistoryCursor, SearchCursor, decode_cursor, encode_cursor
from parley.protocol.messages import ChangeAnswer, EditBody, SendAnswer, SendBody, encode_accepted, encode_change
from parley.protocol.objects import MessageObject, encode_message
from parley.protocol.receipts import PointersAnswer, StatusBody, encode_pointers
from parley.protocol.trace import TraceAnswer, encode_trace

Emoji = Annotated[
    str,
    Path(
        description=f"One emoji, of at most {EMOJI_MAX_BYTES} bytes.",
        json_schema_extra={"minLength": 1, "maxLength": EMOJI_MAX_BYTES},
    ),
]


async def send_message(services: Services, caller: Caller, body: SendBody) -> Response:
    """Accepts a message: it is durable in Kafka and will be stored.

    The same clientMessageId again, at any later time and over either transport, is the same message.
    """
    return answer(encode_accepted(services.chat.send_message(caller, body.to_draft())), 202)


async def list_messages(
    services: Services, caller: Caller, conversation_id: ConversationId, query: Annotated[HistoryQuery, Query()]
) -> Response:
    """A conversation's messages: newest first with before or neither, oldest first with after."""
    start = _read_start(query)
    messages = services.messages.list_messages(
        caller,
        conversation_id,
        before=start.seq if start and start.direction == "before" else None,
        after=start.seq if start and start.direction == "after" else None,
        limit=query.limit,
    )
    next_cursor = None
    if len(messages) == query.limit:
        direction = start.direction if start else "before"
        last = messages[-1].seq
        if direction == "after" or last > 1:
            next_cursor = encode_cursor(HistoryCursor(direction=direction, seq=last))
    items = [encode_message(message, services.attachment_url) for message in messages]
    return answer(Page[MessageObject](items=items, next_cursor=next_cursor))


async def list_older_messages(
    services: Services, caller: Caller, query: Annotated[OlderHistoryQuery, Query()]
) -> Response:
    """A conversation's messages by numbered pages, newest first; a page's number is `nextCursor` of the one before."""
    if not is_id(query.chat_id):
        raise NotFoundError("")
    # Seqs are dense, so that a page's place is a matter of counting.
    last_seq = services.conversations.get_conversation(caller, query.chat_id).conversation.last_seq
    before = last_seq + 1 - (query.page - 1) * query.limit
    messages = []
    if before > 1:
        messages = services.messages.list_messages(caller, query.chat_id, before=before, limit=query.limit)
    next_page = str(query.page + 1) if messages and messages[-1].seq > 1 else None
    items = [encode_message(message, services.attachment_url) for message in messages]
    return answer(Page[MessageObject](items=items, next_cursor=next_page))


async def search_messages(
    services: Services, caller: Caller, query: Annotated[MessageSearchQuery, Query()]
) -> Response:
    """The caller's messages in which all the words of `q` occur, newest first."""
    before = decode_cursor(SearchCursor, query.cursor).place if query.cursor is not None else None
    messages = services.messages.search_messages(
        caller, query.q, conversation_id=query.conversation_id, before=before, limit=query.limit
    )
    next_cursor = None
    if len(messages) == query.limit:
        created_at, seq, message_id = found_place(messages[-1])
        next_cursor = encode_cursor(SearchCursor(created_at=created_at, seq=seq, message_id=message_id))
    items = [encode_message(message, services.attachment_url) for message in messages]
    return answer(Page[MessageObject](items=items, next_cursor=next_cursor))


async def get_message(services: Services, caller: Caller, message_id: MessageId) -> Response:
    """One stored message."""
    message = services.messages.get_message(caller, message_id)
    return answer(encode_message(message, services.attachment_url))


async def get_trace(services: Services, caller: Caller, message_id: MessageId) -> Response:
    """When a message was accepted, stored, published, and pushed to or refused by each of the caller's connections.

    Publishing and pushes are known for a day. A message that is accepted and not stored yet is told to its sender.
    """
    return answer(encode_trace(services.traces.get_trace(caller, message_id)))


async def edit_message(services: Services, caller: Caller, message_id: MessageId, body: EditBody) -> Response:
    """Gives a stored message of the caller's own another content."""
    return answer(encode_change(services.editing.edit_message(caller, message_id, body.content)), 202)


async def delete_message(services: Services, caller: Caller, message_id: MessageId) -> Response:
    """Deletes a stored message: the sender does, or a group's owner or admin. A repeat changes nothing."""
    return answer(encode_change(services.editing.delete_message(caller, message_id)), 202)


async def add_reaction(services: Services, caller: Caller, message_id: MessageId, emoji: Emoji) -> Response:
    """Reacts to a stored message with one emoji. A repeat changes nothing."""
    return answer(encode_change(services.editing.react(caller, message_id, emoji)), 202)


async def remove_reaction(services: Services, caller: Caller, message_id: MessageId, emoji: Emoji) -> Response:
    """Takes the caller's own reaction away. A repeat changes nothing."""
    return answer(encode_change(services.editing.react(caller, message_id, emoji, remove=True)), 202)


async def record_receipt(services: Services, caller: Caller, body: StatusBody) -> Response:
    """Moves the caller's pointers forward, and not past the last message; read implies delivered."""
    membership = services.receipts.record_receipt(caller, body.conversation_id, body.status, body.seq)
    return answer(encode_pointers(membership))


def _read_start(query: HistoryQuery) -> HistoryCursor | None:
    """Where the page starts; None for the newest message."""
    given = [name for name in ("before", "after", "cursor") if getattr(query, name) is not None]
    if len(given) > 1:
        problems = [FieldProblem(name, "Only one of before, after and cursor can be given.") for name in given]
        raise InvalidRequestError("A page starts in one place.", problems)
    if query.cursor is not None:
        return decode_cursor(HistoryCursor, query.cursor)
    if query.before is not None:
        return HistoryCursor(direction="before", seq=query.before)
    return None if query.after is None else HistoryCursor(direction="after", seq=query.after)


_TAG = "Messages"
_HISTORY = Page[MessageObject]
_MESSAGE = "/api/chat/{messageId}"
_REACTION = f"{_MESSAGE}/reactions/{{emoji}}"
_OLDER_MESSAGE = "/api/chats/messages/{messageId}"
_EDIT_ERRORS = ("not_found", "forbidden", "blocked", "conflict")

ROUTES = (
    Route("POST", "/api/chat/send", send_message, _TAG, 202, SendAnswer, ("not_found", "blocked"), bucket="send"),
    Route(
        "POST",
        "/api/chats/messages/send",
        send_message,
        _TAG,
        202,
        SendAnswer,
        ("not_found", "blocked"),
        bucket="send",
    ),
    Route("GET", "/api/chats/messages", list_older_messages, _TAG, 200, _HISTORY, ("not_found",)),
    Route("GET", "/api/messages/conversation/{conversationId}", list_messages, _TAG, 200, _HISTORY, ("not_found",)),
    Route("GET", "/api/chat/history/{conversationId}", list_messages, _TAG, 200, _HISTORY, ("not_found",)),
    # Before the route of one message, whose id it would be.
    Route("GET", "/api/messages/search", search_messages, _TAG, 200, _HISTORY, ("not_found",)),
    Route("GET", "/api/messages/{messageId}", get_message, _TAG, 200, MessageObject, ("not_found",)),
    Route("GET", "/api/messages/{messageId}/trace", get_trace, _TAG, 200, TraceAnswer, ("not_found",)),
    Route("PUT", "/api/messages/status", record_receipt, _TAG, 200, PointersAnswer, ("not_found",), bucket="seen"),
    Route("PUT", _MESSAGE, edit_message, _TAG, 202, ChangeAnswer, _EDIT_ERRORS),
    Route("DELETE", _MESSAGE, delete_message, _TAG, 202, ChangeAnswer, ("not_found", "forbidden")),
    Route("PUT", _REACTION, add_reaction, _TAG, 202, ChangeAnswer, ("not_found", "blocked", "conflict")),
    Route("DELETE", _REACTION, remove_reaction, _TAG, 202, ChangeAnswer, ("not_found",)),
    Route("PATCH", _OLDER_MESSAGE, edit_message, _TAG, 202, ChangeAnswer, _EDIT_ERRORS),
    Route("DELETE", _OLDER_MESSAGE, delete_message, _TAG, 202, ChangeAnswer, ("not_found", "forbidden")),
)
