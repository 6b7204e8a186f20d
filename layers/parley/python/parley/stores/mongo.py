"""The stores on one database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from parley.stores.attachments import MongoAttachmentStore
from parley.stores.blocks import MongoBlockStore
from parley.stores.codecs import Document
from parley.stores.conversations import MongoConversationStore
from parley.stores.dead_letters import MongoDeadLetterMarks
from parley.stores.errors import database_call, watch_login
from parley.stores.indexes import create_indexes
from parley.stores.messages import MongoMessageStore
from parley.stores.outbox import MongoOutboxStore, RecordCodec
from parley.stores.sessions import MongoSessionStore
from parley.stores.syncing import MongoSyncStore
from parley.stores.users import MongoUserStore
from parley.stores.writers import Writers

_SERVER_SELECTION_TIMEOUT_MS: Final = 2_000
_CONNECT_TIMEOUT_MS: Final = 1_500
_SOCKET_TIMEOUT_MS: Final = 8_000  # a backstop: every call has a shorter limit of its own
_MAX_IDLE_TIME_MS: Final = 60_000
_PROBE_TIMEOUT_S: Final = 1.8
_SET_UP_TIMEOUT_S: Final = 45.0


class MongoStores:
    """The stores, over one client that connects at its first use.

    A function handles one invocation at a time, so a few connections do; DocumentDB counts them per instance.

    Args:
        uri: with the database's name in its path.
        records: how records are written into the outbox; needed by who writes or reads one.
        max_pool_size: connections at most; calls from more threads than that wait for one.
        on_login_refused: called when the database does not take the user name and password of `uri`.
    """

    def __init__(
        self,
        uri: str,
        *,
        records: RecordCodec | None = None,
        max_pool_size: int = 2,
        on_login_refused: Callable[[], None] | None = None,
    ) -> None:
        self._records = records
        self._on_login_refused = on_login_refused
        watch_login(self)
        self._client: MongoClient[Document] = MongoClient(
            uri,
            retryWrites=False,
            maxPoolSize=max_pool_size,
            maxIdleTimeMS=_MAX_IDLE_TIME_MS,
            serverSelectionTimeoutMS=_SERVER_SELECTION_TIMEOUT_MS,
            connectTimeoutMS=_CONNECT_TIMEOUT_MS,
            socketTimeoutMS=_SOCKET_TIMEOUT_MS,
            appname="parley",
            connect=False,
        )
        self._database: Database[Document] = self._client.get_default_database().with_options(
            codec_options=CodecOptions(tz_aware=True, tzinfo=UTC),
            write_concern=WriteConcern("majority"),
            read_concern=ReadConcern("majority"),
        )

    @cached_property
    def _writers(self) -> Writers:
        return Writers(self._client, self._database)

    @cached_property
    def users(self) -> MongoUserStore:
        return MongoUserStore(self._client, self._database, self._writers)

    @cached_property
    def sessions(self) -> MongoSessionStore:
        return MongoSessionStore(self._database)

    @cached_property
    def blocks(self) -> MongoBlockStore:
        return MongoBlockStore(self._client, self._database, self._writers)

    @cached_property
    def conversations(self) -> MongoConversationStore:
        return MongoConversationStore(self._client, self._database, self._writers, self.outbox)

    @cached_property
    def outbox(self) -> MongoOutboxStore:
        return MongoOutboxStore(self._database, self._records)

    @cached_property
    def messages(self) -> MongoMessageStore:
        return MongoMessageStore(self._client, self._database, self._writers)

    @cached_property
    def dead_letter_marks(self) -> MongoDeadLetterMarks:
        return MongoDeadLetterMarks(self._database)

    @cached_property
    def attachments(self) -> MongoAttachmentStore:
        return MongoAttachmentStore(self._database)

    @cached_property
    def sync(self) -> MongoSyncStore:
        return MongoSyncStore(self._client, self._database)

    def create_indexes(self) -> None:
        """Creates the collections and indexes that are missing; repeating it changes nothing."""
        with database_call(_SET_UP_TIMEOUT_S):
            create_indexes(self._database)

    def mark_changed(self, conversation_ids: Sequence[str], now: datetime) -> None:
        """Lets sync take what stands in these conversations for changed now; for data that was not written in its time.

        Only for who fills or mends a database by hand: what it does is not atomic, and repeating it is harmless.
        """
        wanted = {"$in": list(conversation_ids)}
        with database_call(_SET_UP_TIMEOUT_S):
            for name in ("messages", "memberships"):
                self._database[name].update_many({"conversationId": wanted}, {"$set": {"changedAt": now}})
            for name in ("receipts", "conversations"):
                self._database[name].update_many({"_id": wanted}, {"$set": {"changedAt": now}})

    def ping(self) -> None:
        """Returns when the database answered; raises UnavailableError within 2 s when it did not."""
        with database_call(_PROBE_TIMEOUT_S):
            self._client.admin.command("ping")

    def note_login_refused(self) -> None:
        """See LoginUser."""
        if self._on_login_refused is not None:
            self._on_login_refused()

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()
