"""The one way in which a function of the manifest becomes a Lambda function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk.needs import Needs, needs_of
from cdk.parts.layers import LayerSet, layer_version
from cdk.parts.policy import Resources, network_interface_statements, statements_of
from cdk.stacks.network import NetworkStack
from cdk.stages import Stage
from functions.manifest import Function, Manifest, fill

if TYPE_CHECKING:
    from cdk.parts.websocket import WebSocketCell

ALIAS = "live"
LOG_RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What all functions of a stage share. `values` fills the placeholders of the manifest's environment."""

    stage: Stage
    manifest: Manifest
    network: NetworkStack
    layers: LayerSet
    key: kms.IKey
    resources: Resources
    cells: Sequence[WebSocketCell]
    values: Mapping[str, str]


def log_name(stage: Stage, name: str) -> str:
    """The name of a log of the stage."""
    return f"/parley/{stage.name}/{name}"


def log_group(scope: Construct, id_: str, *, stage: Stage, name: str, key: kms.IKey) -> logs.LogGroup:
    """A log of the stage: encrypted, kept as long as the stage says, and gone with its stack."""
    return logs.LogGroup(
        scope,
        id_,
        log_group_name=log_name(stage, name),
        retention=LOG_RETENTION[stage.log_days],
        encryption_key=key,
        removal_policy=RemovalPolicy.DESTROY,
    )


class ManifestFunction(Construct):
    """A function of the manifest with its log, its role and the alias that everything calls it by.

    Its policy holds a statement for each thing that the manifest says it needs, and nothing else.
    """

    def __init__(self, scope: Construct, function: Function, setting: Setting) -> None:
        super().__init__(scope, _construct_id(function.name))
        self.spec = function
        self.needs = needs_of(function, setting.manifest)
        self.function_name = setting.stage.resource(function.name)
        self.log_name = log_name(setting.stage, function.name)
        self.log = log_group(self, "Log", stage=setting.stage, name=function.name, key=setting.key)
        self.role = self._make_role(setting)
        self.function = self._make_function(setting)
        self.alias = lambda_.Alias(
            self,
            "Alias",
            alias_name=ALIAS,
            version=self.function.current_version,
            description="What triggers call; a deploy moves it to the new version",
        )

    def _make_role(self, setting: Setting) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {self.spec.name} may do",
        )
        self.log.grant_write(role)
        function_arn = Stack.of(self).format_arn(
            service="lambda",
            resource="function",
            resource_name=self.function_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        for statement in (
            *network_interface_statements(function_arn),
            *statements_of(
                self.needs,
                setting.resources,
                function_name=self.function_name,
                connections=[cell.connections_arn(self) for cell in setting.cells],
            ),
        ):
            role.add_to_policy(statement)
        return role

    def _make_function(self, setting: Setting) -> lambda_.Function:
        spec, layers = self.spec, setting.layers
        used = [layers.dependencies[spec.dependencies], layers.shared]
        if self.needs.database:
            used.append(layers.certificates)
        return lambda_.Function(
            self,
            "Function",
            function_name=self.function_name,
            description=spec.description,
            architecture=lambda_.Architecture.ARM_64,
            runtime=lambda_.Runtime.PYTHON_3_13,
            code=lambda_.Code.from_asset(str(spec.code), exclude=["__pycache__", "*.pyc"]),
            handler=spec.handler,
            layers=[layer_version(self, layer, setting.stage) for layer in used],
            memory_size=spec.memory_mb,
            timeout=Duration.seconds(spec.timeout_s),
            reserved_concurrent_executions=spec.reserved_concurrency,
            environment={name: fill(text, setting.values) for name, text in spec.environment.items()},
            params_and_secrets=_secrets_extension() if self.needs.secrets else None,
            role=self.role,
            vpc=setting.network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=setting.network.function_subnets.subnets),
            security_groups=_security_groups(self.needs, setting.network),
            ipv6_allowed_for_dual_stack=setting.stage.network.egress == "ipv6",
            log_group=self.log,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
        )


def _security_groups(needs: Needs, network: NetworkStack) -> list[ec2.ISecurityGroup]:
    groups: list[ec2.ISecurityGroup] = [network.functions]
    if needs.database:
        groups.append(network.database_clients)
    if needs.cache:
        groups.append(network.cache_clients)
    if needs.produces | needs.creates:
        groups.append(network.kafka_clients)
    return groups


def _secrets_extension() -> lambda_.ParamsAndSecretsLayerVersion:
    return lambda_.ParamsAndSecretsLayerVersion.from_version(
        lambda_.ParamsAndSecretsVersions.V1_0_103,
        cache_size=10,
        log_level=lambda_.ParamsAndSecretsLogLevel.WARN,
        # A container asks once, and again when a login is refused: then what was turned meanwhile is to be had at once.
        secrets_manager_ttl=Duration.seconds(10),
    )


def _construct_id(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))
