"""The services of conversations and their messages."""

# ruff: noqa: PLC0415  # each part is imported when it is first asked for: that is what this package is for

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from parley.bootstrap.adapters import Adapters
from parley.config import (
    SyncSettings,
)

if TYPE_CHECKING:
    from parley.domain.models import Identity
    from parley.services.attachments import Attachments, Claimed
    from parley.services.changing import Changing
    from parley.services.chat import Chat
    from parley.services.conversations import Conversations
    from parley.services.editing import Editing
    from parley.services.groups import Groups
    from parley.services.messages import Messages
    from parley.services.outbox import Outbox
    from parley.services.receipts import ReceiptRecording, Receipts
    from parley.services.storing import Storing
    from parley.services.syncing import Sync
    from parley.services.tracing import Traces


class ChatServices(Adapters):
    """Conversations, messages, receipts and sync."""

    @cached_property
    def conversations(self) -> Conversations:
        from parley.services.conversations import Conversations

        return Conversations(
            conversations=self.stores.conversations,
            users=self.stores.users,
            blocks=self.stores.blocks,
            outbox=self.outbox,
            clock=self.clock,
        )

    @cached_property
    def groups(self) -> Groups:
        from parley.services.groups import Groups

        return Groups(
            conversations=self.stores.conversations, users=self.stores.users, outbox=self.outbox, clock=self.clock
        )

    @cached_property
    def outbox(self) -> Outbox:
        from parley.services.outbox import Outbox

        return Outbox(rows=self.stores.outbox, publisher=self.publisher, clock=self.clock)

    @cached_property
    def chat(self) -> Chat:
        from parley.services.chat import Chat

        return Chat(
            conversations=self.stores.conversations,
            messages=self.stores.messages,
            publisher=self.publisher,
            claim_uploads=self._claim_uploads,
            tracing=self.tracing,
            clock=self.clock,
        )

    @cached_property
    def attachments(self) -> Attachments:
        from parley.services.attachments import Attachments

        return Attachments(
            uploads=self.stores.attachments, files=self.files, messages=self.stores.messages, clock=self.clock
        )

    def _claim_uploads(self, identity: Identity, wanted: Mapping[str, Sequence[str]]) -> dict[str, Claimed]:
        # Few messages have any, so that the bucket's client waits for the first.
        return self.attachments.claim_uploads(identity, wanted)

    def _delete_attachments(self, message_ids: Sequence[str]) -> None:
        self.attachments.delete_attachments(message_ids)

    @cached_property
    def messages(self) -> Messages:
        from parley.services.messages import Messages

        return Messages(conversations=self.stores.conversations, messages=self.stores.messages)

    @cached_property
    def traces(self) -> Traces:
        from parley.services.tracing import Traces

        return Traces(traces=self.trace_store, messages=self.stores.messages, conversations=self.stores.conversations)

    @cached_property
    def editing(self) -> Editing:
        from parley.services.editing import Editing

        return Editing(
            conversations=self.stores.conversations,
            messages=self.stores.messages,
            publisher=self.publisher,
            clock=self.clock,
        )

    @cached_property
    def changing(self) -> Changing:
        from parley.services.changing import Changing

        return Changing(
            messages=self.stores.messages,
            publisher=self.publisher,
            delete_attachments=self._delete_attachments,
            clock=self.clock,
        )

    @cached_property
    def storing(self) -> Storing:
        from parley.services.storing import Storing

        return Storing(messages=self.stores.messages, publisher=self.publisher, tracing=self.tracing, clock=self.clock)

    @cached_property
    def receipts(self) -> Receipts:
        from parley.services.receipts import Receipts

        return Receipts(conversations=self.stores.conversations, publisher=self.publisher, clock=self.clock)

    @cached_property
    def receipt_recording(self) -> ReceiptRecording:
        from parley.protocol.frames import encode_receipt_answer
        from parley.services.receipts import ReceiptRecording

        return ReceiptRecording(
            conversations=self.stores.conversations,
            publisher=self.publisher,
            push=self.push,
            encode_answer=encode_receipt_answer,
            clock=self.clock,
        )

    @cached_property
    def syncing(self) -> Sync:
        from parley.security.sync_tokens import HmacSyncTokenCodec
        from parley.services.syncing import Sync

        tokens = HmacSyncTokenCodec(self._read(SyncSettings).sync_key)
        return Sync(store=self.stores.sync, users=self.stores.users, tokens=tokens, clock=self.clock)
