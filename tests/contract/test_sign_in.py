"""Signing in to Kafka: as MSK wants it, without an SDK, and by name and password."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from kafka.net.sasl import get_sasl_mechanism

from parley.streams.sign_in import connection_settings

HOST = "b-1.parley.abc123.c2.kafka.eu-west-1.amazonaws.com"


@dataclass
class Role:
    region: str = "eu-west-1"
    access_key_id: str = "AKIDEXAMPLE"
    secret_access_key: str = "secret/key"
    session_token: str | None = "session/token+with=signs"


@pytest.mark.parametrize("token", [None, "session/token+with=signs"])
def test_the_signature_is_the_one_that_botocore_makes(token: str | None) -> None:
    role = Role(session_token=token)
    settings = connection_settings("AWS_MSK_IAM", lambda: role)
    mechanism = get_sasl_mechanism("AWS_MSK_IAM")(host=HOST, **settings)
    message = json.loads(mechanism.auth_bytes())
    assert message["host"] == HOST

    # A presigned GET of the broker's root with the action as its one parameter: what MSK checks the signature as.
    request = AWSRequest("GET", f"https://{HOST}/?{urlencode({'Action': message['action']})}")
    signer = SigV4QueryAuth(
        Credentials(role.access_key_id, role.secret_access_key, token), "kafka-cluster", role.region, expires=900
    )
    request.context["timestamp"] = message["x-amz-date"]
    # It has no public door to signing at a given time.
    signer._modify_request_before_signing(request)  # type: ignore[attr-defined]
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    assert message["x-amz-signature"] == signature
    assert ("x-amz-security-token" in message) == (token is not None)


def test_credentials_are_asked_for_at_every_sign_in() -> None:
    roles = iter([Role(access_key_id="FIRST"), Role(access_key_id="SECOND")])
    settings = connection_settings("AWS_MSK_IAM", lambda: next(roles))
    keys = []
    for _ in range(2):
        message = json.loads(get_sasl_mechanism("AWS_MSK_IAM")(host=HOST, **settings).auth_bytes())
        keys.append(message["x-amz-credential"].split("/")[0])
    assert keys == ["FIRST", "SECOND"]


@pytest.mark.parametrize(("answer", "taken"), [(b'{"version": "2020_10_22"}', True), (b"", False)])
def test_an_empty_answer_is_a_refusal(answer: bytes, taken: bool) -> None:
    mechanism = get_sasl_mechanism("AWS_MSK_IAM")(host=HOST, **connection_settings("AWS_MSK_IAM", Role))
    assert not mechanism.is_done()
    mechanism.receive(answer)
    assert mechanism.is_done()
    assert mechanism.is_authenticated() == taken


def test_a_name_and_a_password_are_decoded() -> None:
    assert connection_settings("SCRAM-SHA-512:par%3Aley:p%40ss") == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "par:ley",
        "sasl_plain_password": "p@ss",
    }
    assert connection_settings("PLAINTEXT") == {}


@pytest.mark.parametrize("security", ["", "plaintext", "PLAIN:name", "PLAIN::password", "A:b:c:d", "AWS_MSK_IAM"])
def test_anything_else_is_refused_without_its_text(security: str) -> None:
    with pytest.raises(ValueError, match=r"it is neither|needs a role"):
        connection_settings(security)


def test_no_function_needs_an_sdk_to_sign_in() -> None:
    """The websocket functions' layer holds none, and what Lambda's runtime brings is not relied on."""
    code = (
        f"import sys; sys.path[:0] = {sys.path}; sys.modules['botocore'] = sys.modules['boto3'] = None\n"
        "from types import SimpleNamespace as Role\n"
        "from parley.streams.publisher import KafkaPublisher\n"
        "from kafka.net.sasl import get_sasl_mechanism\n"
        "role = Role(region='eu-west-1', access_key_id='a', secret_access_key='b', session_token=None)\n"
        "publisher = KafkaPublisher('127.0.0.1:1', 'AWS_MSK_IAM', lambda record: b'', role=lambda: role)\n"
        "print(get_sasl_mechanism('AWS_MSK_IAM')(host='broker').auth_bytes().decode())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["action"] == "kafka-cluster:Connect"
