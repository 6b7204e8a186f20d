"""How commands talk to the stack that runs."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local.engines import read_run
from local.failures import StartError

TIMEOUT_S = 30.0
WILDCARDS = ("0.0.0.0", "::")


def ask_stack(data: Path, method: str, path: str, body: object = None) -> dict[str, Any]:
    """Sends a request to the control port of the stack that runs on a data folder; returns the answer's object.

    Raises:
        StartError: no stack runs, or it refuses.
    """
    facts = read_run(data)
    if facts is None:
        raise StartError(f"No stack runs on {data}: start one with `make run`.")
    url = urlsplit(facts["url"])
    host = "127.0.0.1" if url.hostname in (None, *WILDCARDS) else url.hostname
    connection = http.client.HTTPConnection(host or "", url.port, timeout=TIMEOUT_S)
    try:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        said: dict[str, Any] = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StartError(f"The stack on {data} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status >= 300:
        raise StartError(f"The stack refuses: {said.get('message', answer.status)}")
    return said
