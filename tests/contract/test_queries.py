"""What the stores ask the database: by an index, in words that DocumentDB knows, in a fixed number of calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest
from pymongo import MongoClient, monitoring

from local.engines.database import FAST_SERVER
from parley.domain.models import (
    AcceptedChange,
    AcceptedReceipt,
    Attachment,
    Identity,
    ProfileChanges,
    Session,
    Upload,
    User,
)
from parley.ports import ConversationChange, ConversationReader, MessageSpan
from parley.security.sync_tokens import HmacSyncTokenCodec
from parley.services.syncing import Sync
from parley.stores.indexes import INDEXES
from parley.stores.mongo import MongoStores
from tests.contract.conftest import THREADS, JsonRecords, SystemClock
from tests.contract.samples import NOW, a_conversation, a_session, a_user, an_accepted_message, append_all
from tests.engines import RunningEngines

Command = dict[str, Any]

# Amazon DocumentDB 5.0, "Supported MongoDB APIs, operations, and data types": of all that it knows, what is used here.
OPERATORS = {
    *("$in", "$gt", "$gte", "$lt", "$lte", "$ne", "$all", "$or", "$elemMatch"),
    *("$set", "$setOnInsert", "$unset", "$max", "$inc", "$addToSet", "$pull"),
}
COMMANDS = {"find", "getMore", "insert", "update", "delete", "findAndModify", "commitTransaction", "abortTransaction"}
OPTIONS = {
    *("find", "filter", "projection", "sort", "limit", "batchSize", "singleBatch", "maxTimeMS"),
    *("insert", "documents", "ordered", "update", "updates", "delete", "deletes", "writeConcern", "readConcern"),
    *("findAndModify", "query", "new", "fields", "upsert", "txnNumber", "startTransaction", "autocommit"),
    *("lsid", "$db", "$clusterTime", "$readPreference"),
}


@dataclass
class Asked(monitoring.CommandListener):
    """The commands that a client sent."""

    commands: list[Command] = field(default_factory=list)

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name not in ("hello", "ping", "endSessions", "createIndexes", "create", "listCollections"):
            self.commands.append(dict(event.command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    listener = Asked()
    monkeypatch.setattr(monitoring, "_LISTENERS", monitoring._Listeners([listener], [], [], [], []))
    return listener


@pytest.fixture
def watched(engines: RunningEngines, asked: Asked) -> Iterator[MongoStores]:
    """Stores whose commands are seen."""
    stores = MongoStores(engines.fresh_mongo_uri(), records=JsonRecords(), max_pool_size=THREADS)
    stores.create_indexes()
    asked.commands.clear()
    yield stores
    stores.close()


def touch(reader: ConversationReader) -> ConversationChange:
    reader.find_memberships(["u_ada"])
    reader.find_heir()
    reader.read_member_ids()
    (bob,) = reader.find_memberships(["u_bob"]).values()
    before = reader.conversation
    after = replace(before, rev=before.rev + 1, members_rev=before.rev + 1, member_count=1)
    return ConversationChange(after, changed=(replace(bob, role="admin"),), removed=("u_bob",))


def use_conversations(stores: MongoStores) -> tuple[str, str]:
    """Every method of the stores of conversations and messages; a conversation and a message of it."""
    conversations, messages = stores.conversations, stores.messages
    group, members = a_conversation("u_ada", "u_bob")
    place = group.conversation_id
    conversations.create_conversation(group, members)
    first = append_all(messages, [an_accepted_message(place, content="an owl") for _ in range(3)], NOW)[0]
    edit = AcceptedChange("x_1", "edit", first.message_id, place, "u_ada", NOW, content="an egret")
    messages.apply_changes([edit], NOW)
    messages.find_messages([first.message_id])
    messages.list_sent("u_ada", place, after="a", limit=9)
    for before, after in ((None, None), (3, None), (None, 1)):
        messages.list_messages(place, before=before, after=after, limit=9)
    for places in ([place], [place, "c_other"]):
        for start in (None, (NOW, 2, "m_2")):
            messages.search_messages(places, ["egret", "an"], before=start, limit=9)
    conversations.set_muted("u_ada", place, muted=True, now=NOW)
    conversations.find_conversation(place)
    conversations.find_memberships("u_ada", [place])
    conversations.list_conversations("u_ada", before=None, limit=9)
    conversations.list_conversations("u_ada", before=(NOW, place), limit=9)
    conversations.list_members(place, after="u_a", limit=9)
    conversations.find_members({place: ["u_ada"]})
    conversations.move_pointers([AcceptedReceipt(place, "u_bob", "read", 2, NOW)], NOW)
    conversations.list_conversation_ids("u_ada")
    conversations.find_contacts("u_ada", ["u_bob"])
    conversations.read_memberships({place: ["u_ada"]})
    conversations.list_known_conversations("u_ada", after="a", limit=9)
    conversations.read_member_ids([place])
    conversations.change_conversation(place, touch, NOW)
    for row in stores.outbox.list_rows(NOW + timedelta(days=1), 9):
        stores.outbox.remove_row(row.row_id)
    return place, first.message_id


def use_accounts(stores: MongoStores) -> None:
    """Every method of the stores of accounts."""
    user: User = a_user()
    session: Session = a_session(expires_at=NOW)
    name = user.user_id
    stores.users.insert_user(user, "hash")
    stores.users.find_users([name])
    stores.users.record_last_seen(name, NOW)
    stores.users.find_last_seen([name])
    stores.users.find_credentials(user.username)
    stores.users.find_credentials(user.email)
    stores.users.find_user_credentials(name)
    stores.users.replace_password(name, old_hash="hash", new_hash="other")
    stores.users.update_user(name, ProfileChanges(display_name="Ada"))
    stores.users.search_users("ad", after="a", limit=9)
    stores.users.begin_erasure(name, NOW)
    stores.users.list_erasures(NOW + timedelta(1), 9)
    stores.users.finish_erasure(name)
    stores.sessions.insert_session(session)
    stores.sessions.find_session(session.session_id)
    stores.sessions.list_sessions("u_ada", before=None, limit=9)
    stores.sessions.list_sessions("u_ada", before=(NOW, "s_1"), limit=9)
    stores.sessions.rotate_session(session, expected_hash="x")
    stores.sessions.end_session(session.session_id)
    stores.sessions.end_sessions("u_ada", keep="s_1")
    stores.blocks.block_user("u_ada", "u_bob", NOW)
    stores.blocks.find_blockers("u_ada", "u_bob")
    stores.blocks.list_blocks("u_ada", after="u_a", limit=9)
    stores.blocks.unblock_user("u_ada", "u_bob", NOW)
    stores.blocks.forget_blocks("u_ada")


def use_the_rest(stores: MongoStores, place: str, message_id: str) -> None:
    """Every method of the stores of attachments and of sync."""
    stores.attachments.insert_upload(Upload(Attachment("f_1", "a", "text/plain", 1), "u_ada", NOW, NOW))
    stores.attachments.find_uploads(["f_1"], NOW)
    stores.attachments.claim_uploads({"f_1": message_id}, NOW)
    stores.attachments.claim_uploads({"f_1": "m_other"}, NOW)
    stores.attachments.find_claimed([message_id])
    stores.attachments.lapse_uploads(["f_1"], NOW)
    stores.attachments.list_lapsed(NOW, 9)
    stores.attachments.withdraw_uploads(["f_1"], NOW, NOW)
    stores.attachments.settle_uploads(["f_1"])
    stores.attachments.forget_uploads(["f_1"])
    with stores.sync.read() as reader:
        reader.list_places("u_ada")
        reader.list_left("u_bob", NOW)
        reader.list_stamps([place], NOW)
        reader.find_conversations([place])
        reader.list_changed_messages([MessageSpan(place, NOW, 0), MessageSpan(place, NOW, 0, (NOW, 1))], 9)
        reader.list_tails({place: 1}, 9)
        reader.list_changed_members([place, "c_other"], NOW, [place])


def operators_of(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name.startswith("$") and name not in OPTIONS:
                yield name
            yield from operators_of(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from operators_of(inner)


def reads_of(command: Command) -> Iterator[Command]:
    """The finds, and what writes look for, each as a find that can be explained."""
    if "find" in command:
        yield {key: command[key] for key in ("find", "filter", "sort", "limit") if key in command}
    elif "findAndModify" in command:
        yield {"find": command["findAndModify"], "filter": command["query"]}
    else:
        for kind, several in (("update", "updates"), ("delete", "deletes")):
            yield from ({"find": command[kind], "filter": one["q"]} for one in command.get(several, ()))


def name_index(read: Command) -> str | None:
    """An index whose first field the filter bounds, the one that has most of the filter's fields."""
    wanted = set(read["filter"])
    known = {str(one.document["name"]): list(one.document["key"]) for one in INDEXES.get(read["find"], ())}
    fitting = {name: len(wanted & set(fields)) for name, fields in known.items() if fields[0] in wanted}
    return max(fitting, key=lambda name: fitting[name]) if fitting else None


@pytest.mark.engines
def test_everything_the_stores_ask_is_by_an_index_and_known_to_documentdb(watched: MongoStores, asked: Asked) -> None:
    use_the_rest(watched, *use_conversations(watched))
    use_accounts(watched)
    commands = list(asked.commands)
    collections = {name for command in commands for name in (command.get("find"),) if name}
    assert collections >= {"users", "sessions", "blocks", "conversations", "memberships", "messages", "attachments"}
    client: MongoClient[Command] = watched._client
    database = client.get_default_database()
    for command in commands:
        assert set(command) <= OPTIONS | COMMANDS, command
        assert set(operators_of(command)) <= OPERATORS, command
        for read in reads_of(command):
            if "_id" in read["filter"]:
                continue  # every server has that index, and not every server's explain says so
            # SecantusDB's Python server takes an index by itself only where it has every field that is asked for.
            name = name_index(read)
            assert name, read
            read["hint"] = name
            plan = str(database.command("explain", read, verbosity="queryPlanner")["queryPlanner"]["winningPlan"])
            assert "IXSCAN" in plan, (read, plan)
            assert "COLLSCAN" not in plan, (read, plan)


# What no index gives in order, and is little: a person's sessions and conversations, heirs, a week of matches.
SORTED_IN_MEMORY = {
    ("sessions", "createdAt"),
    ("conversations", "updatedAt"),
    ("memberships", "joinedAt"),
    ("messages", "createdAt"),
}


@pytest.mark.engines
def test_the_database_finds_the_indexes_by_itself(engines: RunningEngines, watched: MongoStores, asked: Asked) -> None:
    if psutil.Process(engines.pids["mongo"]).name() != FAST_SERVER:
        pytest.skip("the Python server takes an index by itself only where it has every field that is asked for")
    use_the_rest(watched, *use_conversations(watched))
    use_accounts(watched)
    client: MongoClient[Command] = watched._client
    for read in [read for command in list(asked.commands) for read in reads_of(command)]:
        plan = str(
            client.get_default_database().command("explain", read, verbosity="queryPlanner")["queryPlanner"][
                "winningPlan"
            ]
        )
        assert "IXSCAN" in plan, (read, plan)
        assert "COLLSCAN" not in plan, (read, plan)
        if "'SORT'" in plan:
            several = read["find"] != "messages" or isinstance(read["filter"]["conversationId"], Mapping)
            assert (read["find"], next(iter(read["sort"]))) in SORTED_IN_MEMORY, (read, plan)
            assert several, (read, plan)


def test_no_index_has_an_option_that_documentdb_lacks() -> None:
    for name, indexes in INDEXES.items():
        for index in indexes:
            about = dict(index.document)
            assert set(about) <= {"name", "key", "unique", "expireAfterSeconds"}, name
            assert all(direction in (1, -1) for direction in about["key"].values()), name
            assert "expireAfterSeconds" not in about or len(about["key"]) == 1, name


@pytest.mark.engines
@pytest.mark.parametrize("count", [1, 30])
def test_each_of_these_is_a_fixed_number_of_commands(watched: MongoStores, asked: Asked, count: int) -> None:
    places = []
    for _ in range(count):
        group, members = a_conversation("u_ada", "u_bob")
        watched.conversations.create_conversation(group, members)
        places.append(group.conversation_id)
    append_all(watched.messages, [an_accepted_message(place) for place in places for _ in range(2)], NOW)

    def commands_of(call: Callable[[], object]) -> int:
        asked.commands.clear()
        call()
        return len(asked.commands)

    drafts: Sequence[Any] = [an_accepted_message(place) for place in places]
    sidebar = commands_of(lambda: watched.conversations.list_conversations("u_ada", before=None, limit=100))
    newest = commands_of(lambda: watched.messages.list_messages(places[0], limit=100))
    older = commands_of(lambda: watched.messages.list_messages(places[0], before=2, limit=100))
    checks = commands_of(lambda: watched.conversations.find_memberships("u_ada", places))
    stored = commands_of(lambda: watched.messages.append_messages(drafts, NOW))
    assert (sidebar, newest, older, checks) == (2, 2, 1, 1)
    # Stored messages, heads, three writes and the commit; the session is noted by the first transaction.
    assert stored <= 7


@pytest.mark.engines
@pytest.mark.parametrize("page", [{}, {"before": 3}, {"before": 900}, {"after": 1}], ids=str)
def test_a_page_of_history_asks_for_no_more_than_it_shows(
    watched: MongoStores, asked: Asked, page: dict[str, int]
) -> None:
    group, members = a_conversation("u_ada", "u_bob")
    watched.conversations.create_conversation(group, members)
    append_all(watched.messages, [an_accepted_message(group.conversation_id) for _ in range(6)], NOW)
    asked.commands.clear()
    watched.messages.list_messages(group.conversation_id, limit=2, **page)
    spans = [command["filter"]["seq"] for command in asked.commands if command.get("find") == "messages"]
    assert spans
    assert all(span["$lte"] - span["$gte"] == 1 for span in spans), "a server may read all that a filter fits"


def sync_of(stores: MongoStores, user_id: str) -> tuple[Sync, Identity]:
    tokens = HmacSyncTokenCodec("k" * 32)
    return Sync(store=stores.sync, users=stores.users, tokens=tokens, clock=SystemClock()), Identity(user_id, "s_1")


@pytest.mark.engines
@pytest.mark.parametrize("count", [1, 60])
def test_a_page_of_sync_takes_a_query_for_each_conversation_that_it_brings_and_some_more(
    watched: MongoStores, asked: Asked, count: int
) -> None:
    places = []
    for _ in range(count):
        group, members = a_conversation("u_ada", "u_bob")
        watched.conversations.create_conversation(group, members)
        places.append(group.conversation_id)
    (sync, ada), token, complete = sync_of(watched, "u_ada"), None, False
    while not complete:
        page, token = sync.sync(ada, token)
        complete = page.complete

    def commands_of(changed: Sequence[str]) -> tuple[int, int]:
        """How many conversations a page brings after this many changed, and by how many commands."""
        now = datetime.now(UTC)
        append_all(watched.messages, [an_accepted_message(place) for place in changed for _ in range(3)], now)
        nonlocal token
        asked.commands.clear()
        page, token = sync.sync(ada, token)
        return len(page.changes), len(asked.commands)

    # Places, left, conversations and receipts, the conversations brought, members and who left, profiles, the end.
    assert commands_of([]) == (0, 6)
    assert commands_of(places[:1]) == (1, 10)
    if count > 25:
        assert commands_of(places[:40]) == (25, 34)
