"""What the services need from outside.

Each docstring is a contract: one suite in tests/contract/ holds the fake and the real one to it.

Every method may raise `UnavailableError` where what is behind it cannot be reached in time; nothing was then promised,
and each may be called again. Stores take and give timezone-aware UTC times with whole milliseconds.
"""

from parley.ports.attachments import AttachmentStore, FileStore
from parley.ports.clock import Clock
from parley.ports.conversations import (
    ConversationChange,
    ConversationReader,
    ConversationStore,
    Decision,
    MemberIds,
    Moved,
    NotMoved,
    OutboxRow,
    OutboxStore,
    outbox_row_id,
)
from parley.ports.dead_letters import BuriedLetter, DeadLetterLog, DeadLetterMarks, Mark, MarkName
from parley.ports.health import Probe, Probes
from parley.ports.messages import Appended, Changed, MessageStore, NotAppended, NotChanged
from parley.ports.publisher import Publisher
from parley.ports.push import EventEncoder, LiveEncoder, Push, PushClient, PushOutcome
from parley.ports.rates import RateLimiter
from parley.ports.security import PasswordHasher, SyncTokenCodec, TokenIssuer, TokenVerifier
from parley.ports.sockets import ConnectionRegistry, Reach, RoomRegistry, TicketStore
from parley.ports.sync import MemberState, MessageSpan, Place, Stamp, SyncReader, SyncStore
from parley.ports.trace import Pushes, TraceStore, Tracks
from parley.ports.users import BlockStore, SessionStore, UserStore

__all__ = [
    "Appended",
    "AttachmentStore",
    "BlockStore",
    "BuriedLetter",
    "Changed",
    "Clock",
    "ConnectionRegistry",
    "ConversationChange",
    "ConversationReader",
    "ConversationStore",
    "DeadLetterLog",
    "DeadLetterMarks",
    "Decision",
    "EventEncoder",
    "FileStore",
    "LiveEncoder",
    "Mark",
    "MarkName",
    "MemberIds",
    "MemberState",
    "MessageSpan",
    "MessageStore",
    "Moved",
    "NotAppended",
    "NotChanged",
    "NotMoved",
    "OutboxRow",
    "OutboxStore",
    "PasswordHasher",
    "Place",
    "Probe",
    "Probes",
    "Publisher",
    "Push",
    "PushClient",
    "PushOutcome",
    "Pushes",
    "RateLimiter",
    "Reach",
    "RoomRegistry",
    "SessionStore",
    "Stamp",
    "SyncReader",
    "SyncStore",
    "SyncTokenCodec",
    "TicketStore",
    "TokenIssuer",
    "TokenVerifier",
    "TraceStore",
    "Tracks",
    "UserStore",
    "outbox_row_id",
]
