"""Requests that schemathesis makes of the OpenAPI document, and answers held to it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from parley.entry.rest.apps import create_auth_app, create_chat_app
from tests.unit.entry.stack import Stack
from tests.unit.services.world import draft

AUTH_PATHS = ("/api/auth/", "/api/users")


class _Now:
    """The services of the world that the request at hand is in."""

    stack: Stack

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stack, name)


class WholeApi:
    """Both applications under one roof, as the HTTP API has them; who asks is signed in, and has a message to ask for.

    Every request begins in the same world, so that none depends on what another did.
    """

    def __init__(self) -> None:
        self._now = _Now()
        services: Any = self._now
        self._auth, self._chat = create_auth_app(services), create_chat_app(services)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        stack = self._now.stack = Stack()
        ann = stack.add_user("ann")
        place = stack.make_group(ann, stack.add_user("ben")).conversation.conversation_id
        stack.store(ann, draft(place))
        signed = (b"authorization", f"Bearer {stack.token_of(ann)}".encode())
        others = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
        app = self._auth if scope["path"].startswith(AUTH_PATHS) else self._chat
        await app({**scope, "headers": [*others, signed]}, receive, send)


schema = schemathesis.openapi.from_asgi("/api/openapi.json", WholeApi())
# The document's own tests hold it to its limits; what lies around them is in test_every_route.
schema.config.phases.coverage.enabled = False
HELD: Any = CHECKS.get_by_names(
    ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
)


@schema.parametrize()
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_answers_are_as_the_document_says(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(checks=HELD)
