"""Signed posts of one process to a gateway over TLS with 10 ms to the far side: ours beside botocore's client.

Each client has a process of its own, which does nothing else, and so does the far side.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from botocore.config import Config
from botocore.session import Session

from bench.load.certificates import make_certificate
from bench.load.figures import MeasurementError, Row, Sample
from bench.stack import PROJECT_ROOT
from parley.domain.models import Connection
from parley.ports import Push
from parley.push.client import HttpPushClient
from parley.push.sigv4 import AwsCredentials

SOCKETS: Final = 1_000
SECONDS: Final = 5.0
BODY: Final = b'[{"event":"chat:receive","data":{"message":{"content":"%s"}}}]' % (b"x" * 540)
KEY: Final = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session")
REGION: Final = "eu-central-1"
CLIENTS: Final = {"ours": 1, "botocore1": 1, "botocore16": 16, "botocore64": 64}

ROWS = tuple(
    row
    for key, what, target in (
        ("ours", "ours", ">= 3,000"),
        ("botocore1", "botocore, one thread", ""),
        ("botocore16", "botocore, 16 threads", ""),
        ("botocore64", "botocore, 64 threads", ""),
    )
    for row in (
        Row(f"push_{key}_rate", f"signed posts a second over TLS, 10 ms to the far side: {what}", "/s", ""),
        Row(f"push_{key}_cpu", f"processor time a post: {what}", "µs", ""),
        Row(f"push_{key}_core", f"so many posts a second of a core: {what}", "/s", target),
    )
)

PostAll = Callable[[], int]
"""Posts to every socket once; how many took it."""


def measure() -> Sample:
    """Every client in turn.

    Raises:
        MeasurementError: a post was not taken, or did not come to the far side.
    """
    sample: Sample = {}
    with tempfile.TemporaryDirectory(prefix="parley-push-") as folder:
        pem = Path(folder) / "localhost.pem"
        make_certificate(pem)
        for name in CLIENTS:
            sample |= measure_client(name, pem)
    return sample


def measure_client(name: str, pem: Path, *, seconds: float = SECONDS) -> Sample:
    """One client against a far side of its own, for some seconds; raises as `measure` does."""
    far_side = subprocess.Popen(
        [sys.executable, "-m", "bench.load.far_side", str(pem)],
        cwd=PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert far_side.stdout is not None
        port = far_side.stdout.readline().strip()
        done = subprocess.run(
            [sys.executable, "-m", "bench.load.push", name, str(pem), port, str(seconds)],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            timeout=60 + seconds,
            check=False,
        )
    finally:
        came, _ = far_side.communicate("", timeout=30)
    if done.returncode:
        raise MeasurementError(f"{name} ended with {done.returncode}: {done.stderr[-400:]}")
    found = json.loads(done.stdout)
    if not found["posts"] or int(came) != found["all"]:
        raise MeasurementError(f"{name} posted {found['all']} times, and {came.strip()} came")
    return {
        f"push_{name}_rate": found["posts"] / found["took"],
        f"push_{name}_cpu": found["cpu"] * 1e6 / found["posts"],
        f"push_{name}_core": found["posts"] / found["cpu"],
    }


def _ours(endpoint: str, pem: str) -> PostAll:
    credentials = AwsCredentials(*KEY)
    client = HttpPushClient(lambda: credentials, region=REGION, tls=ssl.create_default_context(cafile=pem))
    now = datetime.now(UTC)
    sockets = [Connection(one, f"u{one}", f"s{one}", endpoint, now) for one in _names()]
    pushes = [Push(socket, (BODY,)) for socket in sockets]
    return lambda: client.post(pushes).count("pushed")


def _botocore(endpoint: str, pem: str, threads: int) -> PostAll:
    client: Any = Session().create_client(
        "apigatewaymanagementapi",
        region_name=REGION,
        endpoint_url=endpoint,
        verify=pem,
        aws_access_key_id=KEY[0],
        aws_secret_access_key=KEY[1],
        aws_session_token=KEY[2],
        config=Config(max_pool_connections=threads, retries={"max_attempts": 0}),
    )

    def post(name: str) -> bool:
        answer = client.post_to_connection(ConnectionId=name, Data=BODY)
        return bool(answer["ResponseMetadata"]["HTTPStatusCode"] == 200)

    if threads == 1:
        # One thread is slow: less in one go.
        return lambda: sum(post(name) for name in _names()[: SOCKETS // 20])
    pool = ThreadPoolExecutor(threads)
    return lambda: sum(pool.map(post, _names()))


def _names() -> list[str]:
    return [f"L0SM9cOFvH{number:05d}=" for number in range(SOCKETS)]


def run(arguments: Sequence[str]) -> dict[str, float]:
    """One client's process: posts for some seconds, after a first round that opens the connections."""
    name, pem, port, seconds = arguments
    endpoint = f"https://localhost:{port}/prod"
    post_all = _ours(endpoint, pem) if name == "ours" else _botocore(endpoint, pem, CLIENTS[name])
    first = post_all()
    posts, started, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - started < float(seconds):
        posts += post_all()
    took, cpu = time.perf_counter() - started, time.process_time() - used
    return {"posts": posts, "all": posts + first, "took": took, "cpu": cpu}


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1:])))
