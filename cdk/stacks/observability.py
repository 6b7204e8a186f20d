"""Alarms that wake someone, and one dashboard to look at first."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from cdk.parts.function import ManifestFunction
from cdk.parts.metrics import LogCount, Metrics
from cdk.stacks.api import ApiStack
from cdk.stacks.consumers import ConsumersStack
from cdk.stacks.data import DataStack
from cdk.stages import Stage


class ObservabilityStack(Stack):
    """What to be told of, and where to look. It only reads other stacks' names, so it can be deployed alone."""

    def __init__(
        self, scope: Construct, stage: Stage, *, data: DataStack, api: ApiStack, consumers: ConsumersStack
    ) -> None:
        super().__init__(scope, "observability")
        # It counts in logs that it names by their names, in which the CDK sees no order.
        self.add_stack_dependency(consumers)
        self._stage = stage
        self.topic = sns.Topic(
            self,
            "Alarms",
            topic_name=stage.resource("alarms"),
            display_name=f"Parley {stage.name}",
            master_key=data.key,
            enforce_ssl=True,
        )
        if stage.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_email))
        self.metrics = Metrics(stage=stage, data=data, api=api, consumers=consumers)
        for function, count in self.metrics.log_counts():
            self._count(function, count)
        for watch in self.metrics.watches():
            self._watch(watch.name, watch.metric, watch.threshold, watch.minutes, watch.meaning)
        self._make_dashboard()

    def _count(self, function: ManifestFunction, count: LogCount) -> None:
        name = self.metrics.log_metric(function, count)
        logs.CfnMetricFilter(
            self,
            f"{function.node.id}{count.name.title().replace('-', '')}Count",
            filter_name=name,
            log_group_name=function.log_name,
            filter_pattern=f'{{ $.message = "{count.message}" }}',
            metric_transformations=[
                logs.CfnMetricFilter.MetricTransformationProperty(
                    metric_name=name,
                    metric_namespace=self.metrics.namespace,
                    metric_value=count.value,
                    default_value=0,
                    unit="Count",
                )
            ],
        )

    def _watch(self, name: str, metric: cloudwatch.IMetric, threshold: float, minutes: int, meaning: str) -> None:
        alarm = cloudwatch.Alarm(
            self,
            "".join(part.title() for part in name.replace(".", "-").replace("_", "-").split("-")),
            alarm_name=self._stage.resource(name),
            alarm_description=meaning,
            metric=metric,
            threshold=threshold,
            evaluation_periods=minutes,
            datapoints_to_alarm=minutes,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))

    def _make_dashboard(self) -> None:
        dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=self._stage.resource("overview"))
        for row in self.metrics.rows():
            dashboard.add_widgets(
                *(
                    cloudwatch.GraphWidget(title=title, left=list(series), width=24 // len(row), height=6)
                    for title, series in row
                )
            )
