"""Records on their way into Kafka."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Literal

from parley.domain.errors import ParleyError, UnavailableError
from parley.domain.records import Record
from parley.push.sigv4 import AwsCredentials
from parley.streams.kafka.cluster import Cluster
from parley.streams.kafka.connection import BrokerConnection, SignIn
from parley.streams.kafka.errors import KafkaError
from parley.streams.kafka.msk_iam import MskIamSignIn
from parley.streams.kafka.producer import KeyedValue, Producer

Security = Literal["PLAINTEXT", "AWS_MSK_IAM"]

_PUBLISH_TIMEOUT_S: Final = 3.5
_PROBE_TIMEOUT_S: Final = 1.8


class KafkaPublisher:
    """The port Publisher.

    Args:
        bootstrap_servers: `host:port`, several separated by commas.
        security: `AWS_MSK_IAM` speaks TLS and signs in with the function's role, `PLAINTEXT` does neither.
        encode: a record as the bytes of its value; the same record always gives the same bytes.
        credentials: of the role, for `AWS_MSK_IAM`; asked for at each connection.
        region: where the cluster is, for `AWS_MSK_IAM`.

    Raises:
        ValueError: an address has no port, or `AWS_MSK_IAM` is without credentials or region.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        security: Security,
        encode: Callable[[Record], bytes],
        *,
        credentials: Callable[[], AwsCredentials] | None = None,
        region: str | None = None,
    ) -> None:
        self._sign_in: SignIn | None = None
        self._tls: ssl.SSLContext | None = None
        if security == "AWS_MSK_IAM":
            if credentials is None or region is None:
                raise ValueError("signing in at MSK takes credentials and a region")
            self._sign_in = MskIamSignIn(credentials, region=region)
            self._tls = ssl.create_default_context()
        self._encode = encode
        self._cluster = Cluster(bootstrap_servers.split(","), self._connect)
        self._producer = Producer(self._cluster)
        self._lock = threading.Lock()

    def publish(self, records: Sequence[Record]) -> list[ParleyError | None]:
        """See Publisher."""
        deadline = time.monotonic() + _PUBLISH_TIMEOUT_S
        values = [KeyedValue(record.topic, record.key.encode(), self._encode(record)) for record in records]
        if not values or not self._lock.acquire(timeout=_PUBLISH_TIMEOUT_S):
            return [_unavailable(None) for _ in values]
        try:
            outcomes = self._producer.write(values, deadline)
        finally:
            self._lock.release()
        return [None if error is None else _unavailable(error) for error in outcomes]

    def ping(self) -> None:
        """Returns when a broker answered; raises UnavailableError within 2 s when none did."""
        deadline = time.monotonic() + _PROBE_TIMEOUT_S
        if not self._lock.acquire(timeout=_PROBE_TIMEOUT_S):
            raise _unavailable(None)
        try:
            self._cluster.ping(deadline)
        except KafkaError as error:
            raise _unavailable(error) from error
        finally:
            self._lock.release()

    def close(self) -> None:
        """Ends the connections."""
        with self._lock:
            self._cluster.close()

    def _connect(self, host: str, port: int, deadline: float) -> BrokerConnection:
        return BrokerConnection(host, port, tls=self._tls, sign_in=self._sign_in, deadline=deadline)


def _unavailable(cause: KafkaError | None) -> UnavailableError:
    error = UnavailableError("Kafka cannot be reached.", retry_after_s=1.0)
    error.__cause__ = cause
    return error
