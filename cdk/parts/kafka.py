"""The Kafka cluster: MSK, provisioned or serverless, IAM authentication only."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Fn, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_msk as msk
from constructs import Construct

from cdk.parts.removal import removal_of
from cdk.stacks.network import NetworkStack
from cdk.stages import Stage


class KafkaCluster(Construct):
    """MSK in the data subnets. Topics are never made by whoever writes to them first: the deploy makes them.

    A cluster has no snapshots, so a stage that wants any of its data kept keeps the cluster itself.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, network: NetworkStack, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.cluster_name = stage.resource("kafka")
        removal = removal_of(stage, snapshots=False)
        if stage.kafka.kind == "serverless":
            self.arn = self._make_serverless(network, removal)
        else:
            self.arn = self._make_provisioned(stage, network, key, removal)

    def topic_arns(self, topics: Sequence[str]) -> list[str]:
        """The ARNs of topics, for policies."""
        return [self._arn_of("topic", topic) for topic in sorted(topics)]

    def group_arn(self, group: str) -> str:
        """The ARN of a consumer group, for policies."""
        return self._arn_of("group", group)

    def _arn_of(self, kind: str, name: str) -> str:
        # arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>; the uuid is known to the cluster alone.
        uuid = Fn.select(2, Fn.split("/", self.arn))
        prefix = Stack.of(self).format_arn(service="kafka", resource=kind, resource_name=self.cluster_name)
        return Fn.join("/", [prefix, uuid, name])

    def _make_serverless(self, network: NetworkStack, removal: RemovalPolicy) -> str:
        cluster = msk.CfnServerlessCluster(
            self,
            "Serverless",
            cluster_name=self.cluster_name,
            client_authentication=msk.CfnServerlessCluster.ClientAuthenticationProperty(
                sasl=msk.CfnServerlessCluster.SaslProperty(iam=msk.CfnServerlessCluster.IamProperty(enabled=True))
            ),
            vpc_configs=[
                msk.CfnServerlessCluster.VpcConfigProperty(
                    subnet_ids=network.data_subnets.subnet_ids, security_groups=[network.kafka.security_group_id]
                )
            ],
        )
        cluster.apply_removal_policy(removal)
        return cluster.attr_arn

    def _make_provisioned(self, stage: Stage, network: NetworkStack, key: kms.IKey, removal: RemovalPolicy) -> str:
        settings = stage.kafka
        configuration = msk.CfnConfiguration(
            self,
            "Configuration",
            name=stage.resource("kafka"),
            server_properties=self._server_properties(stage),
            # Without this a changed text would be refused, because a configuration's name is taken for ever.
            latest_revision=msk.CfnConfiguration.LatestRevisionProperty(description="from cdk/parts/kafka.py"),
        )
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/parley/{stage.name}/kafka",
            retention=logs.RetentionDays.ONE_MONTH,
            encryption_key=key,
            removal_policy=RemovalPolicy.DESTROY,
        )
        cluster = msk.CfnCluster(
            self,
            "Cluster",
            cluster_name=self.cluster_name,
            kafka_version=settings.version,
            number_of_broker_nodes=settings.brokers,
            enhanced_monitoring="DEFAULT",
            broker_node_group_info=msk.CfnCluster.BrokerNodeGroupInfoProperty(
                client_subnets=network.data_subnets.subnet_ids,
                instance_type=settings.instance_type,
                security_groups=[network.kafka.security_group_id],
                storage_info=msk.CfnCluster.StorageInfoProperty(
                    ebs_storage_info=msk.CfnCluster.EBSStorageInfoProperty(volume_size=settings.storage_gb)
                ),
            ),
            client_authentication=msk.CfnCluster.ClientAuthenticationProperty(
                sasl=msk.CfnCluster.SaslProperty(iam=msk.CfnCluster.IamProperty(enabled=True)),
                unauthenticated=msk.CfnCluster.UnauthenticatedProperty(enabled=False),
            ),
            encryption_info=msk.CfnCluster.EncryptionInfoProperty(
                encryption_at_rest=msk.CfnCluster.EncryptionAtRestProperty(data_volume_kms_key_id=key.key_arn),
                encryption_in_transit=msk.CfnCluster.EncryptionInTransitProperty(client_broker="TLS", in_cluster=True),
            ),
            configuration_info=msk.CfnCluster.ConfigurationInfoProperty(
                arn=configuration.attr_arn, revision=configuration.attr_latest_revision_revision
            ),
            logging_info=msk.CfnCluster.LoggingInfoProperty(
                broker_logs=msk.CfnCluster.BrokerLogsProperty(
                    cloud_watch_logs=msk.CfnCluster.CloudWatchLogsProperty(enabled=True, log_group=log.log_group_name)
                )
            ),
        )
        cluster.apply_removal_policy(removal)
        return cluster.attr_arn

    @staticmethod
    def _server_properties(stage: Stage) -> str:
        replicas = stage.kafka.replicas
        properties = {
            "auto.create.topics.enable": "false",
            "default.replication.factor": str(replicas),
            "log.retention.hours": str(stage.kafka.retention_hours),
            # An acknowledged record lives on two brokers wherever there are three to choose from.
            "min.insync.replicas": str(replicas - 1),
            "num.partitions": "1",
            "unclean.leader.election.enable": "false",
        }
        return "\n".join(f"{name}={value}" for name, value in sorted(properties.items()))
