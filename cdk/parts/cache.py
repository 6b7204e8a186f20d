"""Valkey on ElastiCache: TLS only, one user with a password and no dangerous commands."""

from __future__ import annotations

from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from cdk.stacks.network import CACHE_PORT, NetworkStack
from cdk.stages import Stage

USER = "parley"


class Cache(Construct):
    """A replication group. Losing all of it costs reconnects and nothing else, so it is neither kept nor saved."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, network: NetworkStack, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self.login = secrets.Secret(
            self,
            "Login",
            secret_name=f"parley/{stage.name}/cache",
            description="Password of the Valkey user",
            encryption_key=key,
            generate_secret_string=secrets.SecretStringGenerator(
                secret_string_template=f'{{"username":"{USER}"}}',
                generate_string_key="password",
                password_length=64,
                exclude_punctuation=True,
            ),
        )
        replicated = stage.cache.replicas > 0
        self.group_name = stage.resource("cache")
        self.group = elasticache.CfnReplicationGroup(
            self,
            "Group",
            replication_group_id=self.group_name,
            replication_group_description="Connections, tickets and rate limits",
            engine="valkey",
            engine_version="8.0",
            cache_node_type=stage.cache.node_type,
            num_cache_clusters=stage.cache.replicas + 1,
            automatic_failover_enabled=replicated,
            multi_az_enabled=replicated,
            at_rest_encryption_enabled=True,
            kms_key_id=key.key_arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            user_group_ids=[self._make_users(stage).ref],
            cache_subnet_group_name=self._make_subnets(stage, network).ref,
            security_group_ids=[network.cache.security_group_id],
            port=CACHE_PORT,
            snapshot_retention_limit=0,
            auto_minor_version_upgrade=True,
        )

    @property
    def url(self) -> str:
        """The connection string, with a reference to the password."""
        host = self.group.attr_primary_end_point_address
        return f"rediss://{USER}:{{secret:{self.login.secret_arn}#password}}@{host}:{CACHE_PORT}/0"

    def _make_users(self, stage: Stage) -> elasticache.CfnUserGroup:
        user = elasticache.CfnUser(
            self,
            "User",
            engine="valkey",
            user_id=stage.resource("cache"),
            user_name=USER,
            access_string="on ~* &* +@all -@dangerous +info",
            authentication_mode={
                "Type": "password",
                "Passwords": [self.login.secret_value_from_json("password").unsafe_unwrap()],
            },
        )
        return elasticache.CfnUserGroup(
            self, "Users", engine="valkey", user_group_id=stage.resource("cache"), user_ids=[user.ref]
        )

    def _make_subnets(self, stage: Stage, network: NetworkStack) -> elasticache.CfnSubnetGroup:
        return elasticache.CfnSubnetGroup(
            self,
            "Subnets",
            cache_subnet_group_name=stage.resource("cache"),
            description="No way in or out but the VPC's own",
            subnet_ids=network.data_subnets.subnet_ids,
        )
