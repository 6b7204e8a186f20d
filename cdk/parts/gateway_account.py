"""The role by which API Gateway writes logs: a setting of the account and region, without which WebSocket logs fail."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct


class GatewayAccount(Construct):
    """Sets the role. It is the whole region's, so it stays when the stack goes, and another stage may set its own.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
    """

    def __init__(self, scope: Construct) -> None:
        super().__init__(scope, "GatewayAccount")
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            description="Writes the logs of every API of this account and region",
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
            ],
        )
        role.apply_removal_policy(RemovalPolicy.RETAIN)
        self.setting = apigateway.CfnAccount(self, "Setting", cloud_watch_role_arn=role.role_arn)
        self.setting.apply_removal_policy(RemovalPolicy.RETAIN)
