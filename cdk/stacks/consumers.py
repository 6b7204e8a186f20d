"""The functions that Kafka and the clock start."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from cdk.needs import is_background_function
from cdk.parts.function import ManifestFunction
from cdk.parts.policy import consumer_group
from cdk.stacks.api import ApiStack
from cdk.stages import Stage, StageError
from functions.manifest import KafkaTrigger, ScheduleTrigger

DEFAULT_WINDOW_MS = 500


class ScheduleError(ValueError):
    """AWS has no such schedule."""


class ConsumersStack(Stack):
    """Event source mappings and schedules over the aliases of the manifest's background functions."""

    def __init__(self, scope: Construct, stage: Stage, *, api: ApiStack) -> None:
        super().__init__(scope, "consumers")
        # Its policies name the WebSocket APIs by their exports, in which the CDK sees no order.
        self.add_stack_dependency(api)
        self._stage = stage
        self._cluster = api.setting.resources.kafka
        unknown = stage.kafka.windows_s.keys() - api.setting.manifest.topics.keys()
        if unknown:
            raise StageError(f"stage {stage.name}: kafka.windows_s names no topic: {', '.join(sorted(unknown))}")
        self.functions: Mapping[str, ManifestFunction] = {
            function.name: ManifestFunction(self, function, api.setting)
            for function in api.setting.manifest.functions.values()
            if is_background_function(function)
        }
        for function in self.functions.values():
            for trigger in function.spec.triggers:
                if isinstance(trigger, KafkaTrigger):
                    self._consume(function, trigger)
                elif isinstance(trigger, ScheduleTrigger):
                    self._schedule(function, trigger)

    def _consume(self, function: ManifestFunction, trigger: KafkaTrigger) -> None:
        """One topic's pollers, always provisioned: partial failures and a window of 0 are to be had in that mode only.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
        """
        mapping = lambda_.CfnEventSourceMapping(
            function,
            f"Consume{''.join(part.title() for part in trigger.topic.split('.'))}",
            function_name=function.alias.function_arn,
            event_source_arn=self._cluster.arn,
            topics=[trigger.topic],
            starting_position=trigger.starting_position,
            batch_size=trigger.batch_size,
            maximum_batching_window_in_seconds=self._stage.kafka.windows_s.get(
                trigger.topic, _window_s(trigger.batching_window_ms)
            ),
            function_response_types=["ReportBatchItemFailures"] if trigger.report_failures else None,
            bisect_batch_on_function_error=trigger.bisect_on_error or None,
            maximum_retry_attempts=trigger.max_retry_attempts,
            maximum_record_age_in_seconds=trigger.max_record_age_s,
            destination_config=_destination(trigger),
            amazon_managed_kafka_event_source_config=(
                lambda_.CfnEventSourceMapping.AmazonManagedKafkaEventSourceConfigProperty(
                    consumer_group_id=consumer_group(function.function_name, trigger.topic)
                )
            ),
            provisioned_poller_config=lambda_.CfnEventSourceMapping.ProvisionedPollerConfigProperty(
                minimum_pollers=self._stage.kafka.pollers_min,
                maximum_pollers=self._stage.kafka.pollers_max,
                # Pollers of a group share what they are billed by: a small stage pays for one, not for each topic.
                poller_group_name=self._stage.resource("pollers"),
            ),
        )
        # The pollers act with the function's role from the first moment on.
        mapping.node.add_dependency(function.role)

    def _schedule(self, function: ManifestFunction, trigger: ScheduleTrigger) -> None:
        expression = _expression(function.spec.name, trigger)
        role = iam.Role(
            function,
            "ScheduleRole",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": self.account}}
            ),
            description=f"Starts {function.spec.name}",
        )
        role.add_to_policy(
            iam.PolicyStatement(sid="Start", actions=["lambda:InvokeFunction"], resources=[function.alias.function_arn])
        )
        schedule = scheduler.CfnSchedule(
            function,
            "Schedule",
            name=function.function_name,
            description=function.spec.description,
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.alias.function_arn,
                role_arn=role.role_arn,
                # The next run does what this one could not.
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_retry_attempts=0, maximum_event_age_in_seconds=max(60, trigger.rate_s)
                ),
            ),
        )
        schedule.node.add_dependency(role)


def _expression(function: str, trigger: ScheduleTrigger) -> str:
    if trigger.cron:
        return f"cron({trigger.cron})"
    minutes, rest = divmod(trigger.rate_s, 60)
    if rest or not minutes:
        raise ScheduleError(f"{function}: rate_s must be a multiple of 60, not {trigger.rate_s}")
    return f"rate({minutes} minute{'s' if minutes > 1 else ''})"


def _window_s(milliseconds: int) -> int | None:
    """The window in whole seconds, which is all that AWS takes; unset is its default of half a second."""
    if 0 < milliseconds <= DEFAULT_WINDOW_MS:
        return None
    return -(-milliseconds // 1000)


def _destination(trigger: KafkaTrigger) -> lambda_.CfnEventSourceMapping.DestinationConfigProperty | None:
    if trigger.on_failure_topic is None:
        return None
    return lambda_.CfnEventSourceMapping.DestinationConfigProperty(
        on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=f"kafka://{trigger.on_failure_topic}")
    )
