"""Environment variables that hold references to secrets, so that no secret is in a function's configuration.

A value that is `secret:<id>#<key>` as a whole stands for that key of the secret's JSON. Inside a longer value, such as
a connection string, `{secret:<id>#<key>}` stands for it too, percent-encoded. Secrets come from the AWS Parameters and
Secrets Lambda Extension, which listens on the loopback interface and keeps what it fetched for some seconds: no SDK is
imported. Values without a reference pass through untouched, so a stack without the extension needs nothing of this.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

_WHOLE = re.compile(r"secret:([^#{}\s]+)#([A-Za-z0-9_.-]+)")
_EMBEDDED = re.compile(r"\{secret:([^#{}\s]+)#([A-Za-z0-9_.-]+)\}")

# The extension refuses calls until the runtime's own start is over, which takes it some tens of milliseconds.
_DEADLINE_S = 5.0
_PAUSE_S = 0.02
_REQUEST_TIMEOUT_S = 3.0

FetchSecret = Callable[[str], str]
"""From a secret's id to its text. Raises SecretError."""


class SecretError(Exception):
    """A secret cannot be read, or lacks the key. The text names the secret and holds nothing out of it."""


class ResolvedEnvironment(Mapping[str, str]):
    """Environment variables with their references resolved, each when it is first read, each secret fetched once.

    Args:
        environ: the variables as they are.
        fetch: how a secret is fetched; by default from the extension, with the session token out of `environ`.
    """

    def __init__(self, environ: Mapping[str, str], fetch: FetchSecret | None = None) -> None:
        self._environ = environ
        self._fetch = fetch or _Extension(environ)
        self._secrets: dict[str, dict[str, Any]] = {}

    def forget(self) -> None:
        """Has every secret fetched anew when it is next read."""
        self._secrets.clear()

    def __getitem__(self, name: str) -> str:
        """The variable's value.

        Raises:
            KeyError: the variable is not set.
            SecretError: a secret that it refers to cannot be read.
        """
        value = self._environ[name]
        whole = _WHOLE.fullmatch(value)
        if whole:
            return self._look_up(*whole.groups())
        return _EMBEDDED.sub(lambda match: quote(self._look_up(*match.groups()), safe=""), value)

    def __contains__(self, name: object) -> bool:
        # Mapping's own would fetch the secret just to see whether the variable is set.
        return name in self._environ

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)

    def _look_up(self, secret: str, key: str) -> str:
        if secret not in self._secrets:
            try:
                content = json.loads(self._fetch(secret))
            except ValueError:
                raise SecretError(f"{secret} is not JSON") from None
            if not isinstance(content, dict):
                raise SecretError(f"{secret} is not a JSON object")
            self._secrets[secret] = content
        value = self._secrets[secret].get(key)
        if not isinstance(value, str):
            raise SecretError(f"{secret} has no text at {key!r}")
        return value


class _Extension:
    """Asks the extension over HTTP, again and again until it is ready or the deadline is over."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._token = environ.get("AWS_SESSION_TOKEN", "")
        self._port = int(environ.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773"))

    def __call__(self, secret: str) -> str:
        deadline = time.monotonic() + _DEADLINE_S
        while True:
            problem = ""
            try:
                status, body = self._get(f"/secretsmanager/get?secretId={quote(secret, safe='')}")
            except OSError as error:
                problem = f"{type(error).__name__} from the extension"
            else:
                if status == 200:
                    return str(json.loads(body)["SecretString"])
                # 400 is what it says both while it starts and when the secret may not be read.
                problem = f"the extension answered {status}"
                if status not in (400, 429, 500, 502, 503):
                    raise SecretError(f"{secret}: {problem}")
            if time.monotonic() > deadline:
                raise SecretError(f"{secret}: {problem}")
            time.sleep(_PAUSE_S)

    def _get(self, path: str) -> tuple[int, bytes]:
        from http.client import HTTPConnection  # noqa: PLC0415  # a stack without references never pays for it

        connection = HTTPConnection("127.0.0.1", self._port, timeout=_REQUEST_TIMEOUT_S)
        try:
            connection.request("GET", path, headers={"X-Aws-Parameters-Secrets-Token": self._token})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
