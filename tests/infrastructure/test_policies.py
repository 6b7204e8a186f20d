"""A function may use what the manifest names for it, and nothing else."""

from __future__ import annotations

import re

from cdk.needs import needs_of
from functions.manifest import Manifest
from tests.infrastructure.synthesis import Synthesis, walk

# Neither network interfaces nor X-Ray segments have ARNs.
WITHOUT_ARN = re.compile(
    r"ec2:(AssignPrivateIpAddresses|CreateNetworkInterface|DeleteNetworkInterface|DescribeNetworkInterfaces"
    r"|DescribeSecurityGroups|DescribeSubnets|DescribeVpcs|UnassignPrivateIpAddresses)|xray:Put(Trace|Telemetry)\w+"
)
SECRETS = {
    "signing_key": "SigningKey",
    "database": "DatabaseLogin",
    "cache": "CacheLogin",
    "sync_key": "SyncKey",
    "edge_key": "EdgeKey",
}


def _resources(stage: Synthesis, function: str, action: str) -> set[str]:
    return {
        resource
        for statement in stage.statements(function)
        if statement["Effect"] == "Allow" and action in statement["Action"]
        for resource in statement["Resource"]
    }


def _last_parts(arns: set[str]) -> set[str]:
    return {arn.rsplit("/", 1)[1] for arn in arns}


def test_topics_are_written_and_read_by_name_only(stage: Synthesis, manifest: Manifest) -> None:
    for name, function in manifest.functions.items():
        needs = needs_of(function, manifest)
        assert _last_parts(_resources(stage, name, "kafka-cluster:WriteData")) == needs.produces, name
        assert _last_parts(_resources(stage, name, "kafka-cluster:ReadData")) == needs.consumes, name
        assert _last_parts(_resources(stage, name, "kafka-cluster:CreateTopic")) == needs.creates, name
        assert bool(_resources(stage, name, "kafka-cluster:Connect")) == needs.kafka, name
        topics = _resources(stage, name, "kafka-cluster:WriteData") | _resources(stage, name, "kafka-cluster:ReadData")
        assert all(":topic/" in arn and "*" not in arn for arn in topics), name


def test_a_consumer_joins_its_own_groups_only(stage: Synthesis, manifest: Manifest) -> None:
    for name, function in manifest.functions.items():
        groups = _last_parts(_resources(stage, name, "kafka-cluster:AlterGroup"))
        consumes = needs_of(function, manifest).consumes
        assert {group.split("-", 2)[2] for group in groups} == {f"{name}-{topic}" for topic in consumes}


def test_secrets_are_read_by_name_only(stage: Synthesis, manifest: Manifest) -> None:
    for name, function in manifest.functions.items():
        readable = _resources(stage, name, "secretsmanager:GetSecretValue")
        needed = needs_of(function, manifest).secrets
        assert len(readable) == len(needed), name
        assert all("*" not in arn for arn in readable), name
        for secret, mark in SECRETS.items():
            assert any(mark in arn for arn in readable) == (secret in needed), (name, secret)


def test_only_those_who_sign_tokens_can_read_the_signing_key(stage: Synthesis) -> None:
    readers = {
        name
        for name in stage.functions()
        if any("SigningKey" in arn for arn in _resources(stage, name, "secretsmanager:GetSecretValue"))
    }
    assert readers == {"rest_auth", "set_up"}


def test_buckets_are_used_by_name_only(stage: Synthesis, manifest: Manifest) -> None:
    for name, function in manifest.functions.items():
        needs = needs_of(function, manifest)
        assert len(_resources(stage, name, "s3:GetObject")) == len(needs.buckets | needs.read_buckets), name
        assert len(_resources(stage, name, "s3:PutObject")) == len(needs.buckets), name
        assert len(_resources(stage, name, "s3:DeleteObject")) == len(needs.buckets), name


def test_only_pushing_functions_manage_connections_and_those_of_every_cell(
    stage: Synthesis, manifest: Manifest
) -> None:
    cells = [
        api
        for api in stage.resources("AWS::ApiGatewayV2::Api", "api").values()
        if api["Properties"]["ProtocolType"] == "WEBSOCKET"
    ]
    for name, function in manifest.functions.items():
        named = _resources(stage, name, "execute-api:ManageConnections")
        assert len(named) == (len(cells) if function.permissions.manage_connections else 0), name
        assert all(arn.endswith(f"/{manifest.websocket.stage}/*/@connections/*") for arn in named), name


def test_no_action_is_a_pattern_and_everything_only_where_there_is_no_name(stage: Synthesis) -> None:
    for name in stage.functions():
        for statement in stage.statements(name):
            assert not [action for action in statement["Action"] if "*" in action], (name, statement)
            if statement["Effect"] == "Allow" and "*" in statement["Resource"]:
                assert all(WITHOUT_ARN.fullmatch(action) for action in statement["Action"]), (name, statement)


def test_a_functions_own_code_may_not_touch_the_network(stage: Synthesis) -> None:
    for name in stage.functions():
        allowed = {a for s in stage.statements(name) if s["Effect"] == "Allow" for a in s["Action"]}
        denied = {a for s in stage.statements(name) if s["Effect"] == "Deny" for a in s["Action"]}
        changing = {action for action in allowed if action.startswith("ec2:") and ":Describe" not in action}
        assert changing <= denied, name


def test_no_managed_policy_is_attached_to_a_function(stage: Synthesis) -> None:
    roles = {properties["Role"]["Fn::GetAtt"][0] for properties in stage.functions().values()}
    for id_, role in stage.resources("AWS::IAM::Role").items():
        if id_ in roles:
            assert "ManagedPolicyArns" not in role["Properties"], id_


def test_an_api_may_call_its_functions_and_no_stranger_may(stage: Synthesis) -> None:
    for permission in stage.resources("AWS::Lambda::Permission").values():
        properties = permission["Properties"]
        assert properties["Principal"] == "apigateway.amazonaws.com"
        assert "SourceArn" in properties


def test_the_deployer_may_write_the_signing_key_and_no_other_secret(stage: Synthesis) -> None:
    written = [
        statement["Resource"]
        for policy in stage.resources("AWS::IAM::Policy", "data").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if "secretsmanager:PutSecretValue" in statement["Action"]
    ]
    assert written == [{"Ref": "SigningKey"}]


def test_every_trust_names_one_service(stage: Synthesis) -> None:
    for role in stage.resources("AWS::IAM::Role").values():
        principals = [value for value in walk(role["Properties"]["AssumeRolePolicyDocument"]) if value == "*"]
        assert not principals
