"""Requests that schemathesis makes of the OpenAPI document, and answers held to it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from tests.unit.entry.stack import Answer, Stack, own_loop
from tests.unit.services.world import draft

BASE_URL = "http://parley.test"
PARTS = ("method", "url", "headers", "params", "json", "data", "files", "cookies")

with own_loop():
    schema = schemathesis.openapi.from_dict(Stack().request("GET", "/api/openapi.json").json)
# The document's own tests hold it to its limits; what lies around them is in test_every_route.
schema.config.phases.coverage.enabled = False
HELD: Any = CHECKS.get_by_names(
    ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
)


@schema.parametrize()
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_answers_are_as_the_document_says(case: schemathesis.Case[Any]) -> None:
    """Every request begins in the same world: who asks is signed in, and has a message to ask for."""
    stack = Stack()
    ann = stack.add_user("ann")
    stack.store(ann, draft(stack.make_group(ann, stack.add_user("ben")).conversation.conversation_id))
    made = case.as_transport_kwargs(base_url=BASE_URL)
    sent = requests.Request(**{name: made[name] for name in PARTS if name in made}).prepare()
    place = urlsplit(str(sent.url))
    body: Any = sent.body.encode() if isinstance(sent.body, str) else sent.body
    answer = stack.request(
        str(sent.method),
        place.path,
        caller=ann,
        query=place.query,
        headers={name.lower(): str(value) for name, value in sent.headers.items() if name.lower() != "authorization"},
        raw=body or None,
    )
    case.validate_response(as_response(answer, sent), checks=HELD)


def as_response(answer: Answer, sent: requests.PreparedRequest) -> schemathesis.Response:
    """A handler's answer as a client of HTTP has it."""
    headers = {name: [value] for name, value in answer.headers.items()}
    return schemathesis.Response(answer.status, headers, answer.text.encode(), sent, elapsed=0.0, verify=False)
