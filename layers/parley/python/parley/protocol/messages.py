"""Sending messages, as both transports write it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parley.domain import limits
from parley.domain.models import AcceptedMessage, Draft, Message, MessageType
from parley.protocol.base import Inbound, Outbound


class SendBody(Inbound):
    """A message to send."""

    conversation_id: str
    client_message_id: str = Field(
        description="The sender's own id for it: a retry with the same one never makes a second message.",
        json_schema_extra={"pattern": f"^[A-Za-z0-9_-]{{1,{limits.CLIENT_MESSAGE_ID_MAX_CHARS}}}$"},
    )
    content: str = Field(
        description="Unicode code points, one of them not white space.",
        json_schema_extra={"minLength": 1, "maxLength": limits.CONTENT_MAX_CHARS},
    )
    type: MessageType = "text"
    reply_to: str | None = Field(default=None, description="The id of a stored message of the same conversation.")
    mentions: list[str] = Field(default=[], json_schema_extra={"maxItems": limits.MENTIONS_MAX_COUNT})
    attachments: list[str] = Field(default=[], json_schema_extra={"maxItems": limits.ATTACHMENTS_MAX_COUNT})

    def to_draft(self) -> Draft:
        """The same as the chat service takes it."""
        return Draft(
            conversation_id=self.conversation_id,
            client_message_id=self.client_message_id,
            content=self.content,
            type=self.type,
            reply_to=self.reply_to,
            mentions=tuple(self.mentions),
            attachment_ids=tuple(self.attachments),
        )


class SendAnswer(Outbound):
    """The message is durable in Kafka and will be stored."""

    message_id: str
    client_message_id: str
    status: Literal["accepted"] = "accepted"


def encode_accepted(message: AcceptedMessage) -> SendAnswer:
    """The answer for a message that was accepted."""
    return SendAnswer(message_id=message.message_id, client_message_id=message.client_message_id)


class EditBody(Inbound):
    """A message's new content."""

    content: str = Field(
        description="Unicode code points, one of them not white space.",
        json_schema_extra={"minLength": 1, "maxLength": limits.CONTENT_MAX_CHARS},
    )


class EditData(EditBody):
    """An edit on a socket."""

    message_id: str


class DeleteData(Inbound):
    """A delete on a socket."""

    message_id: str


class ReactData(Inbound):
    """A reaction on a socket."""

    message_id: str
    emoji: str = Field(
        description="One emoji.", json_schema_extra={"minLength": 1, "maxLength": limits.EMOJI_MAX_BYTES}
    )
    remove: bool = Field(default=False, description="Takes the caller's own reaction away.")


class ChangeAnswer(Outbound):
    """The change is durable in Kafka and will be made."""

    message_id: str
    status: Literal["accepted"] = "accepted"


def encode_change(message: Message) -> ChangeAnswer:
    """The answer for a change of this message that was accepted."""
    return ChangeAnswer(message_id=message.message_id)
