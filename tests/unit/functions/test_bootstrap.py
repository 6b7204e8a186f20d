"""The composition root: it joins the real adapters, once each, and opens nothing."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from parley.bootstrap import Container, importing
from parley.bootstrap.adapters import SystemClock
from parley.config import ConfigurationError
from parley.secrets_extension import ResolvedEnvironment, SecretError
from tests.unit.functions.test_config import LOCAL

SERVICES = (
    "accounts",
    "authentication",
    "conversations",
    "chat",
    "messages",
    "storing",
    "fan_out",
    "sockets",
    "health",
)


@pytest.fixture
def container() -> Iterator[Container]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    made = Container(LOCAL | {"PARLEY_TOKEN_PRIVATE_KEY": private, "PARLEY_TOKEN_PUBLIC_KEY": public})
    yield made
    made.stores.close()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_can_be_made_and_is_made_once(container: Container, name: str) -> None:
    service = getattr(container, name)
    assert service is getattr(container, name)


def test_services_share_their_adapters(container: Container) -> None:
    assert (container.ws_url, container.push_endpoint, container.is_local) == (
        "ws://localhost:8000/ws",
        "http://{domainName}/{stage}",
        True,
    )
    assert container.stores.users is container.stores.users


def test_a_function_is_not_asked_for_settings_that_it_has_no_use_for() -> None:
    only_redis = Container({name: LOCAL[name] for name in ("PARLEY_STAGE", "PARLEY_REDIS_URL")})
    assert only_redis.connections is only_redis.connections
    with pytest.raises(ConfigurationError, match="PARLEY_MONGO_URI is not set"):
        _ = only_redis.stores


def test_references_to_secrets_are_resolved_and_one_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(secret: str) -> str:
        if secret != "parley/redis":
            raise SecretError(f"{secret}: the extension answered 400")
        return json.dumps({"url": "redis://cache.test:6379/0"})

    environ = LOCAL | {
        "PARLEY_REDIS_URL": "secret:parley/redis#url",
        "PARLEY_TOKEN_PRIVATE_KEY": "secret:parley/tokens#private",
    }
    container = Container(environ)
    monkeypatch.setattr(container, "_resolved", ResolvedEnvironment(environ, fetch))
    assert container.connections is container.connections
    with pytest.raises(ConfigurationError, match="parley/tokens"):
        _ = container.accounts


def test_the_clock_gives_utc_in_whole_milliseconds() -> None:
    now = SystemClock().now()
    assert now.tzname() == "UTC"
    assert now.microsecond % 1000 == 0


def test_the_collector_is_out_of_imports_and_back_after_them() -> None:
    assert gc.isenabled()
    with importing():
        assert not gc.isenabled()
        with importing():
            pass
        assert not gc.isenabled(), "the outermost brings it back"
    assert gc.isenabled()


def test_the_collector_is_back_after_an_import_that_failed() -> None:
    with pytest.raises(ImportError), importing():
        raise ImportError("no such thing")
    assert gc.isenabled()
