"""The database: DocumentDB 5.0 on instances, TLS only, its password kept and turned by AWS."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_docdb as docdb
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk.parts.removal import removal_of
from cdk.stacks.network import DATABASE_PORT, NetworkStack
from cdk.stages import Stage

CA_FILE = "/opt/certificates/rds.pem"
BACKUP_WINDOW = "02:00-03:00"
MAINTENANCE_WINDOW = "sun:03:30-sun:04:30"


class Database(Construct):
    """A DocumentDB cluster. AWS makes the login and changes its password every week, in a secret of its own."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, network: NetworkStack, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.cluster_name = stage.resource("database")
        removal = removal_of(stage, snapshots=True)
        self.cluster = docdb.CfnDBCluster(
            self,
            "Cluster",
            db_cluster_identifier=self.cluster_name,
            engine_version="5.0.0",
            port=DATABASE_PORT,
            master_username="parley",
            manage_master_user_password=True,
            master_user_secret_kms_key_id=key.key_arn,
            storage_encrypted=True,
            kms_key_id=key.key_arn,
            storage_type="iopt1" if stage.database.io_optimized else "standard",
            backup_retention_period=stage.database.backup_days,
            preferred_backup_window=BACKUP_WINDOW,
            preferred_maintenance_window=MAINTENANCE_WINDOW,
            copy_tags_to_snapshot=True,
            deletion_protection=stage.data == "retain",
            enable_cloudwatch_logs_exports=["audit", "profiler"],
            db_cluster_parameter_group_name=self._make_parameters(stage).ref,
            db_subnet_group_name=self._make_subnets(stage, network).ref,
            vpc_security_group_ids=[network.database.security_group_id],
        )
        self.cluster.apply_removal_policy(removal)
        self._make_instances(stage, removal)

    @property
    def endpoint(self) -> str:
        """Host name of the writer."""
        return self.cluster.attr_endpoint

    def uri(self, login: str) -> str:
        """The connection string, with references to the user name and password kept in the secret `login`."""
        options = "&".join(
            (
                "authSource=admin",
                "readPreference=primary",
                "replicaSet=rs0",
                # DocumentDB has no retryable writes; the driver would fail on every write otherwise.
                "retryWrites=false",
                "tls=true",
                f"tlsCAFile={CA_FILE}",
                "w=majority",
            )
        )
        user = f"{{secret:{login}#username}}:{{secret:{login}#password}}"
        return f"mongodb://{user}@{self.endpoint}:{DATABASE_PORT}/parley?{options}"

    def _make_parameters(self, stage: Stage) -> docdb.CfnDBClusterParameterGroup:
        return docdb.CfnDBClusterParameterGroup(
            self,
            "Parameters",
            name=stage.resource("database"),
            family="docdb5.0",
            description="TLS only, audited, slow operations logged",
            parameters={
                "audit_logs": "ddl",
                "profiler": "enabled",
                "profiler_sampling_rate": "0.1",
                "profiler_threshold_ms": "100",
                "tls": "enabled",
                "ttl_monitor": "enabled",
            },
        )

    def _make_subnets(self, stage: Stage, network: NetworkStack) -> docdb.CfnDBSubnetGroup:
        return docdb.CfnDBSubnetGroup(
            self,
            "Subnets",
            db_subnet_group_name=stage.resource("database"),
            db_subnet_group_description="No way in or out but the VPC's own",
            subnet_ids=network.data_subnets.subnet_ids,
        )

    def _make_instances(self, stage: Stage, removal: RemovalPolicy) -> None:
        for index in range(stage.database.instances):
            instance = docdb.CfnDBInstance(
                self,
                f"Instance{index}",
                db_cluster_identifier=self.cluster.ref,
                db_instance_identifier=f"{self.cluster_name}-{index}",
                db_instance_class=stage.database.instance_class,
                auto_minor_version_upgrade=True,
                preferred_maintenance_window=MAINTENANCE_WINDOW,
                ca_certificate_identifier="rds-ca-rsa2048-g1",
            )
            # An instance holds no data of its own: the cluster's volume does.
            instance.apply_removal_policy(
                RemovalPolicy.RETAIN if removal is RemovalPolicy.RETAIN else RemovalPolicy.DESTROY
            )
