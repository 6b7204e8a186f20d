"""The services over fakes that belong together, with people to act in them."""

from __future__ import annotations

from datetime import timedelta

from parley.domain.models import Connection, ConversationView, Draft, Identity, Message, Session, User
from parley.domain.rates import read_buckets
from parley.domain.records import MessageStored
from parley.protocol.events import encode_session_ended
from parley.protocol.frames import encode_receipt_answer
from parley.protocol.live import encode_live_event
from parley.services.accounts import Accounts
from parley.services.attachments import Attachments
from parley.services.authentication import Authentication
from parley.services.changing import Changing
from parley.services.chat import Chat
from parley.services.conversations import Conversations
from parley.services.editing import Editing
from parley.services.ending import Ending
from parley.services.erasure import Erasure
from parley.services.gone import GoneSockets
from parley.services.groups import Groups
from parley.services.messages import Messages
from parley.services.outbox import Outbox
from parley.services.presence import PresenceTracking
from parley.services.rate_limits import RateLimits
from parley.services.receipts import ReceiptRecording, Receipts
from parley.services.renewal import Renewal
from parley.services.rooms import Announcer, Rooms
from parley.services.sessions import Sessions
from parley.services.storing import Storing
from parley.services.syncing import Sync
from parley.services.tracing import Traces, Tracing
from parley.services.users import Users
from tests.fakes import (
    FakeAttachmentStore,
    FakeBlockStore,
    FakeClock,
    FakeConnectionRegistry,
    FakeConversationStore,
    FakeDatabase,
    FakeFileStore,
    FakeMessageStore,
    FakeOutboxStore,
    FakePasswordHasher,
    FakePublisher,
    FakePushClient,
    FakeRateLimiter,
    FakeRoomRegistry,
    FakeSessionStore,
    FakeSyncStore,
    FakeSyncTokens,
    FakeTicketStore,
    FakeTokens,
    FakeTraceStore,
    FakeUserStore,
)


class World:
    """Everything that a test of the services needs; a fresh one a test."""

    def __init__(self, *, rate_limits: str = "off") -> None:
        self.clock = FakeClock()
        self.database = FakeDatabase()
        self.user_store = FakeUserStore()
        self.session_store = FakeSessionStore(self.clock)
        self.conversation_store = FakeConversationStore(self.database)
        self.message_store = FakeMessageStore(self.database)
        self.publisher = FakePublisher()
        self.registry = FakeConnectionRegistry(self.clock)
        self.ticket_store = FakeTicketStore(self.clock)
        self.hasher = FakePasswordHasher()
        self.tokens = FakeTokens()
        self.push = FakePushClient()
        self.ending = Ending(
            sessions=self.session_store, registry=self.registry, push=self.push, encode=encode_session_ended
        )
        self.sessions = Sessions(sessions=self.session_store, ending=self.ending, issuer=self.tokens, clock=self.clock)
        self.block_store = FakeBlockStore(self.database)
        self.users = Users(users=self.user_store, blocks=self.block_store, clock=self.clock)
        self.rate_limiter = FakeRateLimiter(self.clock)
        self.rate_limits = RateLimits(
            limiter=self.rate_limiter,
            buckets=read_buckets(rate_limits),
            now_s=lambda: self.clock.now().timestamp(),
        )
        self.accounts = Accounts(
            users=self.user_store,
            sessions=self.session_store,
            tickets=self.ticket_store,
            hasher=self.hasher,
            issuer=self.tokens,
            ending=self.ending,
            limits=self.rate_limits,
            clock=self.clock,
        )
        self.authentication = Authentication(
            sessions=self.session_store, tickets=self.ticket_store, verifier=self.tokens, clock=self.clock
        )
        self.outbox_store = FakeOutboxStore(self.database)
        self.outbox = Outbox(rows=self.outbox_store, publisher=self.publisher, clock=self.clock)
        self.conversations = Conversations(
            conversations=self.conversation_store,
            users=self.user_store,
            blocks=self.block_store,
            outbox=self.outbox,
            clock=self.clock,
        )
        self.groups = Groups(
            conversations=self.conversation_store, users=self.user_store, outbox=self.outbox, clock=self.clock
        )
        self.erasure = Erasure(
            check_password=self.accounts.check_password,
            users=self.user_store,
            blocks=self.block_store,
            conversations=self.conversation_store,
            messages=self.message_store,
            publisher=self.publisher,
            groups=self.groups,
            ending=self.ending,
            clock=self.clock,
        )
        self.attachment_store = FakeAttachmentStore()
        self.files = FakeFileStore()
        self.attachments = Attachments(
            uploads=self.attachment_store, files=self.files, messages=self.message_store, clock=self.clock
        )
        self.attachment_url = self.files.presign_download
        self.trace_store = FakeTraceStore(self.clock)
        self.tracing = Tracing(traces=self.trace_store, clock=self.clock, now_s=lambda: self.clock.now().timestamp())
        self.traces = Traces(
            traces=self.trace_store, messages=self.message_store, conversations=self.conversation_store
        )
        self.chat = Chat(
            conversations=self.conversation_store,
            messages=self.message_store,
            publisher=self.publisher,
            claim_uploads=self.attachments.claim_uploads,
            tracing=self.tracing,
            clock=self.clock,
            now_s=lambda: self.clock.now().timestamp(),
        )
        self.editing = Editing(
            conversations=self.conversation_store,
            messages=self.message_store,
            publisher=self.publisher,
            clock=self.clock,
        )
        self.changing = Changing(
            messages=self.message_store,
            publisher=self.publisher,
            delete_attachments=self.attachments.delete_attachments,
            clock=self.clock,
        )
        self.sync_store = FakeSyncStore(self.database)
        self.sync_tokens = FakeSyncTokens()
        self.syncing = Sync(store=self.sync_store, users=self.user_store, tokens=self.sync_tokens, clock=self.clock)
        self.receipts = Receipts(conversations=self.conversation_store, publisher=self.publisher, clock=self.clock)
        self.receipt_recording = ReceiptRecording(
            conversations=self.conversation_store,
            publisher=self.publisher,
            push=self.push,
            encode_answer=encode_receipt_answer,
            clock=self.clock,
        )
        self.room_registry = FakeRoomRegistry()
        self.gone = GoneSockets(registry=self.registry, clock=self.clock)
        announcer = Announcer(
            conversations=self.conversation_store,
            gone=self.gone,
            rooms=self.room_registry,
            push=self.push,
            encode=encode_live_event,
        )
        self.rooms = Rooms(
            conversations=self.conversation_store,
            registry=self.registry,
            rooms=self.room_registry,
            announcer=announcer,
        )
        self.presence = PresenceTracking(
            users=self.user_store,
            conversations=self.conversation_store,
            registry=self.registry,
            gone=self.gone,
            room_registry=self.room_registry,
            rooms=self.rooms,
            announcer=announcer,
            push=self.push,
            clock=self.clock,
        )
        self.renewal = Renewal(registry=self.registry, rooms=self.room_registry, clock=self.clock)
        self.storing = Storing(
            messages=self.message_store, publisher=self.publisher, tracing=self.tracing, clock=self.clock
        )
        self.messages = Messages(conversations=self.conversation_store, messages=self.message_store)

    def add_user(self, name: str) -> Identity:
        """A user of this name with a session that lives for an hour."""
        identity = Identity(f"u_{name}", f"s_{name}")
        now = self.clock.now()
        user = User(identity.user_id, name, f"{name}@example.org", name.title(), None, None, now)
        self.user_store.insert_user(user, "no hash")
        self.session_store.insert_session(
            Session(identity.session_id, identity.user_id, None, "no hash", now, now, now + timedelta(hours=1))
        )
        return identity

    def make_direct(self, one: Identity, other: Identity) -> ConversationView:
        """Their direct conversation; what was counted and published for it is forgotten."""
        view, _ = self.conversations.create_direct(one, other.user_id)
        self.forget_traces()
        return view

    def make_group(self, owner: Identity, *members: Identity) -> ConversationView:
        """A group of these; what was counted and published for it is forgotten."""
        ids = [member.user_id for member in members]
        view = self.conversations.create_group(owner, name="A group", member_ids=ids)
        self.forget_traces()
        return view

    def store(self, sender: Identity, *drafts: Draft) -> list[Message]:
        """Has messages accepted and stored; what was counted and published for it is forgotten."""
        accepted = [self.chat.send_message(sender, draft) for draft in drafts]
        assert self.storing.store_messages(accepted) == [None] * len(accepted)
        events = [record for record in self.publisher.records if isinstance(record, MessageStored)]
        self.forget_traces()
        return [event.message for event in events]

    def open_socket(self, identity: Identity, connection_id: str) -> Connection:
        """A registered socket of theirs."""
        connection = Connection(
            connection_id, identity.user_id, identity.session_id, "http://gateway.test/ws", self.clock.now()
        )
        self.registry.add_connection(connection)
        return connection

    def forget_traces(self) -> None:
        """Starts all counts at nothing."""
        self.publisher.records.clear()
        for fake in (
            self.user_store,
            self.session_store,
            self.conversation_store,
            self.block_store,
            self.outbox_store,
            self.message_store,
            self.attachment_store,
            self.files,
            self.publisher,
            self.registry,
        ):
            fake.calls.clear()

    def database_calls(self) -> int:
        """How often any store was asked."""
        stores = (
            self.user_store,
            self.session_store,
            self.conversation_store,
            self.block_store,
            self.outbox_store,
            self.message_store,
            self.attachment_store,
        )
        return sum(store.calls.total() for store in stores)


def draft(conversation_id: str, number: int | str = 1, content: str = "Hello") -> Draft:
    """A text message whose clientMessageId is made of the number."""
    return Draft(conversation_id, f"client-{number}", content)
