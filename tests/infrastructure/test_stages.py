"""Settings of stages, and what they make of the templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cdk.app import ROOT
from cdk.stages import STAGES, StageError, load_stage
from tests.infrastructure.synthesis import Synthesis, render


def test_overrides_are_laid_over_a_stages_settings_group_by_group() -> None:
    stage = load_stage("prod", {"kafka": {"brokers": 6}, "api": {"cells": 4}})
    assert stage.kafka.brokers == 6
    assert stage.kafka.instance_type == STAGES["prod"].kafka.instance_type
    assert stage.api.cells == 4


def test_a_stage_of_ones_own_starts_from_dev() -> None:
    assert load_stage("anna").model_dump(exclude={"name"}) == STAGES["dev"].model_dump(exclude={"name"})


def test_what_cdk_json_overrides_is_valid() -> None:
    for name, overrides in json.loads((ROOT / "cdk.json").read_text())["context"]["stages"].items():
        load_stage(name, overrides)


@pytest.mark.parametrize(
    ("name", "overrides", "told"),
    [
        ("prod", {"kafka": {"brokers": 5}}, "multiple of the number of network.zones"),
        ("prod", {"kafka": {"broker": 3}}, "kafka.broker"),
        ("prod", {"kafka": {"brokers": "3"}}, "kafka.brokers"),
        ("prod", {"log_days": 8}, "log_days"),
        ("prod", {"network": {"nat_gateways": 3, "zones": ["a", "b"]}}, "multiple"),
        ("dev", {"data": "retain"}, "three copies"),
        ("dev", {"kafka": {"pollers_min": 9}}, "pollers_max"),
        ("dev", {"account": "12"}, "account"),
        ("local", {}, "laptop"),
        ("Prod", {}, "name"),
    ],
)
def test_a_wrong_setting_is_named(name: str, overrides: dict[str, Any], told: str) -> None:
    with pytest.raises(StageError, match=told):
        load_stage(name, overrides)


def test_prod_keeps_its_data_whatever_happens_to_the_stacks(prod: Synthesis) -> None:
    stateful = ("AWS::DocDB::DBCluster", "AWS::MSK::Cluster", "AWS::S3::Bucket", "AWS::KMS::Key")
    for type_ in (*stateful, "AWS::SecretsManager::Secret"):
        for id_, resource in prod.resources(type_, "data").items():
            # The cache's password is of use for nothing but a cache that may be lost.
            if id_.startswith("CacheLogin"):
                continue
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", id_
    (cluster,) = prod.resources("AWS::DocDB::DBCluster").values()
    assert cluster["Properties"]["DeletionProtection"] is True
    assert cluster["Properties"]["BackupRetentionPeriod"] == 35


def test_staging_leaves_a_snapshot_and_dev_leaves_nothing(synthesis_of: Any) -> None:
    (staging,) = synthesis_of("staging").resources("AWS::DocDB::DBCluster").values()
    (dev,) = synthesis_of("dev").resources("AWS::DocDB::DBCluster").values()
    assert staging["DeletionPolicy"] == "Snapshot"
    assert dev["DeletionPolicy"] == "Delete"


def test_dev_has_no_nat_and_reaches_out_over_ipv6(dev: Synthesis) -> None:
    assert not dev.resources("AWS::EC2::NatGateway")
    assert dev.resources("AWS::EC2::EgressOnlyInternetGateway")
    assert all(function["VpcConfig"]["Ipv6AllowedForDualStack"] for function in dev.functions().values())


def test_prod_has_a_nat_gateway_in_each_zone(prod: Synthesis) -> None:
    assert len(prod.resources("AWS::EC2::NatGateway")) == 3
    assert not prod.resources("AWS::EC2::EgressOnlyInternetGateway")


def test_data_has_no_way_out_of_the_vpc(stage: Synthesis) -> None:
    tables = {id_ for id_ in stage.resources("AWS::EC2::RouteTable") if "data" in id_.lower()}
    assert tables
    for route in stage.resources("AWS::EC2::Route").values():
        assert route["Properties"]["RouteTableId"]["Ref"] not in tables


def test_data_lets_nobody_in_but_its_clients(stage: Synthesis) -> None:
    rules = stage.resources("AWS::EC2::SecurityGroupIngress")
    assert len(rules) == 5
    for rule in rules.values():
        assert "SourceSecurityGroupId" in rule["Properties"]
        assert rule["Properties"]["FromPort"] == rule["Properties"]["ToPort"]
    for group in stage.resources("AWS::EC2::SecurityGroup").values():
        assert "SecurityGroupIngress" not in group["Properties"]


def test_kafka_takes_iam_and_tls_only(prod: Synthesis, wide: Synthesis) -> None:
    (cluster,) = prod.resources("AWS::MSK::Cluster").values()
    properties = cluster["Properties"]
    assert properties["ClientAuthentication"] == {
        "Sasl": {"Iam": {"Enabled": True}},
        "Unauthenticated": {"Enabled": False},
    }
    assert properties["EncryptionInfo"]["EncryptionInTransit"] == {"ClientBroker": "TLS", "InCluster": True}
    (serverless,) = wide.resources("AWS::MSK::ServerlessCluster").values()
    assert serverless["Properties"]["ClientAuthentication"] == {"Sasl": {"Iam": {"Enabled": True}}}


def test_an_acknowledged_record_is_on_two_brokers_in_prod(prod: Synthesis) -> None:
    (configuration,) = prod.resources("AWS::MSK::Configuration").values()
    lines = configuration["Properties"]["ServerProperties"].splitlines()
    assert {"min.insync.replicas=2", "default.replication.factor=3", "auto.create.topics.enable=false"} <= set(lines)


def test_the_database_and_valkey_take_tls_only(stage: Synthesis) -> None:
    (parameters,) = stage.resources("AWS::DocDB::DBClusterParameterGroup").values()
    assert parameters["Properties"]["Parameters"]["tls"] == "enabled"
    (group,) = stage.resources("AWS::ElastiCache::ReplicationGroup").values()
    assert group["Properties"]["TransitEncryptionMode"] == "required"
    variables = stage.functions()["rest_chat"]["Environment"]["Variables"]
    assert "tls=true&tlsCAFile=/opt/certificates/rds.pem" in render(variables["PARLEY_MONGO_URI"])
    assert "retryWrites=false" in render(variables["PARLEY_MONGO_URI"])
    assert render(variables["PARLEY_REDIS_URL"]).startswith("rediss://parley:{secret:")


def test_only_clients_are_moved_by_canary_and_rolled_back_on_their_own_alarm(prod: Synthesis, dev: Synthesis) -> None:
    groups = prod.resources("AWS::CodeDeploy::DeploymentGroup")
    moved = {id_ for id_, alias in prod.resources("AWS::Lambda::Alias").items() if "UpdatePolicy" in alias}
    assert len(groups) == len(moved) == len([name for name in prod.functions() if name.startswith(("rest", "ws"))]) + 1
    for group in groups.values():
        assert group["Properties"]["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        assert len(group["Properties"]["AlarmConfiguration"]["Alarms"]) == 1
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["Properties"]["AutoRollbackConfiguration"]["Events"]
    assert not dev.resources("AWS::CodeDeploy::DeploymentGroup")


def test_pollers_follow_the_alias_so_that_a_deploy_lets_them_end_their_batch(stage: Synthesis) -> None:
    aliases = stage.resources("AWS::Lambda::Alias", "consumers")
    for mapping in stage.resources("AWS::Lambda::EventSourceMapping").values():
        assert mapping["Properties"]["FunctionName"]["Ref"] in aliases


@pytest.mark.parametrize(("key", "cells"), [("prod", 1), ("wide", 4)])
def test_each_cell_is_an_api_of_its_own_and_known_to_whoever_issues_tickets(
    synthesis_of: Any, key: str, cells: int
) -> None:
    stage: Synthesis = synthesis_of(key)
    apis = [
        id_
        for id_, api in stage.resources("AWS::ApiGatewayV2::Api").items()
        if api["Properties"]["ProtocolType"] == "WEBSOCKET"
    ]
    assert len(apis) == cells
    urls = render(stage.functions()["rest_auth"]["Environment"]["Variables"]["PARLEY_WS_URL"]).split()
    assert len(set(urls)) == cells
    assert all(url.startswith("wss://") and url.endswith("/ws") for url in urls)


def test_own_names_stand_before_every_api(wide: Synthesis) -> None:
    names = {name["Properties"]["DomainName"] for name in wide.resources("AWS::ApiGatewayV2::DomainName").values()}
    assert names == {"api.example.com", *(f"ws-{index}.example.com" for index in range(4))}
    # A socket's own domain and stage must make the address of its @connections.
    keys = [
        mapping["Properties"].get("ApiMappingKey")
        for mapping in wide.resources("AWS::ApiGatewayV2::ApiMapping").values()
    ]
    assert sorted(keys, key=str) == [None, "ws", "ws", "ws", "ws"]


def test_browsers_of_strangers_may_not_call(prod: Synthesis, wide: Synthesis, dev: Synthesis) -> None:
    def origins(stage: Synthesis) -> list[str]:
        return [
            origin
            for api in stage.resources("AWS::ApiGatewayV2::Api").values()
            for origin in api["Properties"].get("CorsConfiguration", {}).get("AllowOrigins", [])
        ]

    assert origins(prod) == []
    assert origins(wide) == ["https://chat.example.com"]
    assert origins(dev) == ["http://localhost:5173"]


def test_buckets_are_closed_to_the_public_and_to_plain_http(stage: Synthesis) -> None:
    buckets = stage.resources("AWS::S3::Bucket")
    policies = json.dumps(stage.resources("AWS::S3::BucketPolicy"))
    for id_, bucket in buckets.items():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        assert id_ in policies
    assert policies.count('"aws:SecureTransport": "false"') == len(buckets)


def test_every_log_is_encrypted_and_ends(stage: Synthesis) -> None:
    for id_, log in stage.resources("AWS::Logs::LogGroup", "data", "api", "consumers").items():
        assert "KmsKeyId" in log["Properties"], id_
        assert log["Properties"]["RetentionInDays"] <= 90, id_


def test_alarms_tell_someone_and_say_what_to_do(stage: Synthesis) -> None:
    alarms = stage.resources("AWS::CloudWatch::Alarm", "observability")
    for id_, alarm in alarms.items():
        assert alarm["Properties"]["AlarmActions"], id_
        assert len(alarm["Properties"]["AlarmDescription"]) > 20, id_
    names = {str(alarm["Properties"]["AlarmName"]).split("-", 2)[2] for alarm in alarms.values()}
    assert {"store_messages-chat.send-lag", "store_messages-dead-letters", "fan_out-posts", "database-cursors"} <= names
    assert {"database-connections", "ws_send-errors", "ws_send-throttles", "rest-5xx"} <= names


def test_what_alarms_count_in_logs_is_what_the_code_logs(stage: Synthesis) -> None:
    code = "".join(path.read_text() for path in (ROOT / "layers" / "parley" / "python").rglob("*.py"))
    filters = stage.resources("AWS::Logs::MetricFilter").values()
    assert filters
    for counted in filters:
        message = counted["Properties"]["FilterPattern"].split('"')[1]
        assert f'"{message}"' in code


def test_nothing_that_costs_an_hour_is_bigger_in_dev_than_in_prod() -> None:
    dev, prod = STAGES["dev"], STAGES["prod"]
    assert (dev.kafka.brokers, dev.database.instances, dev.cache.replicas) == (2, 1, 0)
    assert (prod.kafka.brokers, prod.database.instances, prod.cache.replicas) == (3, 3, 2)


def test_certificates_are_there_for_the_stages_regions() -> None:
    for stage in STAGES.values():
        assert Path(ROOT / "cdk" / "certificates" / f"{stage.region}.pem").exists()


def test_how_long_messages_wait_to_be_joined_is_a_stages_setting(dev: Synthesis, prod: Synthesis) -> None:
    def window(stage: Synthesis, topic: str) -> object:
        mappings = stage.resources("AWS::Lambda::EventSourceMapping").values()
        (found,) = [m["Properties"] for m in mappings if m["Properties"]["Topics"] == [topic]]
        return found.get("MaximumBatchingWindowInSeconds")

    assert (window(dev, "chat.receive"), window(prod, "chat.receive")) == (0, 1)
    assert window(prod, "chat.send") == 0
