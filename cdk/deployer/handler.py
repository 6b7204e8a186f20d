"""Answers CloudFormation's custom resources: look-ups, the signing key, and the run of the project's deploy functions.

Runs in Lambda with the runtime's own boto3 and, for the signing key, the `cryptography` of the dependency layer.
Nothing here deletes anything: a deleted custom resource is acknowledged and that is all.
"""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

logger = logging.getLogger()

Properties = Mapping[str, Any]
Answer = tuple[str, dict[str, str]]
"""The physical id, which must never change for the same resource, and the attributes for `Fn::GetAtt`."""


class DeployError(Exception):
    """The deploy must stop; the text is what the person at the keyboard sees."""


def handler(event: dict[str, Any], _context: object) -> None:
    """Does what the custom resource in `event` asks for, and always tells CloudFormation how it went."""
    try:
        physical_id, data = answer_of(event)
        body = {"Status": "SUCCESS", "PhysicalResourceId": physical_id, "Data": data}
    except Exception as error:
        logger.exception("custom resource failed")
        physical_id = event.get("PhysicalResourceId") or event["LogicalResourceId"]
        body = {
            "Status": "FAILED",
            "PhysicalResourceId": physical_id,
            "Reason": f"{type(error).__name__}: {error}"[:3000],
        }
    tell(event, body)


def answer_of(event: Mapping[str, Any]) -> Answer:
    """What one custom resource gets.

    Raises:
        DeployError: what was asked for is unknown, missing or refused.
    """
    if event["RequestType"] == "Delete":
        return event["PhysicalResourceId"], {}
    properties: Properties = event["ResourceProperties"]
    acts: dict[str, Callable[[Properties, str], Answer]] = {
        "Brokers": lambda given, _: brokers(given),
        "DatabaseLogin": lambda given, _: database_login(given),
        "SigningKey": lambda given, _: signing_key(given),
        "Run": run,
    }
    act = acts.get(properties.get("Act", ""))
    if act is None:
        raise DeployError(f"unknown act {properties.get('Act')!r}")
    return act(properties, event["RequestType"])


def brokers(properties: Properties) -> Answer:
    """The addresses of an MSK cluster's brokers for IAM authentication, which its CloudFormation type does not tell."""
    arn = properties["ClusterArn"]
    found = boto3.client("kafka").get_bootstrap_brokers(ClusterArn=arn)
    addresses = found.get("BootstrapBrokerStringSaslIam")
    if not addresses:
        raise DeployError(f"{arn} has no brokers with IAM authentication")
    return f"{arn}/brokers", {"Addresses": addresses}


def database_login(properties: Properties) -> Answer:
    """The ARN of the secret that DocumentDB made for its master user."""
    cluster = properties["Cluster"]
    found = boto3.client("docdb").describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]
    secret = found.get("MasterUserSecret", {}).get("SecretArn")
    if not secret:
        raise DeployError(f"{cluster} has no managed password")
    return f"{cluster}/login", {"SecretArn": secret}


def signing_key(properties: Properties) -> Answer:
    """Makes the Ed25519 pair that signs access tokens, once for each `Generation`, and tells its public half.

    A pair that is there is kept: running this again changes nothing, so no one is signed out by a deploy.
    """
    client = boto3.client("secretsmanager")
    secret, generation = properties["SecretArn"], str(properties["Generation"])
    pair = _stored_pair(client, secret)
    if pair is None or pair["generation"] != generation:
        pair = {"generation": generation, **_new_pair()}
        client.put_secret_value(SecretId=secret, SecretString=json.dumps(pair))
    return f"{secret}/key", {"PublicKey": pair["public_key"]}


def _stored_pair(client: Any, secret: str) -> dict[str, str] | None:
    try:
        pair: dict[str, str] = json.loads(client.get_secret_value(SecretId=secret)["SecretString"])
    except ClientError as error:
        # A secret that was never given a value is "not found", and is so just once in its life.
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return pair


def _new_pair() -> dict[str, str]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"private_key": private.decode(), "public_key": public.decode()}


def run(properties: Properties, request: str) -> Answer:
    """Invokes a deploy function of the project and waits for it; what it raises stops the deploy."""
    function = properties["Function"]
    # Five minutes: longer than any deploy function may take, and never a second try of one that is still at it.
    client = boto3.client("lambda", config=Config(read_timeout=300, retries={"max_attempts": 0}))
    event = {"RequestType": request, "ResourceProperties": properties["Properties"]}
    response = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    payload = json.loads(response["Payload"].read() or b"null")
    if response.get("FunctionError"):
        detail = payload if isinstance(payload, dict) else {}
        raise DeployError(f"{function}: {detail.get('errorType', 'error')}: {detail.get('errorMessage', payload)}")
    data = payload.get("Data", {}) if isinstance(payload, dict) else {}
    return f"{function}/run", {str(label): str(text) for label, text in data.items()}


def tell(event: Mapping[str, Any], body: Mapping[str, Any]) -> None:
    """Sends the answer to the address that CloudFormation gave."""
    answer = {**body, "StackId": event["StackId"], "RequestId": event["RequestId"]}
    answer["LogicalResourceId"] = event["LogicalResourceId"]
    request = urllib.request.Request(  # noqa: S310 - the address comes from CloudFormation and is always https
        event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT", headers={"content-type": ""}
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - as above
        pass
