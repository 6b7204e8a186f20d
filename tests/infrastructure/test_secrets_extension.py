"""References to secrets in environment variables."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from parley import secrets_extension
from parley.secrets_extension import ResolvedEnvironment, SecretError

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:parley/prod/cache-AbC123"


class Extension:
    """Answers as AWS's extension does; `not_ready` calls are refused first."""

    def __init__(self) -> None:
        self.secrets = {ARN: json.dumps({"username": "parley", "password": "p@ss/wörd", "port": 1})}
        self.not_ready = 0
        self.requests: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                secret = parse_qs(urlsplit(self.path).query)["secretId"][0]
                outer.requests.append((secret, self.headers["X-Aws-Parameters-Secrets-Token"]))
                if outer.not_ready:
                    outer.not_ready -= 1
                    self.answer(400, "not ready to serve traffic, please wait")
                elif secret in outer.secrets:
                    self.answer(200, json.dumps({"SecretString": outer.secrets[secret]}))
                else:
                    self.answer(404, "no such secret")

            def answer(self, status: int, text: str) -> None:
                body = text.encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Tests are quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def environment(self, **variables: str) -> ResolvedEnvironment:
        port = str(self.server.server_port)
        fixed = {"PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": port, "AWS_SESSION_TOKEN": "session"}
        return ResolvedEnvironment({**fixed, **variables})

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def extension() -> Iterator[Extension]:
    made = Extension()
    yield made
    made.close()


def test_a_value_without_a_reference_passes_untouched(extension: Extension) -> None:
    environment = extension.environment(A="redis://localhost:6379/0", B="secret", C="{domainName}/{stage}")
    assert (environment["A"], environment["B"], environment["C"]) == (
        "redis://localhost:6379/0",
        "secret",
        "{domainName}/{stage}",
    )
    assert extension.requests == []


def test_a_whole_reference_gives_the_text_as_it_is(extension: Extension) -> None:
    assert extension.environment(A=f"secret:{ARN}#password")["A"] == "p@ss/wörd"
    assert extension.requests == [(ARN, "session")]


def test_an_embedded_reference_is_percent_encoded(extension: Extension) -> None:
    url = f"rediss://{{secret:{ARN}#username}}:{{secret:{ARN}#password}}@host:6380/0"
    assert extension.environment(A=url)["A"] == "rediss://parley:p%40ss%2Fw%C3%B6rd@host:6380/0"


def test_a_secret_is_fetched_once_and_only_when_it_is_read(extension: Extension) -> None:
    environment = extension.environment(A=f"secret:{ARN}#password", B=f"secret:{ARN}#username", C="secret:other#x")
    assert "C" in environment
    assert len(environment) == 5
    assert set(environment) >= {"A", "B", "C"}
    assert environment["A"] + environment["B"] + environment["A"]
    assert len(extension.requests) == 1


def test_it_waits_until_the_extension_is_ready(extension: Extension) -> None:
    extension.not_ready = 3
    assert extension.environment(A=f"secret:{ARN}#password")["A"]
    assert len(extension.requests) == 4


def test_it_gives_up_when_the_extension_never_comes(monkeypatch: pytest.MonkeyPatch, extension: Extension) -> None:
    monkeypatch.setattr(secrets_extension, "_DEADLINE_S", 0.05)
    extension.not_ready = 1_000_000
    with pytest.raises(SecretError, match="answered 400"):
        extension.environment(A=f"secret:{ARN}#password")["A"]


def test_nobody_listening_is_told(monkeypatch: pytest.MonkeyPatch, extension: Extension) -> None:
    monkeypatch.setattr(secrets_extension, "_DEADLINE_S", 0.05)
    environment = extension.environment(A=f"secret:{ARN}#password")
    extension.server.server_close()
    with pytest.raises(SecretError, match="ConnectionRefusedError"):
        environment["A"]


@pytest.mark.parametrize(
    ("content", "reference"),
    [
        ("no JSON", "password"),
        ('["a", "list"]', "password"),
        ('{"other": "hush"}', "password"),
        ('{"password": 5}', "password"),
    ],
)
def test_a_bad_secret_is_named_and_not_shown(extension: Extension, content: str, reference: str) -> None:
    extension.secrets[ARN] = content
    with pytest.raises(SecretError) as caught:
        extension.environment(A=f"secret:{ARN}#{reference}")["A"]
    assert ARN in str(caught.value)
    assert "hush" not in str(caught.value)


def test_an_unknown_secret_is_told_at_once(extension: Extension) -> None:
    with pytest.raises(SecretError, match="404"):
        extension.environment(A="secret:unknown#password")["A"]
    assert len(extension.requests) == 1


def test_an_unset_variable_is_a_key_error(extension: Extension) -> None:
    with pytest.raises(KeyError):
        extension.environment()["A"]
