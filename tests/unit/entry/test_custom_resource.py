"""Set-up at deploy."""

from __future__ import annotations

from parley.entry.custom_resource import DEMO_PASSWORD, DEMO_USERS, set_up_handler
from tests.unit.entry.stack import Context, Stack, load_event


def test_a_local_stack_gets_indexes_and_demo_users_once(stack: Stack) -> None:
    handler = set_up_handler(stack)
    first = handler(load_event("set_up"), Context())
    again = handler({**load_event("set_up"), "RequestType": "Update"}, Context())
    assert first == again
    assert stack.indexes_made == 2
    assert first["Data"] == {
        "REST": "/api",
        "API documents": "/api/docs",
        "Demo login": f"alice, bob or carol / {DEMO_PASSWORD}",
    }
    for username in DEMO_USERS:
        assert stack.accounts.login(login=username, password=DEMO_PASSWORD).user.username == username


def test_another_stage_gets_indexes_and_no_users(stack: Stack) -> None:
    stack.is_local = False
    answer = set_up_handler(stack)(load_event("set_up"), Context())
    assert answer == {"PhysicalResourceId": "parley-set-up", "Data": {}}
    assert stack.indexes_made == 1
    assert stack.user_store.find_credentials("alice") is None


def test_deleting_deletes_nothing(stack: Stack) -> None:
    answer = set_up_handler(stack)({**load_event("set_up"), "RequestType": "Delete"}, Context())
    assert answer["Data"] == {}
    assert stack.indexes_made == 0


def test_topics_are_made_where_the_deploy_names_them(stack: Stack) -> None:
    stack.is_local = False
    properties = {
        "Topics": [{"Name": "chat.send", "Partitions": "12", "RetentionHours": "168"}],
        "ReplicationFactor": "3",
    }
    answer = set_up_handler(stack)({**load_event("set_up"), "ResourceProperties": properties}, Context())
    assert stack.topics_asked == [(["chat.send"], 3)]
    assert answer["Data"] == {"Topics created": "chat.send"}


def test_a_stack_that_has_its_topics_makes_none(stack: Stack) -> None:
    set_up_handler(stack)(load_event("set_up"), Context())
    assert stack.topics_asked == []
