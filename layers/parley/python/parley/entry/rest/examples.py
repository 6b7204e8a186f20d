"""An example for each body, answer and error of the OpenAPI document, made of what the document says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from parley.entry.rest.problems import ERRORS
from parley.protocol.errors import PROBLEM_MEDIA_TYPE

Json = dict[str, Any]

_USER: Final = "u_7mzkqv4txw2r5jyhc3ab"
_CONVERSATION: Final = "c_2fjq6yw4rnxt7kzmv5hb"
_MESSAGE: Final = "m_zsfojwcydmzxnq75h7qrhwicnl4pya2x"
_FILE: Final = "f_c3m7rqy5tz2wkxv4njha"
_TIME: Final = "2026-01-31T23:59:59.123Z"
_TEXTS: Final[Mapping[str, str]] = {
    "about": "Bicycles, bread",
    "accessToken": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1XzcifQ.c2lnbmVk",
    "attachmentId": _FILE,
    "attachments": _FILE,
    "avatarUrl": "https://example.com/ann.png",
    "clientMessageId": "one-1",
    "content": "Hello!",
    "contentType": "image/png",
    "conversationId": _CONVERSATION,
    "currentPassword": "correct horse battery",
    "deviceName": "Ann's phone",
    "displayName": "Ann Adler",
    "email": "ann@example.com",
    "emoji": "👍",
    "field": "content",
    "fileName": "owl.png",
    "login": "ann",
    "memberId": _USER,
    "memberIds": _USER,
    "members": _USER,
    "mentions": _USER,
    "message": "It is empty.",
    "messageId": _MESSAGE,
    "name": "Bird watchers",
    "newPassword": "staple battery horse",
    "password": "correct horse battery",
    "photo": "https://example.com/owl.png",
    "photoUrl": "https://example.com/owl.png",
    "refreshToken": "kq3Zt0m9b1cVYx2fWn8R",
    "remove": _USER,
    "add": _USER,
    "removed": _USER,
    "replyTo": _MESSAGE,
    "senderId": _USER,
    "sessionId": "s_5wzn2jx7qkvr4tmyc6hb",
    "ticket": "Vb2n8QkT0y5ZrXw3",
    "token": "AQ.eyJ1IjoidV83In0.c2lnbmVk",
    "userId": _USER,
    "userIds": _USER,
    "username": "ann",
}


def add_examples(document: Json) -> None:
    """Puts them in; what has one already keeps it."""
    schemas: Json = document["components"]["schemas"]
    for methods in document["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                content.setdefault("example", _example("", content["schema"], schemas))
            for status, answer in operation["responses"].items():
                for media_type, content in answer.get("content", {}).items():
                    if media_type == PROBLEM_MEDIA_TYPE:
                        content["examples"] = _problems(int(status), answer["description"])
                    elif content.get("schema"):
                        content.setdefault("example", _example("", content["schema"], schemas))


def _problems(status: int, description: str) -> Json:
    """One for each code that the answer's description names."""
    codes = [code for code, (known, _) in ERRORS.items() if known == status and f"`{code}`" in description]
    return {code: {"value": _problem(code, status)} for code in codes}


def _problem(code: str, status: int) -> Json:
    problem: Json = {
        "type": f"urn:parley:error:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": ERRORS[code][1],
        "code": code,
        "requestId": "JIcaALqvD0j1EyU=",
    }
    if code == "invalid_request":
        problem["errors"] = [{"field": "content", "message": "It is empty."}]
    return problem


def _example(name: str, schema: Json, schemas: Json) -> Any:
    """What a field of this name and schema may hold."""
    options = [one for key in ("anyOf", "oneOf") for one in schema.get(key, ()) if one.get("type") != "null"]
    if "$ref" in schema:
        options = [schemas[schema["$ref"].rpartition("/")[2]]]
    return _example(name, options[0], schemas) if options else _plain_example(name, schema, schemas)


def _plain_example(name: str, schema: Json, schemas: Json) -> Any:
    kind = schema.get("type")
    example: Any = _text(name, schema)
    if "const" in schema or "enum" in schema:
        example = schema.get("const", schema.get("enum", [None])[0])
    elif "properties" in schema:
        example = {key: _example(key, value, schemas) for key, value in schema["properties"].items()}
    elif kind == "object":
        example = {"key": f"uploads/{_FILE}"}
    elif kind == "array":
        example = [_example(name, schema["items"], schemas)]
    elif kind in ("integer", "number"):
        example = schema.get("minimum", 1)
    elif kind == "boolean":
        example = False
    return example


def _text(name: str, schema: Json) -> str:
    if schema.get("format") == "date-time":
        return _TIME
    return _TEXTS.get(name) or ("https://example.com/there" if name == "url" else "text")
