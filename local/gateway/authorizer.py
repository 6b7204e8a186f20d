"""Lambda authorizers of the REQUEST type: where the identity must be, and what their answer allows.

Sources: "Output from an API Gateway Lambda authorizer" and "Control access to WebSocket APIs with AWS Lambda REQUEST
authorizers" in AWS's developer guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson

from local.gateway.http_message import HttpRequest

ACTION = "execute-api:Invoke"

_HEADER, _QUERY = "route.request.header.", "route.request.querystring."


class AuthorizerAnswerError(ValueError):
    """The authorizer's answer is no policy that can be judged."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a policy says of one method; `context` is what every later event carries."""

    allowed: bool
    context: Mapping[str, object]


def has_identity(request: HttpRequest, sources: Iterable[str]) -> bool:
    """Whether all identity sources (`route.request.header.NAME`, `route.request.querystring.NAME`) have a value."""
    query = dict(parse_qsl(request.query))
    for source in sources:
        if source.startswith(_HEADER):
            value = request.header(source.removeprefix(_HEADER).lower())
        elif source.startswith(_QUERY):
            value = query.get(source.removeprefix(_QUERY), "")
        else:
            raise ValueError(f"{source!r} is no identity source that the twin knows")
        if not value:
            return False
    return True


def is_unauthorized(payload: bytes) -> bool:
    """Whether a failed authorizer raised exactly "Unauthorized", which stands for a 401."""
    try:
        error = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return False
    return isinstance(error, dict) and error.get("errorMessage") == "Unauthorized"


def decide(payload: bytes, method_arn: str) -> Decision:
    """Judges an authorizer's answer for one method.

    An explicit Deny goes before every Allow, and what nothing allows is denied. Conditions and the Not… elements cannot
    be judged here, so a policy with them is refused rather than misjudged.

    Raises:
        AuthorizerAnswerError: the answer has no principal, or is no policy.
    """
    answer = _object(_parse(payload), "the answer")
    principal = answer.get("principalId")
    if not isinstance(principal, str) or not principal:
        raise AuthorizerAnswerError("principalId must be a text")
    policy = _object(answer.get("policyDocument"), "policyDocument")
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        raise AuthorizerAnswerError("policyDocument.Statement must be a list")
    effects = {effect for effect, applies in (_judge(statement, method_arn) for statement in statements) if applies}
    context = _flat(answer.get("context"))
    return Decision("Allow" in effects and "Deny" not in effects, {"principalId": principal, **context})


def _judge(raw: object, method_arn: str) -> tuple[str, bool]:
    statement = _object(raw, "a statement")
    unknown = set(statement) - {"Sid", "Action", "Effect", "Resource"}
    if unknown:
        raise AuthorizerAnswerError(f"a statement has {', '.join(sorted(unknown))}, which the twin cannot judge")
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise AuthorizerAnswerError(f"Effect must be Allow or Deny, not {effect!r}")
    actions, resources = _texts(statement.get("Action"), "Action"), _texts(statement.get("Resource"), "Resource")
    applies = any(_pattern(action, ignore_case=True).fullmatch(ACTION) for action in actions) and any(
        _pattern(resource, ignore_case=False).fullmatch(method_arn) for resource in resources
    )
    return effect, applies


def _flat(context: object) -> dict[str, object]:
    """The context as events carry it: every value a text. That null is refused is unverified."""
    flat: dict[str, object] = {}
    for key, value in _object(context if context is not None else {}, "context").items():
        if isinstance(value, bool):
            flat[key] = "true" if value else "false"
        elif isinstance(value, str | int | float):
            flat[key] = str(value)
        else:
            raise AuthorizerAnswerError(f"context.{key} must be a text, number or boolean")
    return flat


def _parse(payload: bytes) -> object:
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise AuthorizerAnswerError("the answer is no JSON") from error


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise AuthorizerAnswerError(f"{what} must be an object")
    return value


def _texts(value: object, what: str) -> Sequence[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise AuthorizerAnswerError(f"{what} must be a text or a list of texts")
    return texts


@lru_cache(maxsize=256)
def _pattern(text: str, *, ignore_case: bool) -> re.Pattern[str]:
    pattern = "".join({"*": ".*", "?": "."}.get(character) or re.escape(character) for character in text)
    return re.compile(pattern, re.IGNORECASE | re.DOTALL if ignore_case else re.DOTALL)
