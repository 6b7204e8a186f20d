"""The settings of each stage: typed, checked, and overridable from `stages` in cdk.json's context.

Every default has a reason in docs/deploy.md; sizes that cost money are in bench/cost too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

StageName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,15}$")]


class StageError(ValueError):
    """The stage is unknown, or a setting of it is unknown, of the wrong type or out of bounds."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Network(_Settings):
    """Where the functions, brokers and databases live.

    `egress` is how functions reach the WebSocket APIs' `@connections` addresses, which no VPC endpoint serves:
    `ipv6` through an egress-only gateway, which costs nothing by the hour, or `nat`.
    """

    cidr: str = "10.40.0.0/16"
    zones: tuple[str, ...] = Field(default=("a", "b"), min_length=2, max_length=3)
    egress: Literal["ipv6", "nat"] = "nat"
    nat_gateways: int = Field(default=1, ge=1, le=3)
    endpoint_zones: int = Field(default=1, ge=1, le=3)
    flow_logs: bool = True


class Kafka(_Settings):
    """MSK. `brokers`, `instance_type` and `storage_gb` (for each broker) count for `provisioned` only.

    `windows_s` is how long pollers of a topic wait for a fuller batch, where that is not as the manifest says. For
    chat.receive it is how late a message may be, and two fifths of the bill of a steady conversation.
    """

    kind: Literal["provisioned", "serverless"] = "provisioned"
    version: str = "3.9.x"
    instance_type: str = "kafka.t3.small"
    brokers: int = Field(default=2, ge=2, le=30)
    storage_gb: int = Field(default=20, ge=1, le=16_384)
    retention_hours: int = Field(default=168, ge=24)
    pollers_min: int = Field(default=1, ge=1, le=200)
    pollers_max: int = Field(default=4, ge=1, le=2_000)
    windows_s: Mapping[str, Annotated[int, Field(ge=0, le=300)]] = Field(default_factory=dict)

    @property
    def replicas(self) -> int:
        """Copies of each partition: three where there are brokers for it."""
        return 3 if self.kind == "serverless" else min(3, self.brokers)


class Database(_Settings):
    """DocumentDB. `instances` counts the writer; `io_optimized` is worth it above a quarter of the bill in I/O."""

    instance_class: str = "db.t4g.medium"
    instances: int = Field(default=1, ge=1, le=16)
    io_optimized: bool = False
    backup_days: int = Field(default=7, ge=1, le=35)
    max_connections_alarm: int = Field(default=400, ge=1)
    max_cursors_alarm: int = Field(default=20, ge=1)


class Cache(_Settings):
    """ElastiCache for Valkey: a hint that may be lost, so its copies are for uptime and not for safety."""

    node_type: str = "cache.t4g.micro"
    replicas: int = Field(default=0, ge=0, le=5)


class Domain(_Settings):
    """Own names of the APIs. The certificate, in the stage's region, covers all of them.

    With several cells the WebSocket name gets the cell's number: `ws.example.com` becomes `ws-0.example.com` and so on.
    """

    rest: str
    websocket: str
    certificate_arn: str = Field(pattern=r"^arn:aws[a-z-]*:acm:")


class Api(_Settings):
    """The HTTP API and the WebSocket APIs. Rates are requests a second for the stage of each API.

    `cors_origins` None takes the manifest's, which are a developer's.
    """

    cells: int = Field(default=1, ge=1, le=32)
    rest_rate: int = Field(default=200, ge=1)
    rest_burst: int = Field(default=400, ge=1)
    websocket_rate: int = Field(default=1_000, ge=1)
    websocket_burst: int = Field(default=1_000, ge=1)
    cors_origins: tuple[str, ...] | None = None
    domain: Domain | None = None


class SiteDomain(_Settings):
    """The website's own name. CloudFront takes certificates of us-east-1 only."""

    name: str
    certificate_arn: str = Field(pattern=r"^arn:aws[a-z-]*:acm:us-east-1:")


class Site(_Settings):
    """The website of the manifest, if there is one. `web_acl_arn` is a web ACL of the scope CLOUDFRONT."""

    enabled: bool = True
    domain: SiteDomain | None = None
    web_acl_arn: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:wafv2:us-east-1:\d{12}:global/webacl/")


class Stage(_Settings):
    """Everything that differs from stage to stage.

    `data` says what becomes of stateful resources when their stack is deleted: `destroy`, `snapshot` (where there is
    such a thing, else they are kept) or `retain`, which also turns deletion protection on.
    """

    name: StageName
    region: str = Field(default="eu-west-1", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    account: str | None = Field(default=None, pattern=r"^\d{12}$")
    data: Literal["destroy", "snapshot", "retain"] = "destroy"
    log_days: Literal[7, 14, 30, 90, 180, 365] = 7
    canary: bool = False
    alarm_email: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+$")
    network: Network = Network()
    kafka: Kafka = Kafka()
    database: Database = Database()
    cache: Cache = Cache()
    api: Api = Api()
    site: Site = Site()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.name == "local":
            raise ValueError("local is the name of the stack on a laptop, where secrets may be weak")
        if self.kafka.kind == "provisioned" and self.kafka.brokers % len(self.network.zones):
            raise ValueError("kafka.brokers must be a multiple of the number of network.zones")
        if self.kafka.pollers_max < self.kafka.pollers_min:
            raise ValueError("kafka.pollers_max must not be below kafka.pollers_min")
        if self.network.nat_gateways > len(self.network.zones) or self.network.endpoint_zones > len(self.network.zones):
            raise ValueError("network.nat_gateways and network.endpoint_zones must not exceed the number of zones")
        if self.data == "retain" and self.kafka.replicas < 3:
            raise ValueError("a stage that retains its data needs three copies of each partition: kafka.brokers >= 3")
        return self

    @property
    def zones(self) -> list[str]:
        """Names of the availability zones in use."""
        return [f"{self.region}{letter}" for letter in self.network.zones]

    def origins(self, developers: Sequence[str]) -> list[str]:
        """Browser origins that may call the API and upload; `developers` are the manifest's.

        The site's own name is among them: it uploads to the bucket, which has another.
        """
        own = [f"https://{self.site.domain.name}"] if self.site.enabled and self.site.domain else []
        return sorted({*own, *(developers if self.api.cors_origins is None else self.api.cors_origins)})

    def resource(self, name: str) -> str:
        """The full name of a resource that is named `name` inside the stage."""
        return f"parley-{self.name}-{name}"


# Posts are most of the bill: a second joins two events of one message a second into one post. See docs/deploy.md.
_JOINED = {"chat.receive": 1}
_DEV = Stage(
    name="dev",
    network=Network(egress="ipv6", flow_logs=False),
)
_STAGING = Stage(
    name="staging",
    data="snapshot",
    log_days=30,
    canary=True,
    network=Network(zones=("a", "b", "c"), nat_gateways=1),
    kafka=Kafka(brokers=3, storage_gb=50, windows_s=_JOINED),
    database=Database(instances=2),
    cache=Cache(replicas=1),
    api=Api(cors_origins=()),
)
_PROD = Stage(
    name="prod",
    data="retain",
    log_days=90,
    canary=True,
    network=Network(zones=("a", "b", "c"), nat_gateways=3, endpoint_zones=3),
    kafka=Kafka(
        instance_type="kafka.m7g.large",
        version="3.9.x.kraft",
        brokers=3,
        storage_gb=500,
        pollers_max=12,
        windows_s=_JOINED,
    ),
    database=Database(
        instance_class="db.r8g.large", instances=3, backup_days=35, max_connections_alarm=1_500, max_cursors_alarm=300
    ),
    cache=Cache(node_type="cache.r7g.large", replicas=2),
    api=Api(rest_rate=2_000, rest_burst=4_000, websocket_rate=8_000, websocket_burst=4_000, cors_origins=()),
)
STAGES: Mapping[str, Stage] = {stage.name: stage for stage in (_DEV, _STAGING, _PROD)}


def load_stage(name: str, overrides: Mapping[str, Any] | None = None) -> Stage:
    """The settings of stage `name`, with `overrides` laid over them group by group.

    Args:
        name: `dev`, `staging` or `prod`, or any other name, which starts from dev's settings.
        overrides: as in cdk.json, `{"kafka": {"brokers": 6}}`.

    Raises:
        StageError: a setting is unknown or not allowed; the text says which and why.
    """
    base = STAGES.get(name, _DEV.model_copy(update={"name": name}))
    merged = _lay_over(base.model_dump(mode="json"), overrides or {})
    try:
        # JSON knows lists and no tuples, so the strict check reads it as JSON.
        return Stage.model_validate_json(json.dumps(merged))
    except ValidationError as error:
        mistakes = "; ".join(
            f"{'.'.join(str(part) for part in mistake['loc']) or name}: {mistake['msg']}" for mistake in error.errors()
        )
        raise StageError(f"stage {name}: {mistakes}") from error


def _lay_over(base: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in overrides.items():
        below = result.get(key)
        result[key] = _lay_over(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return result
