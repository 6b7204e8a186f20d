"""The statements of a function's policy, one for each kind of thing that it needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from cdk.needs import Needs
from cdk.parts.kafka import KafkaCluster

_NETWORK_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


@dataclass(frozen=True, slots=True)
class Resources:
    """What policies can name, besides the stage's WebSocket APIs."""

    kafka: KafkaCluster
    key_arn: str
    secret_arns: Mapping[str, str]
    bucket_arns: Mapping[str, str]


def consumer_group(function_name: str, topic: str) -> str:
    """The group under which a function's pollers of one topic keep their offsets; another name reads all again."""
    return f"{function_name}-{topic}"


def network_interface_statements(function_arn: str) -> list[iam.PolicyStatement]:
    """Lets the Lambda service put the function into the VPC, and forbids the function's own code the same.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """
    return [
        _allow("Interfaces", _NETWORK_INTERFACES, ["*"]),
        iam.PolicyStatement(
            sid="NotForTheCode",
            effect=iam.Effect.DENY,
            actions=list(_NETWORK_INTERFACES),
            resources=["*"],
            conditions={"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
        ),
    ]


def statements_of(
    needs: Needs, resources: Resources, *, function_name: str, connections: Collection[str]
) -> list[iam.PolicyStatement]:
    """What `needs` comes to. A consumer's own code never reads from Kafka: the poller does so in its name.

    Args:
        needs: what the manifest says.
        resources: what there is.
        function_name: its full name, which begins the names of its pollers' consumer groups.
        connections: the `@connections` ARNs of every WebSocket API of the stage.
    """
    return [
        *_kafka(needs, resources.kafka, function_name),
        *_secrets(needs, resources),
        *_buckets(needs, resources),
        *_connections(needs, connections),
    ]


def _kafka(needs: Needs, cluster: KafkaCluster, function_name: str) -> list[iam.PolicyStatement]:
    if not needs.kafka:
        return []
    statements = [_allow("KafkaConnect", ["kafka-cluster:Connect"], [cluster.arn])]
    if needs.produces:
        topics = cluster.topic_arns(list(needs.produces))
        statements.append(_allow("KafkaProduce", ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"], topics))
        statements.append(_allow("KafkaProduceOnce", ["kafka-cluster:WriteDataIdempotently"], [cluster.arn]))
    if needs.consumes:
        topics = cluster.topic_arns(list(needs.consumes))
        groups = [cluster.group_arn(consumer_group(function_name, topic)) for topic in sorted(needs.consumes)]
        statements += [
            _allow("KafkaConsume", ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"], topics),
            _allow("KafkaGroup", ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"], groups),
            _allow(
                "KafkaPoller",
                ["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"],
                [cluster.arn],
            ),
            _allow("KafkaPollerCluster", ["kafka-cluster:DescribeClusterDynamicConfiguration"], [cluster.arn]),
            _allow(
                "KafkaPollerNetwork", ["ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"], ["*"]
            ),
        ]
    if needs.creates:
        actions = ("CreateTopic", "DescribeTopic", "DescribeTopicDynamicConfiguration")
        topics = cluster.topic_arns(list(needs.creates))
        statements.append(_allow("KafkaCreate", [f"kafka-cluster:{action}" for action in actions], topics))
    return statements


def _secrets(needs: Needs, resources: Resources) -> list[iam.PolicyStatement]:
    if not needs.secrets:
        return []
    arns = [resources.secret_arns[name] for name in sorted(needs.secrets)]
    return [
        _allow("Secrets", ["secretsmanager:GetSecretValue"], arns),
        _allow("Key", ["kms:Decrypt"], [resources.key_arn]),
    ]


def _buckets(needs: Needs, resources: Resources) -> list[iam.PolicyStatement]:
    statements = []
    if needs.buckets:
        objects = [f"{resources.bucket_arns[name]}/*" for name in sorted(needs.buckets)]
        statements += [
            _allow("Objects", ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], objects),
            _allow("ObjectsKey", ["kms:Decrypt", "kms:GenerateDataKey"], [resources.key_arn]),
        ]
    if needs.read_buckets:
        objects = [f"{resources.bucket_arns[name]}/*" for name in sorted(needs.read_buckets)]
        statements += [
            _allow("ReadObjects", ["s3:GetObject"], objects),
            _allow("ReadObjectsKey", ["kms:Decrypt"], [resources.key_arn]),
        ]
    return statements


def _connections(needs: Needs, arns: Collection[str]) -> list[iam.PolicyStatement]:
    if not needs.manages_connections:
        return []
    return [_allow("Connections", ["execute-api:ManageConnections"], arns)]


def _allow(sid: str, actions: Collection[str], resources: Collection[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=list(actions), resources=list(resources))
