"""Who may open a socket."""

from __future__ import annotations

from typing import Any

import pytest

from parley.domain.models import Identity
from parley.entry.authorizer import authorizer_handler
from tests.unit.entry.stack import Context, Stack, load_event


def event_of(ticket: str | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    event = load_event("authorizer")
    event["headers"] |= headers or {}
    if ticket is None:
        del event["queryStringParameters"]
    else:
        event["queryStringParameters"] = {"ticket": ticket}
    return event


def test_a_ticket_opens_once_and_its_context_names_the_user(stack: Stack, ann: Identity) -> None:
    handler = authorizer_handler(stack)
    ticket = stack.accounts.issue_ws_ticket(ann)
    event = event_of(ticket)
    answer = handler(event, Context())
    assert answer["context"] == {"userId": ann.user_id, "sessionId": ann.session_id}
    assert answer["policyDocument"]["Statement"] == [
        {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    ]
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        handler(event, Context())


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_a_bearer_token_opens_whatever_the_headers_case(stack: Stack, ann: Identity, name: str) -> None:
    answer = authorizer_handler(stack)(event_of(headers={name: f"Bearer {stack.token_of(ann)}"}), Context())
    assert answer["principalId"] == ann.user_id


@pytest.mark.parametrize(
    ("ticket", "headers"),
    [
        (None, {}),
        ("", {}),
        ("forged", {}),
        ("\ud800", {}),
        ("a" * 10_000, {}),
        (None, {"Authorization": "Bearer"}),
        (None, {"Authorization": "Bearer forged"}),
        (None, {"Authorization": "Basic YTpi"}),
        (None, {"Authorization": ""}),
    ],
)
def test_everybody_else_is_unauthorized(stack: Stack, ticket: str | None, headers: dict[str, str]) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer_handler(stack)(event_of(ticket, headers), Context())


def test_a_bad_ticket_is_not_saved_by_a_good_token(stack: Stack, ann: Identity) -> None:
    headers = {"Authorization": f"Bearer {stack.token_of(ann)}"}
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer_handler(stack)(event_of("forged", headers), Context())


def test_an_ended_session_and_an_expired_ticket_are_unauthorized(stack: Stack, ann: Identity, ben: Identity) -> None:
    ended, expired = stack.accounts.issue_ws_ticket(ann), stack.accounts.issue_ws_ticket(ben)
    stack.session_store.end_session(ann.session_id)
    stack.clock.advance(31)
    for ticket in (ended, expired):
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer_handler(stack)(event_of(ticket), Context())


def test_an_outage_is_another_error_and_not_an_unexpected_one(
    stack: Stack, ann: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = stack.accounts.issue_ws_ticket(ann)
    stack.ticket_store.reachable = False
    with pytest.raises(RuntimeError, match=r"^Unavailable$"):
        authorizer_handler(stack)(event_of(ticket), Context())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
