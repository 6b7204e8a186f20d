"""A function that lived through a change of the database's password reads it anew and goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient

from local.engines.ports import free_port
from parley.bootstrap import Container
from parley.domain.errors import UnavailableError
from parley.secrets_extension import ResolvedEnvironment
from tests.unit.functions.test_config import STAGED

SERVER = Path(sys.executable).parent / "secantusd-py"
FIRST, SECOND = "first-canary", "second-canary"


@contextmanager
def _server(folder: Path, port: int, *options: str) -> Iterator[None]:
    storage = ["--storage-path", str(folder), "--log-level", "ERROR"]
    server = subprocess.Popen([str(SERVER), "--host", "127.0.0.1", "--port", str(port), *storage, *options])
    try:
        yield
    finally:
        server.terminate()
        server.wait(timeout=30)


def _uri(port: int, password: str) -> str:
    return f"mongodb://parley:{password}@127.0.0.1:{port}/parley?authSource=admin&directConnection=true"


@pytest.mark.engines
def test_the_password_is_read_anew_when_it_is_refused(tmp_path: Path) -> None:
    port, secret = free_port(), {"password": FIRST}
    fetched: list[str] = []

    def fetch(name: str) -> str:
        fetched.append(name)
        return json.dumps(secret)

    environ = {**STAGED, "PARLEY_STAGE": "local", "PARLEY_MONGO_URI": _uri(port, "{secret:login#password}")}
    container = Container(environ)
    container.__dict__["_resolved"] = ResolvedEnvironment(environ, fetch)
    client: MongoClient[dict[str, object]]
    with _server(tmp_path, port), MongoClient("127.0.0.1", port) as client:
        client.admin.command("createUser", "parley", pwd=FIRST, roles=["root"])
    with _server(tmp_path, port, "--auth"), MongoClient(_uri(port, FIRST)) as client:
        client.admin.command("listDatabases")
        container.stores.ping()
        users, publisher = container.users, container.publisher
        client.admin.command("updateUser", "parley", pwd=SECOND)
        assert fetched == ["login"]
    # Who is signed in stays so: it is a new connection that the database refuses.
    with _server(tmp_path, port, "--auth"):
        deadline = time.monotonic() + 60
        while not _refused(container):
            assert time.monotonic() < deadline
        # The extension may know the old password for some seconds: then it is asked once more.
        assert _refused(container)
        secret["password"] = SECOND
        container.stores.ping()
    assert len(fetched) == 3
    assert container.users is not users
    assert container.publisher is publisher
    container.stores.close()


def _refused(container: Container) -> bool:
    """False while the server does not listen yet."""
    try:
        container.stores.ping()
    except UnavailableError as error:
        return "refuses the login" in str(error)
    pytest.fail("the old password was taken")
