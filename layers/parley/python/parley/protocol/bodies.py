"""REST bodies, queries and answers."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from parley.domain import limits
from parley.protocol.base import Inbound, Outbound
from parley.protocol.objects import ProfileObject

ItemT = TypeVar("ItemT", bound=Outbound)
ServiceState = Literal["ok", "unavailable"]


class RegisterBody(Inbound):
    """A new account."""

    username: str = Field(
        json_schema_extra={"pattern": f"^[a-z0-9_.]{{{limits.USERNAME_MIN_CHARS},{limits.USERNAME_MAX_CHARS}}}$"}
    )
    email: str = Field(json_schema_extra={"format": "email", "maxLength": limits.EMAIL_MAX_CHARS})
    password: str = Field(
        json_schema_extra={
            "format": "password",
            "minLength": limits.PASSWORD_MIN_CHARS,
            "maxLength": limits.PASSWORD_MAX_CHARS,
        }
    )
    display_name: str | None = Field(default=None, description="The username, where it is not given.")


class LoginBody(Inbound):
    """Signing in."""

    login: str = Field(description="A username or an email address, compared without case.")
    password: str = Field(json_schema_extra={"format": "password"})
    device_name: str | None = Field(default=None, description="At most 100 characters.")


class CreateDirectBody(Inbound):
    """A conversation of two."""

    kind: Literal["direct"]
    member_id: str


class CreateGroupBody(Inbound):
    """A group that the caller owns."""

    kind: Literal["group"]
    name: str = Field(json_schema_extra={"minLength": 1, "maxLength": limits.GROUP_NAME_MAX_CHARS})
    member_ids: list[str] = Field(description="The others.", json_schema_extra={"maxItems": 4_999})
    photo_url: str | None = Field(default=None, json_schema_extra={"format": "uri", "maxLength": limits.URL_MAX_CHARS})


CreateConversationBody = Annotated[CreateDirectBody | CreateGroupBody, Field(discriminator="kind")]


def _read_digits(value: object) -> object:
    """Query values are texts. Only plain digits are a number: no sign, no blanks, no `1_0`, no `１`."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 16:
        return int(value)
    if isinstance(value, str):
        raise ValueError("not a whole number")
    return value


Limit = Annotated[
    int,
    BeforeValidator(_read_digits),
    Field(ge=1, le=limits.PAGE_MAX_COUNT),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": limits.PAGE_MAX_COUNT}),
]
Seq = Annotated[int, BeforeValidator(_read_digits), Field(ge=0), WithJsonSchema({"type": "integer", "minimum": 0})]


class PageQuery(Inbound):
    """Where in a list, and how much of it."""

    limit: Limit = limits.PAGE_DEFAULT_COUNT
    cursor: str | None = Field(default=None, description="The nextCursor of the page before.")


class HistoryQuery(PageQuery):
    """Where in a history: a cursor, or before or after a seq; never two of them."""

    before: Seq | None = Field(default=None, description="Messages with a smaller seq, newest first.")
    after: Seq | None = Field(default=None, description="Messages with a greater seq, oldest first.")


class SyncQuery(Inbound):
    """From where on."""

    token: str | None = Field(default=None, description="Of the page before, however old; none for everything.")
    limit: Limit | None = Field(
        default=None,
        description="At most so many conversations, messages and members each; as many as fit into 512 KB where it is "
        "not given.",
    )


class Page(Outbound, Generic[ItemT]):
    """A piece of a list."""

    items: list[ItemT]
    next_cursor: str | None = Field(description="Where the list goes on; null at its end.")


class SignInAnswer(Outbound):
    """A device is signed in."""

    user: ProfileObject
    access_token: str
    refresh_token: str
    expires_in: int = Field(description="For how many seconds the access token holds.")


class TicketAnswer(Outbound):
    """A ticket that opens one WebSocket."""

    ticket: str
    url: str = Field(description="The address to connect to; it carries the ticket.")
    expires_in: int = Field(description="In seconds.")


class HealthChecks(Outbound):
    """What Parley stands on."""

    kafka: ServiceState
    mongo: ServiceState
    redis: ServiceState


class HealthAnswer(Outbound):
    """Whether all of it answers."""

    status: ServiceState
    checks: HealthChecks
