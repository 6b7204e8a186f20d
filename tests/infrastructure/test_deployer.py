"""The deployer's answers to CloudFormation."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from moto import mock_aws

from cdk.deployer import handler as deployer

REGION = "eu-west-1"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", REGION)):
        monkeypatch.setenv(f"AWS_{name}", value)


class CloudFormation:
    """Where answers are sent to."""

    def __init__(self) -> None:
        answers: list[dict[str, Any]] = []
        self.answers = answers

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                answers.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Tests are quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def event(self, request: str, **properties: Any) -> dict[str, Any]:
        return {
            "RequestType": request,
            "ResponseURL": f"http://127.0.0.1:{self.server.server_port}/answer",
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "Resource",
            **({} if request == "Create" else {"PhysicalResourceId": "physical"}),
            "ResourceProperties": properties,
        }

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    made = CloudFormation()
    yield made
    made.close()


@pytest.fixture
def secret() -> Iterator[str]:
    with mock_aws():
        yield str(boto3.client("secretsmanager").create_secret(Name="signing-key")["ARN"])


class Clients:
    """Stands in for boto3: hands out one client whatever it is asked for, and keeps the calls."""

    def __init__(self, **answers: Any) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def client(self, _service: str, **_: Any) -> Clients:
        return self

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append((operation, arguments))
            return self._answers[operation]

        return call


def test_the_signing_key_is_made_once_and_kept(secret: str) -> None:
    event = {
        "RequestType": "Create",
        "ResourceProperties": {"Act": "SigningKey", "SecretArn": secret, "Generation": "1"},
    }
    first = deployer.answer_of(event)
    again = deployer.answer_of({**event, "RequestType": "Update", "PhysicalResourceId": first[0]})
    assert again == first
    stored = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])
    private = serialization.load_pem_private_key(stored["private_key"].encode(), None)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert first[1] == {"PublicKey": public.decode()}


def test_a_new_generation_makes_a_new_key(secret: str) -> None:
    def made(generation: str) -> tuple[str, dict[str, str]]:
        properties = {"Act": "SigningKey", "SecretArn": secret, "Generation": generation}
        return deployer.answer_of({"RequestType": "Update", "ResourceProperties": properties})

    first, second = made("1"), made("2")
    assert first[0] == second[0]
    assert first[1] != second[1]


def test_a_secret_that_may_not_be_read_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def get_secret_value(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetSecretValue")

    monkeypatch.setattr(boto3, "client", lambda _: Refusing())
    with pytest.raises(ClientError):
        deployer.signing_key({"SecretArn": "arn", "Generation": "1"})


def test_brokers_are_those_with_iam(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = Clients(get_bootstrap_brokers={"BootstrapBrokerStringSaslIam": "b-1:9098,b-2:9098"})
    monkeypatch.setattr(deployer, "boto3", clients)
    assert deployer.brokers({"ClusterArn": "arn"}) == ("arn/brokers", {"Addresses": "b-1:9098,b-2:9098"})
    monkeypatch.setattr(deployer, "boto3", Clients(get_bootstrap_brokers={"BootstrapBrokerStringTls": "b-1:9094"}))
    with pytest.raises(deployer.DeployError):
        deployer.brokers({"ClusterArn": "arn"})


def test_the_login_is_the_clusters_own_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"DBClusters": [{"MasterUserSecret": {"SecretArn": "arn:secret"}}]}
    monkeypatch.setattr(deployer, "boto3", Clients(describe_db_clusters=found))
    assert deployer.database_login({"Cluster": "database"})[1] == {"SecretArn": "arn:secret"}
    monkeypatch.setattr(deployer, "boto3", Clients(describe_db_clusters={"DBClusters": [{}]}))
    with pytest.raises(deployer.DeployError):
        deployer.database_login({"Cluster": "database"})


def test_a_deploy_function_is_run_with_its_properties_and_answers_data(monkeypatch: pytest.MonkeyPatch) -> None:
    clients = Clients(invoke={"Payload": io.BytesIO(b'{"PhysicalResourceId": "x", "Data": {"Topics": 4}}')})
    monkeypatch.setattr(deployer, "boto3", clients)
    properties = {"Act": "Run", "Function": "set_up:live", "Version": "7", "Properties": {"Topics": []}}
    answer = deployer.answer_of({"RequestType": "Create", "ResourceProperties": properties})
    assert answer == ("set_up:live/run", {"Topics": "4"})
    ((_, arguments),) = clients.calls
    assert json.loads(arguments["Payload"]) == {"RequestType": "Create", "ResourceProperties": {"Topics": []}}


def test_a_deploy_function_that_fails_stops_the_deploy_with_its_words(
    monkeypatch: pytest.MonkeyPatch, cloudformation: CloudFormation
) -> None:
    failure = b'{"errorType": "TopicError", "errorMessage": "chat.send has 12 partitions, not 24"}'
    monkeypatch.setattr(
        deployer, "boto3", Clients(invoke={"FunctionError": "Unhandled", "Payload": io.BytesIO(failure)})
    )
    deployer.handler(cloudformation.event("Update", Act="Run", Function="set_up:live", Properties={}), None)
    (answer,) = cloudformation.answers
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == "physical"
    assert "chat.send has 12 partitions, not 24" in answer["Reason"]


def test_cloudformation_always_gets_an_answer(cloudformation: CloudFormation) -> None:
    deployer.handler(cloudformation.event("Create", Act="Nonsense"), None)
    deployer.handler(cloudformation.event("Delete", Act="Nonsense"), None)
    refused, deleted = cloudformation.answers
    assert (refused["Status"], refused["PhysicalResourceId"]) == ("FAILED", "Resource")
    assert (deleted["Status"], deleted["PhysicalResourceId"]) == ("SUCCESS", "physical")
    assert {"StackId", "RequestId", "LogicalResourceId"} <= refused.keys()
