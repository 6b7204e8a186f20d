"""What moto knows of every stack is deployed into its CloudFormation, and policies are enforced there on real calls.

That knows neither MSK, DocumentDB, ElastiCache users, CloudFront, WebSocket APIs, alarms, secrets nor bucket policies,
and would run functions in Docker: those are left out, what refers to them gets a made-up text, and the secrets are made
by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from functions.manifest import Manifest
from tests.infrastructure.conftest import Synthesize
from tests.infrastructure.synthesis import STACKS, Synthesis

REGION = "eu-west-1"
KNOWN = (
    "AWS::EC2::EIP",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::NatGateway",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
)


def _known_part(template: Mapping[str, Any]) -> dict[str, Any]:
    """The resources that moto knows, with references to all others replaced by a text."""
    resources = {id_: dict(resource) for id_, resource in template["Resources"].items() if resource["Type"] in KNOWN}

    def replaced(value: Any) -> Any:
        if isinstance(value, list):
            return [replaced(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        for function in ("Ref", "Fn::GetAtt"):
            if function in value:
                target = value[function] if function == "Ref" else value[function][0]
                if target not in resources and not str(target).startswith("AWS::"):
                    return f"arn:aws:other:{REGION}:123456789012:made-up/{target}/uuid"
        if "Fn::ImportValue" in value:
            return f"arn:aws:other:{REGION}:123456789012:made-up/import"
        inside = {key: replaced(inner) for key, inner in value.items()}
        # A part of an ARN that was made up.
        return "made-up" if "Fn::Select" in value and "Fn::Split" in str(inside) else inside

    for resource in resources.values():
        resource["Properties"] = replaced(resource.get("Properties", {}))
        resource.pop("DependsOn", None)
        # moto reads a key's tags under the names of KMS's own API, which are not CloudFormation's.
        resource["Properties"].pop("Tags", None)
    return {"Resources": resources}


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", REGION)):
        monkeypatch.setenv(f"AWS_{name}", value)


def test_every_stack_is_deployed_as_far_as_it_is_known(credentials: None, synthesis_of: Synthesize) -> None:
    # Not dev's: moto gives VPCs no IPv6.
    stage = synthesis_of("prod")
    with mock_aws():
        client = boto3.client("cloudformation")
        for name in STACKS:
            known = _known_part(stage.templates[name])
            assert known["Resources"], name
            client.create_stack(StackName=name, TemplateBody=json.dumps(known))
            (stack,) = client.describe_stacks(StackName=name)["Stacks"]
            made = client.describe_stack_resources(StackName=name)["StackResources"]
            assert (stack["StackStatus"], len(made)) == ("CREATE_COMPLETE", len(known["Resources"])), name


@pytest.fixture
def account(credentials: None, synthesis_of: Synthesize) -> Iterator[Synthesis]:
    """An account of moto's with the known part of dev's data stack in it."""
    dev = synthesis_of("dev")
    with mock_aws():
        boto3.client("cloudformation").create_stack(
            StackName="data", TemplateBody=json.dumps(_known_part(dev.templates["data"]))
        )
        yield dev


def test_functions_may_do_what_their_policy_says_and_nothing_else(account: Synthesis, manifest: Manifest) -> None:
    """moto enforces actions and looks at no resource: those are held to the manifest in test_policies."""
    arn = boto3.client("secretsmanager").create_secret(Name="any", SecretString="{}")["ARN"]
    sessions = {name: _session(account, name) for name in manifest.functions}

    @set_initial_no_auth_action_count(0)
    def check_all() -> None:
        for name, session in sessions.items():
            secrets, s3, kms = session.client("secretsmanager"), session.client("s3"), session.client("kms")
            assert _may(secrets.get_secret_value, SecretId=arn), name
            assert not _may(secrets.put_secret_value, SecretId=arn, SecretString="{}"), name
            assert not _may(secrets.list_secrets), name
            assert not _may(s3.list_buckets), name
            assert not _may(kms.create_key), name

    check_all()


def _session(account: Synthesis, function: str) -> boto3.Session:
    """Signs as a user who has the function's policy."""
    # The denial of network actions has a condition on the function, which a user is not.
    statements = [
        {**statement, "Resource": "*"} for statement in account.statements(function) if statement["Effect"] == "Allow"
    ]
    iam = boto3.client("iam")
    iam.create_user(UserName=function)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=function, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=function)["AccessKey"]
    return boto3.Session(
        aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"], region_name=REGION
    )


def _may(call: Callable[..., object], **arguments: str) -> bool:
    try:
        call(**arguments)
    except ClientError as error:
        # moto refuses in XML, of which a client of a JSON service makes no code.
        assert "not authorized" in str(error) or "AccessDenied" in str(error), error  # noqa: PT017 - told by its text
        return False
    return True
