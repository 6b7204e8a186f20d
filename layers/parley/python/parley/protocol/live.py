"""Rooms, typing and presence, as clients see them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parley.domain.live import LiveEvent, Presence, SessionExpiring, TypingChanged, TypingState, UserJoined, UserLeft
from parley.protocol.base import Inbound, Outbound, Time


class RoomData(Inbound):
    """Which conversation to join or leave."""

    conversation_id: str


class TypingData(Inbound):
    """That the caller begins or stops to write."""

    conversation_id: str
    state: TypingState


class JoinAnswer(Outbound):
    """The conversation is joined."""

    conversation_id: str
    online: list[str] = Field(description="The members who are online; of more than 1,000 the first by user id.")


class RoomAnswer(Outbound):
    """It is done."""

    conversation_id: str


class PresenceObject(Outbound):
    """Whether somebody has a socket open."""

    user_id: str
    online: bool
    last_seen_at: Time | None = Field(description="When they were last known to be there; null if that is not known.")


class PresenceAnswer(Outbound):
    """Those of the people asked for who share a conversation with the caller."""

    items: list[PresenceObject]


class TypingObject(Outbound):
    """Who types where. Clients drop a start after 6 s by themselves."""

    conversation_id: str
    user_id: str
    state: TypingState


class RoomMember(Outbound):
    """Who opened or closed which conversation."""

    conversation_id: str
    user_id: str


class ExpiryObject(Outbound):
    """Until when another socket should be open."""

    reconnect_by: Time


class LiveFrame(Outbound):
    """Something that is told while it lasts, and kept nowhere."""

    event: Literal["presence:update", "chat:typing:update", "chat:user:joined", "chat:user:left", "session:expiring"]
    data: PresenceObject | TypingObject | RoomMember | ExpiryObject


def encode_presence(presence: Presence) -> PresenceObject:
    """Whether somebody is online, as clients see it."""
    return PresenceObject(user_id=presence.user_id, online=presence.online, last_seen_at=presence.last_seen_at)


def encode_live_event(event: LiveEvent) -> bytes:
    """The JSON that a client gets, without white space around it."""
    match event:
        case Presence():
            frame = LiveFrame(event="presence:update", data=encode_presence(event))
        case TypingChanged():
            typing = TypingObject(conversation_id=event.conversation_id, user_id=event.user_id, state=event.state)
            frame = LiveFrame(event="chat:typing:update", data=typing)
        case UserJoined():
            member = RoomMember(conversation_id=event.conversation_id, user_id=event.user_id)
            frame = LiveFrame(event="chat:user:joined", data=member)
        case UserLeft():
            member = RoomMember(conversation_id=event.conversation_id, user_id=event.user_id)
            frame = LiveFrame(event="chat:user:left", data=member)
        case SessionExpiring():
            frame = LiveFrame(event="session:expiring", data=ExpiryObject(reconnect_by=event.reconnect_by))
    return frame.to_json()
