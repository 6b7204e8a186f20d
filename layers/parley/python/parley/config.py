"""Settings out of the environment, typed, checked when they are first needed: at a cold start, never at an import.

Each group holds what one part needs, so a function asks for no variable that it has no use for. The variables are
named in functions/manifest.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from parley.domain.rates import OFF, read_buckets

LOCAL = "local"
# What examples, tutorials and compose files come with. A stage that others can reach runs with none of them.
_WELL_KNOWN_PASSWORDS = frozenset({"", "admin", "changeme", "demo", "example", "parley", "password", "root", "secret"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})

SettingsT = TypeVar("SettingsT", bound="Settings")


class ConfigurationError(Exception):
    """The environment cannot be used. The text names each variable that is wrong, and holds no value of any."""

    is_safe_to_log = True


class Settings(BaseModel):
    """A group of settings; `stage` is in each, as what may be set depends on it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, defer_build=True)
    prefix: ClassVar[str] = "PARLEY_"

    stage: str = Field(pattern="^[a-z][a-z0-9-]{0,31}$")

    @property
    def is_local(self) -> bool:
        """Whether this is the stack on a developer's own machine."""
        return self.stage == LOCAL


class MongoSettings(Settings):
    """The database."""

    mongo_uri: str = Field(pattern="^mongodb(\\+srv)?://", repr=False)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.is_local:
            parts = urlsplit(self.mongo_uri)
            _refuse((parts.password or "") in _WELL_KNOWN_PASSWORDS, "has no password, or a known one")
            _refuse(parts.hostname in _LOOPBACK, "names this machine")
        return self


class RedisSettings(Settings):
    """Valkey: connections and tickets."""

    redis_url: str = Field(pattern="^rediss?://", repr=False)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.is_local:
            parts = urlsplit(self.redis_url)
            _refuse(parts.scheme != "rediss", "is not encrypted (rediss://)")
            _refuse(parts.hostname in _LOOPBACK, "names this machine")
        return self


class KafkaSettings(Settings):
    """Kafka."""

    kafka_bootstrap_servers: str = Field(min_length=1)
    kafka_security: str = Field(
        pattern="^(PLAINTEXT|AWS_MSK_IAM|(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512):[^:]+:[^:]+)$", repr=False
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        _refuse(not self.is_local and self.kafka_security == "PLAINTEXT", "is not encrypted")
        return self


class VerifierSettings(Settings):
    """The key that access tokens are checked with."""

    token_public_key: str = Field(pattern="^-----BEGIN PUBLIC KEY-----")


class IssuerSettings(Settings):
    """The key that access tokens are signed with."""

    token_private_key: str = Field(pattern="^-----BEGIN PRIVATE KEY-----", repr=False)


class SyncSettings(Settings):
    """The key that sync tokens are signed with."""

    sync_key: str = Field(min_length=32, repr=False)


class WebSocketSettings(Settings):
    """Where clients connect to: one WebSocket API, or several parted by blanks, over which users are spread."""

    ws_url: str = Field(pattern=r"^wss?://\S+( wss?://\S+)*$")

    @model_validator(mode="after")
    def _check(self) -> Self:
        encrypted = all(url.startswith("wss://") for url in self.ws_url.split())
        _refuse(not self.is_local and not encrypted, "is not encrypted (wss://)")
        return self


class PushSettings(Settings):
    """Where a socket's @connections are: a template with `{domainName}` and `{stage}` of the socket's own gateway."""

    push_endpoint: str = Field(pattern="^https?://")

    @model_validator(mode="after")
    def _check(self) -> Self:
        _refuse(
            not self.is_local
            and not self.push_endpoint.startswith("https://")
            and not _is_in_cluster(self.push_endpoint),
            "is not encrypted (https://)",
        )
        return self


class RateLimitSettings(Settings):
    """How often things may be done: see parley.domain.rates."""

    rate_limits: str = "on"

    @model_validator(mode="after")
    def _check(self) -> Self:
        _refuse(not self.is_local and self.rate_limits == OFF, "is off")
        read_buckets(self.rate_limits)
        return self


class AttachmentSettings(Settings):
    """The bucket of attachments; its address is for browsers too."""

    attachments_bucket: str = Field(pattern="^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    attachments_url: str = Field(pattern="^https?://")

    @model_validator(mode="after")
    def _check(self) -> Self:
        _refuse(not self.is_local and not self.attachments_url.startswith("https://"), "is not encrypted (https://)")
        return self


class EdgeSettings(Settings):
    """What the site's distribution proves itself with."""

    edge_key: str = Field(min_length=32, repr=False)


class AwsSettings(Settings):
    """The function's own role, as Lambda puts it into each environment.

    AWS, "Using Lambda environment variables": defined runtime environment variables.
    """

    prefix: ClassVar[str] = "AWS_"

    region: str = Field(min_length=1)
    access_key_id: str = Field(min_length=1)
    secret_access_key: str = Field(min_length=1, repr=False)
    session_token: str | None = Field(default=None, repr=False)


def read_settings(kind: type[SettingsT], environ: Mapping[str, str]) -> SettingsT:
    """A group of settings out of environment variables: field `mongo_uri` is `PARLEY_MONGO_URI`.

    Raises:
        ConfigurationError: a variable is missing, malformed, or not allowed on this stage.
    """
    names = {field: f"{kind.prefix}{field.upper()}" for field in kind.model_fields} | {"stage": "PARLEY_STAGE"}
    try:
        return kind.model_validate({field: environ[name] for field, name in names.items() if name in environ})
    except ValidationError as error:
        rest = ", ".join(name for field, name in names.items() if field != "stage")
        faults = [
            f"{names[str(fault['loc'][0])] if fault['loc'] else rest} {_explain(fault['type'], fault['msg'])}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise ConfigurationError("The environment cannot be used: " + "; ".join(faults) + ".") from None


def _explain(kind: str, message: str) -> str:
    return "is not set" if kind == "missing" else message.removeprefix("Value error, ")


def _is_in_cluster(url: str) -> bool:
    """Whether it names a Kubernetes service: such an address leads nowhere outside of the cluster."""
    return (urlsplit(url).hostname or "").endswith((".svc", ".svc.cluster.local"))


def _refuse(is_wrong: bool, why: str) -> None:
    if is_wrong:
        raise ValueError(f"{why}; only stage {LOCAL} may have that")
