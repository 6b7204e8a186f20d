"""The limits of the contract, as the OpenAPI document states them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from parley.domain import limits
from parley.domain.rates import BUCKETS
from parley.entry.rest.openapi import make_openapi
from tests.unit.entry.documented import check_documented

Json = dict[str, Any]

BODIES = [
    ("SendBody.content", "maxLength", limits.CONTENT_MAX_CHARS),
    ("SendBody.content", "minLength", 1),
    ("SendBody.clientMessageId", "pattern", f"^[A-Za-z0-9_-]{{1,{limits.CLIENT_MESSAGE_ID_MAX_CHARS}}}$"),
    ("SendBody.attachments", "maxItems", limits.ATTACHMENTS_MAX_COUNT),
    ("SendBody.mentions", "maxItems", limits.MENTIONS_MAX_COUNT),
    ("EditBody.content", "maxLength", limits.CONTENT_MAX_CHARS),
    ("RegisterBody.username", "pattern", "^[a-z0-9_.]{3,32}$"),
    ("RegisterBody.email", "maxLength", limits.EMAIL_MAX_CHARS),
    ("RegisterBody.password", "minLength", limits.PASSWORD_MIN_CHARS),
    ("RegisterBody.password", "maxLength", limits.PASSWORD_MAX_CHARS),
    ("RegisterBody.displayName", "maxLength", limits.DISPLAY_NAME_MAX_CHARS),
    ("LoginBody.deviceName", "maxLength", limits.DEVICE_NAME_MAX_CHARS),
    ("ChangePasswordBody.newPassword", "minLength", limits.PASSWORD_MIN_CHARS),
    ("ChangePasswordBody.newPassword", "maxLength", limits.PASSWORD_MAX_CHARS),
    ("UpdateProfileBody.displayName", "maxLength", limits.DISPLAY_NAME_MAX_CHARS),
    ("UpdateProfileBody.about", "maxLength", limits.ABOUT_MAX_CHARS),
    ("UpdateProfileBody.avatarUrl", "maxLength", limits.URL_MAX_CHARS),
    ("CreateGroupBody.name", "maxLength", limits.GROUP_NAME_MAX_CHARS),
    ("CreateGroupBody.name", "minLength", 1),
    ("CreateGroupBody.memberIds", "maxItems", limits.GROUP_MEMBERS_MAX_COUNT - 1),
    ("CreatePlainGroupBody.memberIds", "maxItems", limits.GROUP_MEMBERS_MAX_COUNT - 1),
    ("CreateOlderGroupBody.members", "maxItems", limits.GROUP_MEMBERS_MAX_COUNT - 1),
    ("MembersBody.add", "maxItems", limits.GROUP_MEMBERS_MAX_COUNT),
    ("RenameBody.name", "maxLength", limits.GROUP_NAME_MAX_CHARS),
    ("PhotoBody.photoUrl", "maxLength", limits.URL_MAX_CHARS),
    ("UploadBody.fileName", "maxLength", limits.FILE_NAME_MAX_CHARS),
    ("UploadBody.size", "maximum", limits.ATTACHMENT_MAX_BYTES),
    ("UploadBody.size", "minimum", 1),
]
PARAMETERS = [
    ("get /api/users q", "minLength", limits.SEARCH_USERS_MIN_CHARS),
    ("get /api/users q", "maxLength", limits.SEARCH_USERS_MAX_CHARS),
    ("get /api/messages/search q", "maxLength", limits.SEARCH_TEXT_MAX_CHARS),
    ("get /api/users/presence ids", "pattern", f"^[^,]*(,[^,]*){{0,{limits.PRESENCE_MAX_COUNT - 1}}}$"),
    ("put /api/chat/{messageId}/reactions/{emoji} emoji", "maxLength", limits.EMOJI_MAX_BYTES),
    ("delete /api/chat/{messageId}/reactions/{emoji} emoji", "maxLength", limits.EMOJI_MAX_BYTES),
]
UNLIMITED = {
    "conversationId",
    "messageId",
    "userId",
    "sessionId",
    "memberId",
    "chatId",
    "replyTo",
    "cursor",
    "token",
    "refreshToken",
    "login",
    "password",
    "currentPassword",
}
"""Texts that Parley itself gave out, or that it compares: a longer one is like any wrong one."""


@pytest.fixture(scope="module")
def document() -> Json:
    return make_openapi()


def parameters(document: Json) -> Iterator[tuple[str, Json]]:
    """Each parameter's schema, by its method, path and name."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                yield f"{method} {path} {parameter['name']}", parameter["schema"]


@pytest.mark.parametrize(("place", "keyword", "value"), BODIES, ids=str)
def test_a_body_states_its_limits(document: Json, place: str, keyword: str, value: object) -> None:
    model, _, name = place.partition(".")
    assert document["components"]["schemas"][model]["properties"][name][keyword] == value


@pytest.mark.parametrize(("place", "keyword", "value"), PARAMETERS, ids=str)
def test_a_query_or_path_states_its_limits(document: Json, place: str, keyword: str, value: object) -> None:
    assert dict(parameters(document))[place][keyword] == value


def test_every_page_has_its_size(document: Json) -> None:
    sizes = {place: schema for place, schema in parameters(document) if place.endswith(" limit")}
    assert len(sizes) > 8
    for place, schema in sizes.items():
        (size,) = [one for one in schema.get("anyOf", [schema]) if one["type"] == "integer"]
        assert (size["minimum"], size["maximum"]) == (1, limits.PAGE_MAX_COUNT), place


def test_no_text_or_list_that_is_taken_is_without_a_limit(document: Json) -> None:
    schemas: Json = document["components"]["schemas"]
    taken = [(place, schema) for place, schema in parameters(document)]
    for name, model in schemas.items():
        if name.endswith("Body"):
            taken += [(f"{name} {field}", schema) for field, schema in model["properties"].items()]
    assert len(taken) > 80
    for place, schema in taken:
        kinds = {one.get("type") for one in schema.get("anyOf", [schema])}
        if "array" in kinds:
            assert "maxItems" in schema, place
        if "string" in kinds and place.rpartition(" ")[2] not in UNLIMITED:
            assert {"maxLength", "pattern", "enum", "const"} & schema.keys(), place


def test_what_no_schema_can_say_is_in_the_description(document: Json) -> None:
    words = document["info"]["description"]
    assert f"{limits.REST_BODY_MAX_BYTES // 1024} KB" in words
    assert f"nested at most {limits.JSON_MAX_DEPTH} deep" in words
    for name in ("send", "write", "seen"):
        bucket = BUCKETS[name]
        assert f"`{name}` {bucket.rate_per_s} a second, {bucket.burst} at once" in words
    for name, rate in (("account", limits.LOGIN_ACCOUNT_RATE_PER_MIN), ("address", limits.LOGIN_ADDRESS_RATE_PER_MIN)):
        assert f"`login_{name}` {rate} a minute" in words


def test_each_change_says_which_bucket_it_takes_of(document: Json) -> None:
    said = {
        f"{method} {path}": operation["responses"]["429"]["description"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "429" in operation["responses"]
    }
    assert "bucket `send`" in said["post /api/chat/send"]
    assert "bucket `seen`" in said["put /api/messages/status"]
    assert "buckets `login_account` and `login_address`" in said["post /api/auth/login"]
    assert "buckets `write` and `login_account`" in said["put /api/auth/password"]
    assert "buckets `write` and `login_account`" in said["delete /api/users/me"]
    assert "buckets `write` and `connect`" in said["post /api/auth/ws-ticket"]
    assert "bucket `write`" in said["patch /api/groups/{conversationId}/rename"]
    assert all("bucket" in words for words in said.values())


def test_a_refusal_that_the_document_does_not_have_is_seen() -> None:
    check_documented("PATCH", "/api/groups/c_1/rename", 409, '{"code": "conflict"}')
    for status, code in ((404, "conflict"), (409, "blocked")):
        with pytest.raises(AssertionError, match="is not said"):
            check_documented("PATCH", "/api/groups/c_1/rename", status, json.dumps({"code": code}))
    check_documented("PATCH", "/api/nowhere", 404, '{"code": "not_found"}')
