"""How a client of Kafka signs in: with a function's role, with a name and a password, or not at all.

kafka-python's own AWS_MSK_IAM signs without an SDK but asks botocore for the credentials, which no layer of the
websocket functions holds and which takes half as long to import as all the rest of them. The mechanism registered here
takes the credentials from the settings instead and leaves the signing to kafka-python.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import unquote

from kafka.net.sasl import register_sasl_mechanism
from kafka.net.sasl.abc import SaslMechanism
from kafka.net.sasl.msk import AwsMskIamClient

PLAINTEXT: Final = "PLAINTEXT"
AWS_MSK_IAM: Final = "AWS_MSK_IAM"


class Role(Protocol):
    """A function's role: its region and the keys of the moment."""

    @property
    def region(self) -> str: ...
    @property
    def access_key_id(self) -> str: ...
    @property
    def secret_access_key(self) -> str: ...
    @property
    def session_token(self) -> str | None: ...


class RoleSignIn(SaslMechanism):  # type: ignore[misc] # kafka-python ships no types
    """The SASL mechanism AWS_MSK_IAM: one signed message, one answer.

    Source: https://github.com/aws/aws-msk-iam-auth, "Details"

    Args:
        role: asked for at every sign-in.
        host: the broker's name as it was connected to; the signature holds for it alone.
    """

    def __init__(self, role: Callable[[], Role], *, host: str, **_: Any) -> None:
        self._role = role
        self._host = host
        self._answer: bytes | None = None

    def auth_bytes(self) -> bytes:
        """The signed message."""
        role = self._role()
        client = AwsMskIamClient(
            self._host, role.access_key_id, role.secret_access_key, role.region, token=role.session_token
        )
        message: bytes = client.first_message()
        return message

    def receive(self, auth_bytes: bytes) -> None:
        """Takes the broker's answer, which is empty where it refuses."""
        self._answer = auth_bytes

    def is_done(self) -> bool:
        """Whether the answer is there."""
        return self._answer is not None

    def is_authenticated(self) -> bool:
        """Whether the broker took the signature."""
        return bool(self._answer)


def connection_settings(security: str, role: Callable[[], Role] | None = None) -> dict[str, Any]:
    """What kafka-python's clients are to be given besides addresses.

    Args:
        security: `PLAINTEXT`, `AWS_MSK_IAM`, or `MECHANISM:name:password` with a mechanism of kafka-python's such as
            `SCRAM-SHA-512` and both texts percent-encoded. All but the first speak TLS.
        role: needed for `AWS_MSK_IAM`, which is one for the whole process.

    Raises:
        ValueError: `security` is none of these, or `AWS_MSK_IAM` without a role.
    """
    if security == PLAINTEXT:
        return {}
    if security == AWS_MSK_IAM:
        if role is None:
            raise ValueError("AWS_MSK_IAM needs a role")
        register_sasl_mechanism(AWS_MSK_IAM, partial(RoleSignIn, role), overwrite=True)
        return {"security_protocol": "SASL_SSL", "sasl_mechanism": AWS_MSK_IAM}
    mechanism, name, password = (*security.split(":"), "", "")[:3]
    if not name or not password or security.count(":") != 2:
        raise ValueError("it is neither PLAINTEXT, AWS_MSK_IAM nor MECHANISM:name:password")
    return {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": unquote(name),
        "sasl_plain_password": unquote(password),
    }
