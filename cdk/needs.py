"""What a function of the manifest needs of AWS: derived here once, used by its policy, its network and the tests."""

from __future__ import annotations

from dataclasses import dataclass

from functions.manifest import (
    PLACEHOLDER,
    AuthorizerTrigger,
    DeployTrigger,
    Function,
    HttpTrigger,
    KafkaTrigger,
    Manifest,
    ScheduleTrigger,
    WebSocketTrigger,
)

SIGNING_KEY = "signing_key"
DATABASE_LOGIN = "database"
CACHE_LOGIN = "cache"
SYNC_KEY = "sync_key"
EDGE_KEY = "edge_key"

# Which secret a placeholder of the manifest's environment makes a function read.
SECRET_OF_PLACEHOLDER = {
    "mongo.uri": DATABASE_LOGIN,
    "redis.url": CACHE_LOGIN,
    "secrets.edge_key": EDGE_KEY,
    "secrets.sync_key": SYNC_KEY,
    "secrets.token_private_key": SIGNING_KEY,
}


@dataclass(frozen=True, slots=True)
class Needs:
    """The resources that one function may use, by name. What is not named is not granted.

    `creates` are topics that it may create: a deploy function makes those of the whole manifest.
    """

    produces: frozenset[str]
    consumes: frozenset[str]
    creates: frozenset[str]
    buckets: frozenset[str]
    read_buckets: frozenset[str]
    secrets: frozenset[str]
    database: bool
    cache: bool
    manages_connections: bool

    @property
    def kafka(self) -> bool:
        """Whether it talks to the brokers, or a poller does in its name."""
        return bool(self.produces | self.consumes | self.creates)


def needs_of(function: Function, manifest: Manifest) -> Needs:
    """What `function` needs, from its permissions, its triggers and the placeholders in its environment."""
    placeholders = {name for text in function.environment.values() for name in PLACEHOLDER.findall(text)}
    kafka_triggers = [trigger for trigger in function.triggers if isinstance(trigger, KafkaTrigger)]
    permissions = function.permissions
    return Needs(
        produces=frozenset(
            {
                *permissions.produce,
                *(trigger.on_failure_topic for trigger in kafka_triggers if trigger.on_failure_topic),
            }
        ),
        consumes=frozenset({*permissions.consume, *(trigger.topic for trigger in kafka_triggers)}),
        creates=frozenset(manifest.topics if is_deploy_function(function) else ()),
        buckets=frozenset(permissions.buckets),
        read_buckets=frozenset(permissions.read_buckets),
        secrets=frozenset(
            {
                *permissions.secrets,
                *(SECRET_OF_PLACEHOLDER[name] for name in placeholders & SECRET_OF_PLACEHOLDER.keys()),
            }
        ),
        database="mongo.uri" in placeholders,
        cache="redis.url" in placeholders,
        manages_connections=permissions.manage_connections,
    )


def is_deploy_function(function: Function) -> bool:
    """Whether it runs once at each deploy."""
    return any(isinstance(trigger, DeployTrigger) for trigger in function.triggers)


def is_api_function(function: Function) -> bool:
    """Whether a client waits for its answer, so that a new version of it gets its traffic by and by."""
    return any(isinstance(trigger, HttpTrigger | WebSocketTrigger | AuthorizerTrigger) for trigger in function.triggers)


def is_background_function(function: Function) -> bool:
    """Whether Kafka, the clock or somebody by hand starts it."""
    return not function.triggers or any(
        isinstance(trigger, KafkaTrigger | ScheduleTrigger) for trigger in function.triggers
    )
