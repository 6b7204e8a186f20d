"""The real message store after a process died in the middle of its transaction."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from parley.ports import Appended
from parley.stores.mongo import MongoStores
from tests.contract.samples import NOW, a_conversation, an_accepted_message
from tests.engines import RunningEngines

pytestmark = pytest.mark.engines

AT_ONCE_S = 5.0  # far from the minute that a server lets an abandoned transaction live
DIE_BEFORE_THE_COMMIT = """
import os, signal, sys
from parley.stores.messages import MongoMessageStore
from parley.stores.mongo import MongoStores
from tests.contract.samples import NOW, an_accepted_message

append = MongoMessageStore._append

def append_and_die(self, *arguments):
    append(self, *arguments)
    os.kill(os.getpid(), signal.SIGKILL)

MongoMessageStore._append = append_and_die
MongoStores(sys.argv[1]).messages.append_messages([an_accepted_message(sys.argv[2], sender_id="u_ada")], NOW)
"""


def test_a_writer_killed_before_its_commit_holds_up_nobody(engines: RunningEngines) -> None:
    uri = engines.fresh_mongo_uri()
    stores = MongoStores(uri)
    stores.create_indexes()
    conversation, members = a_conversation("u_ada", "u_bob")
    stores.conversations.create_conversation(conversation, members)
    died = subprocess.run(
        [sys.executable, "-c", DIE_BEFORE_THE_COMMIT, uri, conversation.conversation_id],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        check=False,
        timeout=30,
    )
    assert died.returncode == -9

    started = time.monotonic()
    (outcome,) = stores.messages.append_messages(
        [an_accepted_message(conversation.conversation_id, sender_id="u_bob")], NOW
    )
    assert isinstance(outcome, Appended), outcome
    assert outcome.message.seq == 1
    assert time.monotonic() - started < AT_ONCE_S
    stores.close()
