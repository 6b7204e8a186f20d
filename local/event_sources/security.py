"""How to speak to Kafka: in the clear, or by TLS with a name and a password."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

from kafka.errors import KafkaError as ClientError
from kafka.net.sasl import get_sasl_mechanism

from local.event_sources import wire
from local.event_sources.wire import KafkaError, Reader

if TYPE_CHECKING:
    from local.event_sources.connection import Connection

PLAINTEXT = "PLAINTEXT"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True)
class Security:
    """`mechanism` is one of MECHANISMS, or empty: then neither TLS nor SASL is spoken. `ca_file` adds an authority."""

    mechanism: str = ""
    name: str = ""
    password: str = ""
    ca_file: str = ""

    @classmethod
    def read(cls, text: str, ca_file: str = "") -> Self:
        """From `PLAINTEXT` or `MECHANISM:name:password`, name and password percent-encoded.

        Raises:
            ValueError: it is neither; the text has no part of it.
        """
        if text == PLAINTEXT:
            return cls()
        mechanism, _, login = text.partition(":")
        name, _, password = login.partition(":")
        if mechanism not in MECHANISMS or not name or not password:
            raise ValueError(f"must be {PLAINTEXT} or MECHANISM:name:password, with one of {', '.join(MECHANISMS)}")
        return cls(mechanism, unquote(name), unquote(password), ca_file)

    def __repr__(self) -> str:
        return f"Security({self.mechanism or PLAINTEXT})"

    @property
    def client_settings(self) -> dict[str, Any]:
        """What kafka-python's clients are to be given."""
        if not self.mechanism:
            return {}
        return {
            "security_protocol": "SASL_SSL",
            "ssl_context": self.context,
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.name,
            "sasl_plain_password": self.password,
        }

    @cached_property
    def context(self) -> ssl.SSLContext | None:
        """For the connections; None where TLS is not spoken."""
        return ssl.create_default_context(cafile=self.ca_file or None) if self.mechanism else None

    async def sign_in(self, connection: Connection, host: str) -> None:
        """Signs in on a new connection; kafka-python knows the mechanisms.

        Raises:
            KafkaError: the broker refuses, or answers what the mechanism does not expect.
        """
        if not self.mechanism:
            return
        answer = Reader(await connection.send(wire.SASL_HANDSHAKE, 1, wire.text(self.mechanism)))
        wire.check(answer.number(2), f"offering {self.mechanism} to the broker")
        mechanism = get_sasl_mechanism(self.mechanism)(host=host, **self.client_settings)
        try:
            while not mechanism.is_done():
                asked = wire.blob(mechanism.auth_bytes())
                answer = Reader(await connection.send(wire.SASL_AUTHENTICATE, 0, asked))
                wire.check(answer.number(2), f"signing in by {self.mechanism}")
                answer.text()
                mechanism.receive(answer.blob())
        except (ClientError, ValueError, KeyError) as error:
            raise KafkaError(f"the broker's part of {self.mechanism} was wrong: {type(error).__name__}") from error
        if not mechanism.is_authenticated():
            raise KafkaError(f"the broker refuses the name and password given by {self.mechanism}")


CLEAR = Security()
