"""Conversations and their members."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from parley.entry.rest.routes import Caller, ConversationId, Route, Services, answer
from parley.protocol.bodies import CreateConversationBody, CreateDirectBody, MuteBody, Page, PageQuery
from parley.protocol.cursors import ConversationCursor, MemberCursor, decode_cursor, encode_cursor
from parley.protocol.objects import ConversationObject, MemberObject, encode_conversation, encode_member


async def create_conversation(services: Services, caller: Caller, body: CreateConversationBody) -> Response:
    """Makes a conversation: 201. The direct one of two people is made once and given again after that: 200."""
    if isinstance(body, CreateDirectBody):
        view, created = services.conversations.create_direct(caller, body.member_id)
        return answer(encode_conversation(view, services.attachment_url), 201 if created else 200)
    view = services.conversations.create_group(
        caller, name=body.name, member_ids=body.member_ids, photo_url=body.photo_url
    )
    return answer(encode_conversation(view, services.attachment_url), 201)


async def list_conversations(services: Services, caller: Caller, query: Annotated[PageQuery, Query()]) -> Response:
    """The caller's conversations, newest activity first."""
    before = decode_cursor(ConversationCursor, query.cursor).key if query.cursor is not None else None
    views = services.conversations.list_conversations(caller, before=before, limit=query.limit)
    next_cursor = None
    if len(views) == query.limit:
        last = views[-1].conversation
        next_cursor = encode_cursor(
            ConversationCursor(updated_at=last.updated_at, conversation_id=last.conversation_id)
        )
    items = [encode_conversation(view, services.attachment_url) for view in views]
    return answer(Page[ConversationObject](items=items, next_cursor=next_cursor))


async def get_conversation(services: Services, caller: Caller, conversation_id: ConversationId) -> Response:
    """One conversation as the caller sees it."""
    view = services.conversations.get_conversation(caller, conversation_id)
    return answer(encode_conversation(view, services.attachment_url))


async def mute_conversation(
    services: Services, caller: Caller, conversation_id: ConversationId, body: MuteBody
) -> Response:
    """The caller's own setting: whether they want to be left in peace."""
    view = services.conversations.mute_conversation(caller, conversation_id, muted=body.muted)
    return answer(encode_conversation(view, services.attachment_url))


async def list_members(
    services: Services, caller: Caller, conversation_id: ConversationId, query: Annotated[PageQuery, Query()]
) -> Response:
    """A conversation's members by user id."""
    after = decode_cursor(MemberCursor, query.cursor).user_id if query.cursor is not None else None
    members = services.conversations.list_members(caller, conversation_id, after=after, limit=query.limit)
    items = [encode_member(membership, user) for membership, user in members]
    next_cursor = encode_cursor(MemberCursor(user_id=items[-1].user_id)) if len(items) == query.limit else None
    return answer(Page[MemberObject](items=items, next_cursor=next_cursor))


_TAG = "Conversations"
_ONE = "/api/conversations/{conversationId}"

ROUTES = (
    Route(
        "POST",
        "/api/conversations",
        create_conversation,
        _TAG,
        201,
        ConversationObject,
        ("not_found",),
        other_statuses=(200,),
    ),
    Route("GET", "/api/conversations", list_conversations, _TAG, 200, Page[ConversationObject]),
    Route("GET", "/api/chats/recent", list_conversations, _TAG, 200, Page[ConversationObject]),
    Route("GET", _ONE, get_conversation, _TAG, 200, ConversationObject, ("not_found",)),
    Route("PATCH", _ONE, mute_conversation, _TAG, 200, ConversationObject, ("not_found",)),
    Route("GET", f"{_ONE}/members", list_members, _TAG, 200, Page[MemberObject], ("not_found",)),
)
