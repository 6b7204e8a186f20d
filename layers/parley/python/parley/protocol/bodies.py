"""REST bodies, queries and answers."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BeforeValidator, Field, WithJsonSchema

from parley.domain import limits
from parley.domain.models import Attachment, Identity, ProfileChanges, Role, Session, UploadForm
from parley.protocol.base import Inbound, Outbound, Time
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
    display_name: str | None = Field(
        default=None,
        description="The username, where it is not given.",
        json_schema_extra={"minLength": 1, "maxLength": limits.DISPLAY_NAME_MAX_CHARS},
    )


class LoginBody(Inbound):
    """Signing in."""

    login: str = Field(description="A username or an email address, compared without case.")
    password: str = Field(json_schema_extra={"format": "password"})
    device_name: str | None = Field(default=None, json_schema_extra={"maxLength": limits.DEVICE_NAME_MAX_CHARS})


class RefreshBody(Inbound):
    """A device's current refresh token."""

    refresh_token: str = Field(description="It is exchanged for another one.")


class ChangePasswordBody(Inbound):
    """A new password."""

    current_password: str = Field(json_schema_extra={"format": "password"})
    new_password: str = Field(
        json_schema_extra={
            "format": "password",
            "minLength": limits.PASSWORD_MIN_CHARS,
            "maxLength": limits.PASSWORD_MAX_CHARS,
        }
    )


def _describe_display_name(schema: dict[str, Any]) -> None:
    """It may be left out, and the text that then stands in for it is none that may be sent."""
    del schema["default"]
    schema |= {"minLength": 1, "maxLength": limits.DISPLAY_NAME_MAX_CHARS}


class UpdateProfileBody(Inbound):
    """What is to change of the caller's profile; what is not named stays."""

    display_name: str = Field(default="", json_schema_extra=_describe_display_name)
    avatar_url: str | None = Field(
        default=None,
        description="null takes it away.",
        json_schema_extra={"format": "uri", "maxLength": limits.URL_MAX_CHARS},
    )
    about: str | None = Field(
        default=None, description="null takes it away.", json_schema_extra={"maxLength": limits.ABOUT_MAX_CHARS}
    )

    def to_changes(self) -> ProfileChanges:
        """The same as the service takes it."""
        return ProfileChanges(**{name: getattr(self, name) for name in self.model_fields_set})


class EraseAccountBody(Inbound):
    """Says that it is the account's owner who erases it."""

    password: str = Field(json_schema_extra={"format": "password"})


class CreateDirectBody(Inbound):
    """A conversation of two."""

    kind: Literal["direct"]
    member_id: str


class CreateGroupBody(Inbound):
    """A group that the caller owns."""

    kind: Literal["group"]
    name: str = Field(json_schema_extra={"minLength": 1, "maxLength": limits.GROUP_NAME_MAX_CHARS})
    member_ids: list[str] = Field(
        description="The others.", json_schema_extra={"maxItems": limits.GROUP_MEMBERS_MAX_COUNT - 1}
    )
    photo_url: str | None = Field(default=None, json_schema_extra={"format": "uri", "maxLength": limits.URL_MAX_CHARS})


CreateConversationBody = Annotated[CreateDirectBody | CreateGroupBody, Field(discriminator="kind")]


class CreatePlainGroupBody(Inbound):
    """A group that the caller owns."""

    name: str = Field(json_schema_extra={"minLength": 1, "maxLength": limits.GROUP_NAME_MAX_CHARS})
    member_ids: list[str] = Field(
        description="The others.", json_schema_extra={"maxItems": limits.GROUP_MEMBERS_MAX_COUNT - 1}
    )
    photo_url: str | None = Field(default=None, json_schema_extra={"format": "uri", "maxLength": limits.URL_MAX_CHARS})
    kind: Literal["group"] = Field(default="group", description="It may be said here, as for other conversations.")


class CreateOlderGroupBody(Inbound):
    """The same as older clients write it."""

    name: str = Field(json_schema_extra={"minLength": 1, "maxLength": limits.GROUP_NAME_MAX_CHARS})
    members: list[str] = Field(
        description="The others.", json_schema_extra={"maxItems": limits.GROUP_MEMBERS_MAX_COUNT - 1}
    )
    photo: str | None = Field(default=None, json_schema_extra={"format": "uri", "maxLength": limits.URL_MAX_CHARS})


class MuteBody(Inbound):
    """The caller's own setting."""

    muted: bool


class RenameBody(Inbound):
    """A group's new name."""

    name: str = Field(json_schema_extra={"minLength": 1, "maxLength": limits.GROUP_NAME_MAX_CHARS})


class PhotoBody(Inbound):
    """A group's new photo."""

    photo_url: str | None = Field(
        description="null takes it away.", json_schema_extra={"format": "uri", "maxLength": limits.URL_MAX_CHARS}
    )


class MembersBody(Inbound):
    """Who comes and who goes."""

    add: list[str] = Field(default=[], json_schema_extra={"maxItems": limits.GROUP_MEMBERS_MAX_COUNT})
    remove: list[str] = Field(default=[], json_schema_extra={"maxItems": limits.GROUP_MEMBERS_MAX_COUNT})


class RoleBody(Inbound):
    """A member's new role."""

    role: Role = Field(description="Who gives `owner` away is an admin after it.")


class UploadBody(Inbound):
    """A file that is to be uploaded."""

    file_name: str = Field(json_schema_extra={"minLength": 1, "maxLength": limits.FILE_NAME_MAX_CHARS})
    content_type: str = Field(
        description="A media type without parameters. The upload must have this very one.",
        json_schema_extra={"pattern": "^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$"},
    )
    size: int = Field(
        description="In bytes. The upload must be of exactly this size.",
        json_schema_extra={"minimum": 1, "maximum": limits.ATTACHMENT_MAX_BYTES},
    )


class UploadFormObject(Outbound):
    """A form (multipart/form-data): its fields as they are, and after them the file as `file`. It holds for an hour."""

    url: str = Field(description="Where the form is posted to.")
    fields: dict[str, str]


class UploadAnswer(Outbound):
    """A file may be uploaded, and then sent by its id in a message within a day."""

    attachment_id: str
    upload: UploadFormObject


def encode_upload(attachment: Attachment, form: UploadForm) -> UploadAnswer:
    """What the caller uploads it with."""
    return UploadAnswer(
        attachment_id=attachment.attachment_id, upload=UploadFormObject(url=form.url, fields=dict(form.fields))
    )


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


PageNumber = Annotated[
    int, BeforeValidator(_read_digits), Field(ge=1), WithJsonSchema({"type": "integer", "minimum": 1})
]


class PageQuery(Inbound):
    """Where in a list, and how much of it."""

    limit: Limit = limits.PAGE_DEFAULT_COUNT
    cursor: str | None = Field(default=None, description="The nextCursor of the page before.")


class UserSearchQuery(PageQuery):
    """Whom to search for."""

    q: str = Field(
        description="The beginning of a username, or of a display name from some word on.",
        json_schema_extra={
            "minLength": limits.SEARCH_USERS_MIN_CHARS,
            "maxLength": limits.SEARCH_USERS_MAX_CHARS,
        },
    )


class HistoryQuery(PageQuery):
    """Where in a history: a cursor, or before or after a seq; never two of them."""

    before: Seq | None = Field(default=None, description="Messages with a smaller seq, newest first.")
    after: Seq | None = Field(default=None, description="Messages with a greater seq, oldest first.")


class MessageSearchQuery(PageQuery):
    """What to search for, and where."""

    q: str = Field(
        description="Words, all of which must occur. Case and accents do not count; in Chinese, Japanese, Thai and the "
        "like, each character is a word.",
        json_schema_extra={"minLength": 1, "maxLength": limits.SEARCH_TEXT_MAX_CHARS},
    )
    conversation_id: str | None = Field(default=None, description="Only there; everywhere where it is not given.")


class SyncQuery(Inbound):
    """From where on."""

    token: str | None = Field(default=None, description="Of the page before, however old; none for everything.")
    limit: Limit | None = Field(
        default=None,
        description="At most so many conversations, messages and members each; as many as fit into 512 KB where it is "
        "not given.",
    )


class OlderHistoryQuery(Inbound):
    """Where in a history, as older clients ask for it."""

    chat_id: str = Field(description="The conversation's id.")
    page: PageNumber = Field(default=1, description="From 1, newest messages first.")
    limit: Limit = limits.PAGE_DEFAULT_COUNT


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


class TokensAnswer(Outbound):
    """A device stays signed in."""

    access_token: str
    refresh_token: str = Field(description="The next one; the one that was sent is used up.")
    expires_in: int = Field(description="For how many seconds the access token holds.")


class SessionObject(Outbound):
    """A device that is signed in."""

    session_id: str
    device_name: str | None
    created_at: Time
    last_seen_at: Time = Field(description="When it last signed in or refreshed.")
    current: bool = Field(description="Whether it is the one that asks.")


def encode_session(session: Session, identity: Identity) -> SessionObject:
    """A session as the caller sees it."""
    return SessionObject(
        session_id=session.session_id,
        device_name=session.device_name,
        created_at=session.created_at,
        last_seen_at=session.last_seen_at,
        current=session.session_id == identity.session_id,
    )


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
