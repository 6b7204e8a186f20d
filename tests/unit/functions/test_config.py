"""Settings: what a stage may have, and what is said when it may not."""

from __future__ import annotations

import pytest

from parley.config import (
    AwsSettings,
    ConfigurationError,
    IssuerSettings,
    KafkaSettings,
    MongoSettings,
    PushSettings,
    RedisSettings,
    Settings,
    VerifierSettings,
    WebSocketSettings,
    read_settings,
)

LOCAL = {
    "PARLEY_STAGE": "local",
    "PARLEY_MONGO_URI": "mongodb://127.0.0.1:27017/parley",
    "PARLEY_REDIS_URL": "redis://127.0.0.1:6379/0",
    "PARLEY_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "PARLEY_KAFKA_SECURITY": "PLAINTEXT",
    "PARLEY_WS_URL": "ws://localhost:8000/ws",
    "PARLEY_PUSH_ENDPOINT": "http://{domainName}/{stage}",
    "PARLEY_TOKEN_PUBLIC_KEY": "-----BEGIN PUBLIC KEY-----\n",
    "PARLEY_TOKEN_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\n",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "canary-key",
}
STAGED = LOCAL | {
    "PARLEY_STAGE": "prod",
    "PARLEY_MONGO_URI": "mongodb://app:9f8b7c6d5e@db.example.com:27017/parley?tls=true",
    "PARLEY_REDIS_URL": "rediss://cache.example.com:6379/0",
    "PARLEY_KAFKA_BOOTSTRAP_SERVERS": "b-1.example.com:9098",
    "PARLEY_KAFKA_SECURITY": "AWS_MSK_IAM",
    "PARLEY_WS_URL": "wss://ws.example.com/ws",
    "PARLEY_PUSH_ENDPOINT": "https://{domainName}/{stage}",
}
KINDS: list[type[Settings]] = [
    MongoSettings,
    RedisSettings,
    KafkaSettings,
    WebSocketSettings,
    PushSettings,
    VerifierSettings,
    IssuerSettings,
    AwsSettings,
]


@pytest.mark.parametrize("environ", [LOCAL, STAGED], ids=["local", "prod"])
@pytest.mark.parametrize("kind", KINDS)
def test_good_settings_are_read(kind: type[Settings], environ: dict[str, str]) -> None:
    settings = read_settings(kind, environ)
    assert settings.stage == environ["PARLEY_STAGE"]
    assert settings.is_local == (environ is LOCAL)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_missing_is_named(kind: type[Settings]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(kind, {})
    assert "PARLEY_STAGE is not set" in str(caught.value)
    assert len(kind.model_fields) < 2 or str(caught.value).count("is not set") >= 2


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (MongoSettings, "PARLEY_MONGO_URI", "mongodb://db.example.com/canary"),
        (MongoSettings, "PARLEY_MONGO_URI", "mongodb://canary:password@db.example.com/parley"),
        (MongoSettings, "PARLEY_MONGO_URI", "mongodb://app:9f8b7c6d5e@localhost/canary"),
        (MongoSettings, "PARLEY_MONGO_URI", "canary"),
        (RedisSettings, "PARLEY_REDIS_URL", "redis://cache.example.com/canary"),
        (RedisSettings, "PARLEY_REDIS_URL", "rediss://localhost:6379/canary"),
        (KafkaSettings, "PARLEY_KAFKA_SECURITY", "PLAINTEXT"),
        (KafkaSettings, "PARLEY_KAFKA_SECURITY", "canary"),
        (KafkaSettings, "PARLEY_KAFKA_SECURITY", "SCRAM-SHA-512:canary"),
        (WebSocketSettings, "PARLEY_WS_URL", "ws://canary.example.com"),
        (WebSocketSettings, "PARLEY_WS_URL", "wss://ws-0.example.com/ws ws://canary.example.com"),
        (PushSettings, "PARLEY_PUSH_ENDPOINT", "http://canary.example.com"),
        (PushSettings, "PARLEY_PUSH_ENDPOINT", "http://{domainName}/canary.svc"),
        (VerifierSettings, "PARLEY_TOKEN_PUBLIC_KEY", "canary"),
        (IssuerSettings, "PARLEY_TOKEN_PRIVATE_KEY", "canary"),
        (Settings, "PARLEY_STAGE", "Canary canary"),
    ],
)
def test_what_a_deployed_stage_may_not_have_is_refused_without_its_value(
    kind: type[Settings], name: str, value: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(kind, STAGED | {name: value})
    text = f"{caught.value} {caught.value.__cause__}"
    assert name in text
    assert "canary" not in text.lower()


def test_secrets_stay_out_of_the_settings_text_form() -> None:
    for kind in (AwsSettings, IssuerSettings, MongoSettings):
        text = repr(read_settings(kind, STAGED))
        assert not any(secret in text for secret in ("canary-key", "9f8b7c6d5e", "BEGIN PRIVATE KEY"))
