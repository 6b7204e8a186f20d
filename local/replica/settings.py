"""What the environment tells a replica."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from local.event_sources import Security
from local.failures import StartError
from local.settings import PROJECT_ROOT

Role = Literal["gateway", "worker", "all"]
CALLBACK_TEMPLATE = "http://{domainName}/{stage}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSettings:
    """Where everything is that all replicas share, and which of them this is.

    Args:
        role: `gateway` serves clients, `worker` reads Kafka and runs schedules, `all` does both.
        stage: what the manifest's `${stage}` is.
        host, port: where the gateway listens.
        probe_port: where probes and metrics are served, to whoever can reach it.
        address: the `domainName` of this gateway's sockets; `callback_template` makes of it the address at which the
            other replicas reach its @connections.
        public_url: where clients find the gateways: `https://chat.example.com`.
        kafka_servers, kafka_security, kafka_ca_file: see `Security`; without a file, the system's authorities count.
        mongo_uri, redis_url: as the functions get them.
        aws_endpoint_url: what functions get as AWS_ENDPOINT_URL; empty for AWS's own S3.
        secrets: the folder with a file for each `${secrets.…}` of the manifest, for `aws_access_key_id` and for
            `aws_secret_access_key`: the pair by which functions sign calls of @connections and of the object store.
        replication: copies of each partition of topics that `deploy` makes.
        session_s: after how long without a sign of life a worker's partitions go to the others.
    """

    role: Role
    stage: str
    host: str
    port: int
    probe_port: int
    address: str
    callback_template: str
    public_url: str
    kafka_servers: str
    kafka_security: str = field(repr=False)
    kafka_ca_file: str
    mongo_uri: str = field(repr=False)
    redis_url: str = field(repr=False)
    aws_endpoint_url: str
    region: str
    secrets: Path
    manifest: Path
    replication: int
    session_s: int

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> ReplicaSettings:
        """From variables of the fields' names in capitals; Kafka's servers are KAFKA_BOOTSTRAP_SERVERS.

        Raises:
            StartError: one that has no default is missing, or one cannot be what it is.
        """
        missing = [name for name in REQUIRED if not environment.get(name)]
        if missing:
            raise StartError(f"A replica needs {', '.join(missing)}: see deploy/kubernetes/README.md.")
        role = environment.get("ROLE") or "all"
        if role not in get_args(Role):
            raise StartError(f"ROLE={role} is none of {', '.join(get_args(Role))}.")
        port = _number(environment, "PORT", "8000")
        settings = cls(
            role=cast("Role", role),
            stage=environment.get("STAGE") or "kubernetes",
            host=environment.get("HOST") or "0.0.0.0",
            port=port,
            probe_port=_number(environment, "PROBE_PORT", "8081"),
            address=environment.get("ADDRESS") or f"localhost:{port}",
            callback_template=environment.get("CALLBACK_TEMPLATE") or CALLBACK_TEMPLATE,
            public_url=environment["PUBLIC_URL"].rstrip("/"),
            kafka_servers=environment["KAFKA_BOOTSTRAP_SERVERS"],
            kafka_security=environment.get("KAFKA_SECURITY") or "PLAINTEXT",
            kafka_ca_file=environment.get("KAFKA_CA_FILE") or "",
            mongo_uri=environment["MONGO_URI"],
            redis_url=environment["REDIS_URL"],
            aws_endpoint_url=environment.get("AWS_ENDPOINT_URL") or "",
            region=environment.get("REGION") or "us-east-1",
            secrets=Path(environment["SECRETS"]),
            manifest=Path(environment.get("MANIFEST") or PROJECT_ROOT / "functions" / "manifest.toml"),
            replication=_number(environment, "REPLICATION", "3"),
            session_s=_number(environment, "SESSION_S", "10"),
        )
        settings.security  # noqa: B018 - a mistake in it is told now
        return settings

    @property
    def security(self) -> Security:
        """How to speak to Kafka.

        Raises:
            StartError: KAFKA_SECURITY cannot be read.
        """
        try:
            return Security.read(self.kafka_security, self.kafka_ca_file)
        except ValueError as error:
            raise StartError(f"KAFKA_SECURITY {error}.") from error

    def secret(self, name: str) -> str:
        """A secret's text.

        Raises:
            StartError: its file is missing, or empty.
        """
        try:
            text = (self.secrets / name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise StartError(f"The secret {name} cannot be read from {self.secrets}: {error.strerror}.") from error
        if not text:
            raise StartError(f"The secret {name} in {self.secrets} is empty.")
        return text


REQUIRED = ("PUBLIC_URL", "KAFKA_BOOTSTRAP_SERVERS", "MONGO_URI", "REDIS_URL", "SECRETS")


def _number(environment: Mapping[str, str], name: str, default: str) -> int:
    text = environment.get(name) or default
    if not text.isascii() or not text.isdigit() or not int(text):
        raise StartError(f"{name}={text} is no number above 0.")
    return int(text)
