"""What is kept: the key, secrets, Kafka, the database, Valkey and attachments; and the function that sets them up."""

from __future__ import annotations

from aws_cdk import ArnFormat, Aws, CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from cdk.needs import CACHE_LOGIN, DATABASE_LOGIN, EDGE_KEY, SIGNING_KEY, SYNC_KEY, is_deploy_function
from cdk.parts.attachments import Attachments
from cdk.parts.cache import Cache
from cdk.parts.database import Database
from cdk.parts.deployer import Deployer
from cdk.parts.kafka import KafkaCluster
from cdk.parts.layers import LayerSet
from cdk.parts.removal import removal_of
from cdk.stacks.network import NetworkStack
from cdk.stages import Stage
from functions.manifest import Manifest

SIGNING_KEY_GENERATION = "1"
"""Raise it to sign access tokens with a new key; docs/deploy.md says what clients notice."""


class DataStack(Stack):
    """The stateful half of a stage.

    `secret_arns` names each secret by what it is for, and `values` fills the manifest's placeholders that concern data.
    """

    def __init__(
        self, scope: Construct, stage: Stage, *, manifest: Manifest, network: NetworkStack, layers: LayerSet
    ) -> None:
        super().__init__(scope, "data", termination_protection=stage.data == "retain")
        self._stage = stage
        self.key = self._make_key()
        self.kafka = KafkaCluster(self, "Kafka", stage=stage, network=network, key=self.key)
        self.database = Database(self, "Database", stage=stage, network=network, key=self.key)
        self.cache = Cache(self, "Cache", stage=stage, network=network, key=self.key)
        self.attachments = Attachments(
            self, "Attachments", stage=stage, key=self.key, cors_origins=stage.origins(manifest.http.cors_origins)
        )
        self.signing_key = secrets.CfnSecret(
            self,
            "SigningKey",
            name=f"parley/{stage.name}/signing-key",
            description="The Ed25519 pair that signs access tokens; made by the deploy, see cdk/deployer",
            kms_key_id=self.key.key_arn,
        )
        self.signing_key.apply_removal_policy(removal_of(stage, snapshots=False))
        self.sync_key = secrets.Secret(
            self,
            "SyncKey",
            secret_name=f"parley/{stage.name}/sync-key",
            description="Signs sync tokens, which never expire: another key sends every client back to a whole sync",
            encryption_key=self.key,
            generate_secret_string=secrets.SecretStringGenerator(
                secret_string_template="{}",  # noqa: S106 - a template that holds no secret
                generate_string_key="key",
                password_length=64,
                exclude_punctuation=True,
            ),
            removal_policy=removal_of(stage, snapshots=False),
        )
        self.edge_key = secrets.Secret(
            self,
            "EdgeKey",
            secret_name=f"parley/{stage.name}/edge-key",
            description="By which functions know requests of the site's distribution, and believe whose they are",
            encryption_key=self.key,
            generate_secret_string=secrets.SecretStringGenerator(
                secret_string_template="{}",  # noqa: S106 - a template that holds no secret
                generate_string_key="key",
                password_length=64,
                exclude_punctuation=True,
            ),
            removal_policy=removal_of(stage, snapshots=False),
        )
        self.deployer = Deployer(self, "Deployer", stage=stage, key=self.key, layers=layers)
        self._grant_deployer(manifest)
        self._ask_deployer()

    @property
    def bucket_arns(self) -> dict[str, str]:
        """Buckets by the name that the manifest's permissions give them."""
        return {"attachments": self.attachments.bucket.bucket_arn}

    def _make_key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            alias=f"alias/parley-{self._stage.name}",
            description=f"Data of Parley {self._stage.name}",
            enable_key_rotation=True,
            pending_window=Duration.days(30 if self._stage.data == "retain" else 7),
            # What it encrypted is lost with it, so it goes only where everything goes.
            removal_policy=RemovalPolicy.DESTROY if self._stage.data == "destroy" else RemovalPolicy.RETAIN,
        )
        logs_of_stage = f"arn:{Aws.PARTITION}:logs:{self.region}:{self.account}:log-group:/parley/{self._stage.name}/*"
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LogsOfThisStage",
                principals=[iam.ServicePrincipal(f"logs.{self.region}.amazonaws.com")],
                actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs_of_stage}},
            )
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        return key

    def _grant_deployer(self, manifest: Manifest) -> None:
        cluster = self.format_arn(
            service="rds",
            resource="cluster",
            resource_name=self.database.cluster_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        runs = [
            self.format_arn(
                service="lambda",
                resource="function",
                resource_name=self._stage.resource(function.name),
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
            for function in manifest.functions.values()
            if is_deploy_function(function)
        ]
        self.deployer.allow("Brokers", ["kafka:GetBootstrapBrokers"], [self.kafka.arn])
        self.deployer.allow("DatabaseLogin", ["rds:DescribeDBClusters"], [cluster])
        self.deployer.allow(
            "SigningKey", ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], [self.signing_key.ref]
        )
        self.deployer.allow("Key", ["kms:Decrypt", "kms:GenerateDataKey"], [self.key.key_arn])
        self.deployer.allow("Run", ["lambda:InvokeFunction"], runs)

    def _ask_deployer(self) -> None:
        brokers = self.deployer.ask("Brokers", {"ClusterArn": self.kafka.arn})
        login = self.deployer.ask("DatabaseLogin", {"Cluster": self.database.cluster_name})
        login.node.add_dependency(self.database)
        signing = self.deployer.ask(
            "SigningKeyPair",
            {"SecretArn": self.signing_key.ref, "Generation": SIGNING_KEY_GENERATION},
            act="SigningKey",
        )
        self.secret_arns = {
            CACHE_LOGIN: self.cache.login.secret_arn,
            DATABASE_LOGIN: login.get_att_string("SecretArn"),
            EDGE_KEY: self.edge_key.secret_arn,
            SIGNING_KEY: self.signing_key.ref,
            SYNC_KEY: self.sync_key.secret_arn,
        }
        self.values = self._values(brokers, signing)

    def _values(self, brokers: CustomResource, signing: CustomResource) -> dict[str, str]:
        return {
            "stage": self._stage.name,
            "kafka.bootstrap_servers": brokers.get_att_string("Addresses"),
            "kafka.security": "AWS_MSK_IAM",
            "mongo.uri": self.database.uri(self.secret_arns[DATABASE_LOGIN]),
            "redis.url": self.cache.url,
            "secrets.edge_key": f"secret:{self.edge_key.secret_arn}#key",
            "secrets.sync_key": f"secret:{self.sync_key.secret_arn}#key",
            "secrets.token_private_key": f"secret:{self.signing_key.ref}#private_key",
            "secrets.token_public_key": signing.get_att_string("PublicKey"),
            "settings.rate_limits": "on",
            "buckets.attachments.name": self.attachments.bucket.bucket_name,
            "buckets.attachments.url": f"https://{self.attachments.bucket.bucket_regional_domain_name}",
        }
