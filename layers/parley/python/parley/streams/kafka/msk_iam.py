"""Signing in at MSK with the function's role.

Source: https://github.com/aws/aws-msk-iam-auth#details. The first message is a request to `kafka-cluster:Connect`
whose query is signed by Signature Version 4, written as JSON.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Final

from parley.push.sigv4 import AwsCredentials, sign_query

_SERVICE: Final = "kafka-cluster"
_ACTION: Final = "kafka-cluster:Connect"
_EXPIRES_S: Final = 900


class MskIamSignIn:
    """Proves by SASL's AWS_MSK_IAM who a client is.

    Args:
        credentials: asked for at each connection.
        region: where the cluster is.
        clock: seconds since 1970.
    """

    mechanism = "AWS_MSK_IAM"

    def __init__(
        self, credentials: Callable[[], AwsCredentials], *, region: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._clock = clock

    def first_message(self, host: str) -> bytes:
        """What is said to the broker on `host`."""
        signed = sign_query(
            self._credentials(),
            {"Action": _ACTION},
            host=host,
            region=self._region,
            service=_SERVICE,
            expires_s=_EXPIRES_S,
            now=self._clock(),
        )
        message = {"version": "2020_10_22", "host": host, "user-agent": "parley"}
        message |= {name.lower(): value for name, value in signed.items()}
        return json.dumps(message, separators=(",", ":")).encode()
