"""What an authorizer's policy allows."""

from __future__ import annotations

import json

import pytest

from local.gateway.authorizer import AuthorizerAnswerError, decide, has_identity, is_unauthorized
from tests.unit.local_gateway.request_maker import request

ARN = "arn:aws:execute-api:us-east-1:000000000000:twinws0000/ws/$connect"
API = "arn:aws:execute-api:us-east-1:000000000000:twinws0000"


def answer(*statements: dict[str, object], principal: object = "u", context: object = None) -> bytes:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    return json.dumps({"principalId": principal, "policyDocument": policy, "context": context}).encode()


def statement(
    effect: str, resource: object, action: object = "execute-api:Invoke", **more: object
) -> dict[str, object]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([statement("Allow", ARN)], True),
        ([statement("Allow", [f"{API}/other/*", ARN])], True),
        ([statement("Allow", "*")], True),
        ([statement("Allow", f"{API}/*")], True),
        ([statement("Allow", f"{API}/w?/$connect")], True),
        ([statement("Allow", ARN, "execute-api:*")], True),
        ([statement("Allow", ARN, "Execute-API:invoke")], True),
        ([statement("Allow", ARN, ["a:b", "*"])], True),
        ([statement("Allow", ARN, Sid="one")], True),
        ([statement("Allow", ARN, "execute-api:ManageConnections")], False),
        ([statement("Allow", f"{API}/w/$connect")], False),
        ([statement("Allow", ARN.upper())], False),
        ([statement("Allow", ARN + "x")], False),
        ([statement("Deny", ARN)], False),
        ([statement("Allow", "*"), statement("Deny", ARN)], False),
        ([statement("Deny", f"{API}/*"), statement("Allow", "*")], False),
        ([statement("Deny", f"{API}/other"), statement("Allow", "*")], True),
        ([], False),
    ],
)
def test_an_explicit_deny_wins_and_nothing_said_is_no(statements: list[dict[str, object]], allowed: bool) -> None:
    assert decide(answer(*statements), ARN).allowed is allowed


def test_a_single_statement_needs_no_list() -> None:
    policy = {"principalId": "u", "policyDocument": {"Statement": statement("Allow", ARN)}}
    assert decide(json.dumps(policy).encode(), ARN).allowed


def test_the_context_is_flat_text() -> None:
    context = {"user": "u_1", "level": 3, "share": 0.5, "vip": True, "old": False}
    assert decide(answer(statement("Allow", "*"), context=context), ARN).context == {
        "principalId": "u",
        "user": "u_1",
        "level": "3",
        "share": "0.5",
        "vip": "true",
        "old": "false",
    }


@pytest.mark.parametrize(
    "payload",
    [
        b"not json",
        b"null",
        b'"Allow"',
        b"{}",
        answer(statement("Allow", "*"), principal=None),
        answer(statement("Allow", "*"), principal=""),
        answer(statement("allow", "*")),
        answer(statement("Allow", None)),
        answer(statement("Allow", [])),
        answer(statement("Allow", "*", {"a": 1})),
        answer(statement("Allow", "*", Condition={"IpAddress": {}})),
        answer({"Effect": "Allow", "NotAction": "a:b", "Resource": "*", "Action": "*"}),
        answer(statement("Allow", "*"), context={"roles": ["a"]}),
        answer(statement("Allow", "*"), context={"nothing": None}),
        answer(statement("Allow", "*"), context=["a"]),
        json.dumps({"principalId": "u", "policyDocument": {"Statement": "x"}}).encode(),
    ],
)
def test_what_is_no_policy_is_refused(payload: bytes) -> None:
    with pytest.raises(AuthorizerAnswerError):
        decide(payload, ARN)


def test_only_the_exact_word_stands_for_unauthorized() -> None:
    assert is_unauthorized(b'{"errorMessage": "Unauthorized", "errorType": "Exception"}')
    for payload in (b'{"errorMessage": "unauthorized"}', b'{"errorMessage": "Unauthorized."}', b"[]", b"no json"):
        assert not is_unauthorized(payload)


def test_identity_must_be_in_every_source() -> None:
    asked = request(target="/ws?ticket=t&empty=", headers=(("Authorization", "Bearer x"),))
    header, query = "route.request.header.authorization", "route.request.querystring.ticket"
    assert has_identity(asked, ())
    assert has_identity(asked, (header.replace("auth", "Auth"), query))
    assert not has_identity(asked, (header, "route.request.querystring.empty"))
    assert not has_identity(asked, ("route.request.querystring.Ticket",))
    with pytest.raises(ValueError, match="identity source"):
        has_identity(asked, ("context.identity.sourceIp",))
