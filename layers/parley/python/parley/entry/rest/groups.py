"""Groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Response

from parley.entry.rest.routes import Caller, ConversationId, Route, Services, UserId, answer, no_content
from parley.protocol.bodies import (
    CreateOlderGroupBody,
    CreatePlainGroupBody,
    MembersBody,
    PhotoBody,
    RenameBody,
    RoleBody,
)
from parley.protocol.objects import ConversationObject, encode_conversation

if TYPE_CHECKING:
    from parley.domain.models import ConversationView
    from parley.entry.rest.routes import RestServices


async def create_group(services: Services, caller: Caller, body: CreatePlainGroupBody) -> Response:
    """Makes a group that the caller owns."""
    view = services.conversations.create_group(
        caller, name=body.name, member_ids=body.member_ids, photo_url=body.photo_url
    )
    return answer(encode_conversation(view, services.attachment_url), 201)


async def create_older_group(services: Services, caller: Caller, body: CreateOlderGroupBody) -> Response:
    """Makes a group that the caller owns, as older clients ask for it."""
    view = services.conversations.create_group(caller, name=body.name, member_ids=body.members, photo_url=body.photo)
    return answer(encode_conversation(view, services.attachment_url), 201)


async def rename_group(
    services: Services, caller: Caller, conversation_id: ConversationId, body: RenameBody
) -> Response:
    """Gives a group another name. For its owner and admins."""
    return _show(services, services.groups.rename_group(caller, conversation_id, body.name))


async def change_photo(
    services: Services, caller: Caller, conversation_id: ConversationId, body: PhotoBody
) -> Response:
    """Gives a group another photo, or none. For its owner and admins."""
    return _show(services, services.groups.change_photo(caller, conversation_id, body.photo_url))


async def change_members(
    services: Services, caller: Caller, conversation_id: ConversationId, body: MembersBody
) -> Response:
    """Adds and removes members. For the owner and admins; nobody removes the owner."""
    return _show(services, services.groups.change_members(caller, conversation_id, add=body.add, remove=body.remove))


async def change_role(
    services: Services, caller: Caller, conversation_id: ConversationId, user_id: UserId, body: RoleBody
) -> Response:
    """Gives a member another role. For the owner, who is an admin after giving `owner` away."""
    return _show(services, services.groups.change_role(caller, conversation_id, user_id, body.role))


async def leave_group(services: Services, caller: Caller, conversation_id: ConversationId) -> Response:
    """Leaves a group. After its owner follows the longest-standing admin, else member."""
    services.groups.leave_group(caller, conversation_id)
    return no_content()


async def delete_group(services: Services, caller: Caller, conversation_id: ConversationId) -> Response:
    """Ends a group for all its members. For the owner."""
    services.groups.delete_group(caller, conversation_id)
    return no_content()


def _show(services: RestServices, view: ConversationView) -> Response:
    return answer(encode_conversation(view, services.attachment_url))


_TAG = "Groups"
_ONE = "/api/groups/{conversationId}"
_OLDER = "/api/chats/groups"
_REFUSALS = ("not_found", "forbidden", "conflict")
_GROUP = ConversationObject

ROUTES = (
    Route("POST", "/api/groups", create_group, _TAG, 201, _GROUP),
    Route("PATCH", f"{_ONE}/rename", rename_group, _TAG, 200, _GROUP, _REFUSALS),
    Route("PATCH", f"{_ONE}/photo", change_photo, _TAG, 200, _GROUP, _REFUSALS),
    Route("PATCH", f"{_ONE}/members", change_members, _TAG, 200, _GROUP, _REFUSALS),
    Route("PATCH", f"{_ONE}/members/{{userId}}", change_role, _TAG, 200, _GROUP, _REFUSALS),
    Route("POST", f"{_ONE}/leave", leave_group, _TAG, 204, None, ("not_found", "conflict")),
    Route("DELETE", _ONE, delete_group, _TAG, 204, None, _REFUSALS),
    Route("POST", f"{_OLDER}/create", create_older_group, _TAG, 201, _GROUP),
    Route("PATCH", f"{_OLDER}/{{conversationId}}/rename", rename_group, _TAG, 200, _GROUP, _REFUSALS),
    Route("PATCH", f"{_OLDER}/{{conversationId}}/photo", change_photo, _TAG, 200, _GROUP, _REFUSALS),
    Route("PATCH", f"{_OLDER}/{{conversationId}}/members", change_members, _TAG, 200, _GROUP, _REFUSALS),
)
