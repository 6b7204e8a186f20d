"""The OpenAPI document and the page that shows it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from parley.domain import errors
from parley.entry.rest.problems import ERRORS
from parley.protocol.asyncapi import make_asyncapi
from tests.unit.entry.stack import Stack
from tools import documents


@pytest.fixture
def document(stack: Stack) -> dict[str, Any]:
    answer = stack.request("GET", "/api/openapi.json")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json
    return found


def test_the_document_is_valid_and_has_the_routes_of_both_functions(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()
    operations = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert operations == {
        "POST /api/auth/register",
        "POST /api/auth/login",
        "POST /api/auth/refresh",
        "POST /api/auth/logout",
        "POST /api/auth/logout-all",
        "GET /api/auth/sessions",
        "DELETE /api/auth/sessions/{sessionId}",
        "PUT /api/auth/password",
        "POST /api/auth/ws-ticket",
        "GET /api/users/me",
        "PATCH /api/users/me",
        "DELETE /api/users/me",
        "GET /api/users",
        "GET /api/users/blocks",
        "GET /api/users/{userId}",
        "PUT /api/users/{userId}/block",
        "DELETE /api/users/{userId}/block",
        "GET /api/conversations",
        "POST /api/conversations",
        "GET /api/conversations/{conversationId}",
        "PATCH /api/conversations/{conversationId}",
        "GET /api/conversations/{conversationId}/members",
        "POST /api/groups",
        "PATCH /api/groups/{conversationId}/rename",
        "PATCH /api/groups/{conversationId}/photo",
        "PATCH /api/groups/{conversationId}/members",
        "PATCH /api/groups/{conversationId}/members/{userId}",
        "POST /api/groups/{conversationId}/leave",
        "DELETE /api/groups/{conversationId}",
        "POST /api/chats/messages/send",
        "GET /api/chats/messages",
        "GET /api/chats/recent",
        "POST /api/chats/groups/create",
        "PATCH /api/chats/groups/{conversationId}/rename",
        "PATCH /api/chats/groups/{conversationId}/photo",
        "PATCH /api/chats/groups/{conversationId}/members",
        "POST /api/chat/send",
        "POST /api/attachments",
        "GET /api/messages/search",
        "GET /api/messages/conversation/{conversationId}",
        "GET /api/chat/history/{conversationId}",
        "GET /api/messages/{messageId}",
        "GET /api/messages/{messageId}/trace",
        "PUT /api/messages/status",
        "GET /api/sync",
        "GET /api/users/presence",
        "PUT /api/chat/{messageId}",
        "DELETE /api/chat/{messageId}",
        "PUT /api/chat/{messageId}/reactions/{emoji}",
        "DELETE /api/chat/{messageId}/reactions/{emoji}",
        "PATCH /api/chats/messages/{messageId}",
        "DELETE /api/chats/messages/{messageId}",
        "GET /api/health",
        "GET /api/openapi.json",
        "GET /api/asyncapi.json",
        "GET /api/docs",
        "GET /api/docs/websocket",
    }


def test_each_operation_tells_its_refusals_and_whether_it_needs_a_token(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for about in methods.values():
            is_open = path in {
                "/api/auth/register",
                "/api/auth/login",
                "/api/auth/refresh",
                "/api/health",
                "/api/openapi.json",
                "/api/asyncapi.json",
                "/api/docs",
                "/api/docs/websocket",
            }
            assert about.get("security", []) == ([] if is_open else [{"accessToken": []}])
            assert is_open or "`unauthorized`" in about["responses"]["401"]["description"]
            problem = about["responses"]["422"]["content"]["application/problem+json"]["schema"]
            assert problem == {"$ref": "#/components/schemas/Problem"}
            assert about["description"]


def test_path_and_query_parameters_are_told(document: dict[str, Any]) -> None:
    history = document["paths"]["/api/chat/history/{conversationId}"]["get"]
    names = {(one["in"], one["name"]) for one in history["parameters"]}
    assert names == {
        ("path", "conversationId"),
        ("query", "limit"),
        ("query", "cursor"),
        ("query", "before"),
        ("query", "after"),
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "model"),
    [
        ("post", "/api/auth/register", "201", "SignInAnswer"),
        ("post", "/api/conversations", "201", "ConversationObject"),
        ("post", "/api/conversations", "200", "ConversationObject"),
        ("get", "/api/conversations", "200", "Page_ConversationObject_"),
        ("post", "/api/chat/send", "202", "SendAnswer"),
        ("get", "/api/health", "503", "HealthAnswer"),
    ],
)
def test_answers_are_told_by_their_model(
    document: dict[str, Any], method: str, path: str, status: str, model: str
) -> None:
    answer = document["paths"][path][method]["responses"][status]
    assert answer["content"]["application/json"]["schema"] == {"$ref": f"#/components/schemas/{model}"}
    assert model in document["components"]["schemas"]


def test_names_are_camel_case_and_limits_are_told(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["SendBody"]["properties"]["content"]["maxLength"] == 8_000
    assert schemas["SendBody"]["required"] == ["conversationId", "clientMessageId", "content"]
    assert schemas["SendBody"]["additionalProperties"] is False
    for schema in schemas.values():
        assert not any("_" in name for name in schema.get("properties", {}))


def test_every_error_of_the_domain_is_listed_with_its_status() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ParleyError)]
    assert len(kinds) > 5
    for kind in kinds:
        assert ERRORS[kind.code][0] == kind.status


def test_the_asyncapi_document_is_served_with_the_address_of_the_sockets(stack: Stack) -> None:
    answer = stack.request("GET", "/api/asyncapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == make_asyncapi([stack.ws_url])


def test_both_documents_are_written_to_files(document: dict[str, Any], tmp_path: Path) -> None:
    assert documents.main([str(tmp_path / "made")]) == 0
    written = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "made").iterdir()}
    assert written == {"openapi.json": document, "asyncapi.json": make_asyncapi(["ws://localhost:8000/ws"])}
    assert documents.main([]) == 2


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/websocket"])
def test_the_pages_need_nothing_from_elsewhere_and_their_policy_lets_them_run(stack: Stack, path: str) -> None:
    answer = stack.request("GET", path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.findall(r"https?://", answer.text)
    policy = answer.headers["content-security-policy"]
    for tag in ("script", "style"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy


def test_every_body_answer_and_error_has_an_example_that_it_allows(document: dict[str, Any]) -> None:
    seen = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            bodies = [operation["requestBody"]] if "requestBody" in operation else []
            for part in (*bodies, *operation["responses"].values()):
                for media_type, content in part.get("content", {}).items():
                    if not content.get("schema"):
                        continue
                    examples = [one["value"] for one in content.get("examples", {}).values()]
                    examples += [content["example"]] if "example" in content else []
                    assert examples, (method, path, media_type)
                    checked = {**content["schema"], "components": document["components"]}
                    for example in examples:
                        jsonschema_rs.validate(checked, example)
                        seen += 1
    assert seen > 300


def test_every_operation_says_its_errors(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            statuses = set(operation["responses"])
            assert {"413", "415", "422", "503"} <= statuses, (method, path)
            assert ("401" in statuses) or not operation.get("security"), (method, path)
            assert ("404" in statuses) or "{" not in path, (method, path)
            assert ("429" in statuses) or method == "get", (method, path)
