"""Errors as problem documents, error events and field problems."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from parley.domain import errors
from parley.domain.errors import FieldProblem, InvalidRequestError, ParleyError
from parley.protocol.bodies import CreateConversationBody, LoginBody, PageQuery, RegisterBody
from parley.protocol.errors import InternalError, SocketCode, field_problems, make_error_data, make_problem
from parley.protocol.frames import Frame, SendBatch
from parley.protocol.messages import SendBody

CANARY = "canary-7f3a"
HOSTILE: list[Any] = [
    CANARY,
    {CANARY: CANARY},
    [CANARY],
    {"kind": CANARY, "action": [CANARY], "requestId": CANARY * 20, "data": CANARY},
    {"username": [CANARY], "email": {CANARY: 1}, "password": 1.5, "displayName": False},
    {"conversationId": [CANARY], "clientMessageId": 1, "content": {CANARY: 2}, "type": CANARY, "mentions": CANARY},
    {"messages": [{"content": CANARY, "type": CANARY}] * 30},
    {"limit": CANARY, "cursor": [CANARY]},
]


@pytest.mark.parametrize(
    "kind", [RegisterBody, LoginBody, PageQuery, Frame, SendBatch, SendBody, CreateConversationBody]
)
@pytest.mark.parametrize("value", HOSTILE)
def test_validation_errors_never_echo_values(kind: type[BaseModel], value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    problems = field_problems(caught.value.errors())
    assert 1 <= len(problems) <= 20
    for problem in problems:
        assert CANARY not in problem.message + problem.field


def test_a_plain_unknown_name_is_told_and_another_is_not() -> None:
    with pytest.raises(ValidationError) as caught:
        LoginBody.model_validate({"login": "a", "password": "b", "extraField": 1, "$where": 1, "a b": 1})
    assert [problem.field for problem in field_problems(caught.value.errors())] == ["extraField", "?", "?"]


def test_places_are_paths() -> None:
    with pytest.raises(ValidationError) as caught:
        SendBatch.model_validate({"messages": [{"conversationId": "c", "clientMessageId": "x", "content": 1}]})
    assert field_problems(caught.value.errors()) == [FieldProblem("messages.0.content", "It must be a text.")]


def test_problem_documents() -> None:
    error = InvalidRequestError("It is not valid.", [FieldProblem("content", "It is empty.")])
    assert make_problem(error, "r-1").model_dump(mode="json") == {
        "type": "urn:parley:error:invalid_request",
        "title": "Invalid request",
        "status": 422,
        "detail": "It is not valid.",
        "code": "invalid_request",
        "requestId": "r-1",
        "errors": [{"field": "content", "message": "It is empty."}],
    }
    assert "errors" not in make_problem(errors.ConflictError("Taken."), "r-1").model_dump(mode="json")


def test_every_error_of_the_domain_has_a_socket_code() -> None:
    known = set(SocketCode.__args__)  # type: ignore[attr-defined]  # a Literal has its values there
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ParleyError)]
    for kind in kinds:
        data = make_error_data(kind("It went wrong."))
        assert data.code in known
        assert (data.retry_after is not None) == data.retryable == kind.retryable


def test_an_internal_error_tells_nothing() -> None:
    data = make_error_data(InternalError())
    assert (data.code, data.retryable) == ("internal", False)
