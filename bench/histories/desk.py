"""The services of one function's environment, on a database connection of its own. Its Kafka is a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from parley.domain.errors import ParleyError
from parley.domain.models import AcceptedMessage, Connection
from parley.domain.records import ChangeRequested, ReceiptRequested, Record, SendRequested
from parley.ports import Clock, Push, Pushes, PushOutcome, Tracks
from parley.protocol.frames import encode_receipt_answer
from parley.protocol.records import decode_record, encode_record
from parley.security.sync_tokens import HmacSyncTokenCodec
from parley.services.changing import Changing
from parley.services.chat import Chat
from parley.services.conversations import Conversations
from parley.services.editing import Editing
from parley.services.groups import Groups
from parley.services.messages import Messages
from parley.services.outbox import Outbox
from parley.services.receipts import ReceiptRecording, Receipts
from parley.services.storing import Storing
from parley.services.sync_pages import SyncSizes
from parley.services.syncing import Sync
from parley.services.tracing import Tracing
from parley.services.users import Users
from parley.stores.mongo import MongoStores

TOKENS: Final = HmacSyncTokenCodec("the key of histories, which are nobody's")


class Kept:
    """The port Publisher: keeps records until they are taken."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def publish(self, records: Sequence[Record]) -> list[ParleyError | None]:
        """See Publisher."""
        self.records += records
        return [None] * len(records)


class _Nowhere:
    """The ports TraceStore and PushClient: nobody is connected."""

    def note_accepted(self, messages: Sequence[AcceptedMessage]) -> None:
        """See TraceStore."""

    def note_published(self, message_ids: Sequence[str], at: datetime) -> None:
        """See TraceStore."""

    def note_pushes(self, pushes: Pushes) -> None:
        """See TraceStore."""

    def find_tracks(self, message_id: str, user_id: str, part: int) -> Tracks:  # noqa: ARG002  # the port's
        """See TraceStore."""
        return Tracks(None, None, None, ())

    def post(self, pushes: Sequence[Push]) -> list[PushOutcome]:
        """See PushClient."""
        return ["gone"] * len(pushes)

    def disconnect(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        """See PushClient."""
        return ["gone"] * len(connections)

    def probe(self, connections: Sequence[Connection]) -> list[PushOutcome]:
        """See PushClient."""
        return ["gone"] * len(connections)


class _Records:
    """The port RecordCodec."""

    def encode(self, record: Record) -> bytes:
        """See RecordCodec."""
        return encode_record(record)

    def decode(self, value: bytes) -> Record:
        """See RecordCodec."""
        return decode_record(value)


class Desk:
    """What one environment works with; for one thread at a time. `close` ends its connection."""

    def __init__(self, uri: str, clock: Clock, sizes: SyncSizes) -> None:
        self.clock = clock
        self.stores = MongoStores(uri, records=_Records())
        self.kafka = Kept()
        nowhere = _Nowhere()
        conversations, messages = self.stores.conversations, self.stores.messages
        users, blocks = self.stores.users, self.stores.blocks
        tracing = Tracing(traces=nowhere, clock=clock)
        outbox = Outbox(rows=self.stores.outbox, publisher=self.kafka, clock=clock)
        self.users = Users(users=users, blocks=blocks, clock=clock)
        self.conversations = Conversations(
            conversations=conversations, users=users, blocks=blocks, outbox=outbox, clock=clock
        )
        self.groups = Groups(conversations=conversations, users=users, outbox=outbox, clock=clock)
        self.chat = Chat(
            conversations=conversations,
            messages=messages,
            publisher=self.kafka,
            claim_uploads=lambda _identity, _wanted: {},
            tracing=tracing,
            clock=clock,
        )
        self.editing = Editing(conversations=conversations, messages=messages, publisher=self.kafka, clock=clock)
        self.messages = Messages(conversations=conversations, messages=messages)
        self.receipts = Receipts(conversations=conversations, publisher=self.kafka, clock=clock)
        self.sync = Sync(store=self.stores.sync, users=users, tokens=TOKENS, clock=clock, sizes=sizes)
        self._storing = Storing(messages=messages, publisher=self.kafka, tracing=tracing, clock=clock)
        self._changing = Changing(
            messages=messages, publisher=self.kafka, delete_attachments=lambda _ids: None, clock=clock
        )
        self._recording = ReceiptRecording(
            conversations=conversations,
            publisher=self.kafka,
            push=nowhere,
            encode_answer=encode_receipt_answer,
            clock=clock,
        )

    def consume(self) -> None:
        """What the consumers do with what this environment has put into Kafka, each topic as one batch."""
        records, self.kafka.records = self.kafka.records, []
        self._storing.store_messages([one.message for one in records if isinstance(one, SendRequested)])
        self._changing.apply_changes([one.change for one in records if isinstance(one, ChangeRequested)])
        self._recording.record_receipts([one.receipt for one in records if isinstance(one, ReceiptRequested)])
        self.kafka.records.clear()  # of what they emit nothing is needed here

    def close(self) -> None:
        """Ends its connection."""
        self.stores.close()
