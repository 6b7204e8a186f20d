"""The deployer: one small function that answers all custom resources of a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aws_cdk import CustomResource, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.parts.function import log_group
from cdk.parts.layers import LayerSet, layer_version
from cdk.stages import Stage

CODE = Path(__file__).resolve().parent.parent / "deployer"


class Deployer(Construct):
    """cdk/deployer as a function outside the VPC: it talks to AWS's own APIs and to no data."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, key: kms.IKey, layers: LayerSet) -> None:
        super().__init__(scope, id_)
        log = log_group(self, "Log", stage=stage, name="deployer", key=key)
        self._role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), description="The stage's deployer"
        )
        log.grant_write(self._role)
        self._function = lambda_.Function(
            self,
            "Function",
            function_name=stage.resource("deployer"),
            description="Answers the custom resources of this stage",
            architecture=lambda_.Architecture.ARM_64,
            runtime=lambda_.Runtime.PYTHON_3_13,
            code=lambda_.Code.from_asset(str(CODE), exclude=["__pycache__", "__init__.py"]),
            handler="handler.handler",
            layers=[layer_version(self, layers.dependencies["core"], stage)],
            memory_size=256,
            timeout=Duration.minutes(6),
            role=self._role,
            log_group=log,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
        )

    @property
    def arn(self) -> str:
        """What a custom resource names as its service."""
        return self._function.function_arn

    def allow(self, sid: str, actions: Sequence[str], resources: Sequence[str]) -> None:
        """Lets it do what one act needs."""
        self._role.add_to_policy(iam.PolicyStatement(sid=sid, actions=list(actions), resources=list(resources)))

    def ask(self, name: str, properties: Mapping[str, Any], *, act: str | None = None) -> CustomResource:
        """A custom resource in this stack; its act has its own name unless told otherwise."""
        resource = ask(self, name, service=self.arn, act=act or name, properties=properties)
        # Without its rights it would fail, and CloudFormation sees no link between the two.
        resource.node.add_dependency(self._role)
        return resource


def ask(scope: Construct, name: str, *, service: str, act: str, properties: Mapping[str, Any]) -> CustomResource:
    """A custom resource that a stage's deployer answers.

    It is kept when it goes from a template, so CloudFormation never asks for a deletion: nothing is deleted.
    """
    return CustomResource(
        scope,
        name,
        service_token=service,
        service_timeout=Duration.minutes(6),
        resource_type=f"Custom::{act}",
        properties={"Act": act, **properties},
        removal_policy=RemovalPolicy.RETAIN,
    )
