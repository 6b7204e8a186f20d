"""How a new version gets its traffic: a tenth for five minutes, and all the way back when its alarm rings."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from constructs import Construct

from cdk.parts.function import ManifestFunction
from cdk.stages import Stage


class Rollout(Construct):
    """CodeDeploy over the aliases of the functions that clients wait for.

    Consumers are not part of it: their pollers follow the alias from one batch to the next, so that a batch which the
    old version has begun is ended by it, and the next goes to the new one.
    """

    def __init__(self, scope: Construct, *, stage: Stage, functions: Iterable[ManifestFunction]) -> None:
        super().__init__(scope, "Rollout")
        application = codedeploy.LambdaApplication(self, "Application", application_name=stage.resource("api"))
        for function in functions:
            alarm = cloudwatch.Alarm(
                self,
                f"{function.node.id}Errors",
                alarm_name=f"{function.function_name}-new-version-errors",
                alarm_description=f"{function.spec.name} fails behind its alias: a deploy under way is rolled back.",
                metric=function.alias.metric_errors(period=Duration.minutes(1), statistic="Sum"),
                threshold=1,
                evaluation_periods=1,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            codedeploy.LambdaDeploymentGroup(
                self,
                f"{function.node.id}Group",
                application=application,
                deployment_group_name=function.function_name,
                alias=function.alias,
                deployment_config=codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
                alarms=[alarm],
                auto_rollback=codedeploy.AutoRollbackConfig(
                    failed_deployment=True, stopped_deployment=True, deployment_in_alarm=True
                ),
            )
