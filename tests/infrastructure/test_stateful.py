"""A stateful resource that changed its logical id would be replaced by an empty one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functions.manifest import Manifest
from tests.infrastructure.conftest import Synthesize

RECORD = Path(__file__).parent / "stateful_resources.json"
STATEFUL = (
    "AWS::DocDB::DBCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::KMS::Key",
    "AWS::MSK::Cluster",
    "AWS::MSK::ServerlessCluster",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
)
# A change of one of these makes CloudFormation replace the resource, under the same logical id.
REPLACING = (
    "AvailabilityZones",
    "ClusterName",
    "DBClusterIdentifier",
    "DBSubnetGroupName",
    "KmsKeyId",
    "MasterUsername",
    "Name",
    "ReplicationGroupId",
    "StorageEncrypted",
)


@pytest.mark.parametrize("key", ["dev", "staging", "prod"])
def test_stateful_resources_keep_their_logical_ids_and_what_would_replace_them(
    synthesis_of: Synthesize, key: str
) -> None:
    """Changing the record on purpose means: I know that this resource is made anew, and its data moved by hand."""
    now = {
        id_: {"type": resource["Type"]}
        | {name: resource["Properties"][name] for name in REPLACING if name in resource.get("Properties", {})}
        for type_ in STATEFUL
        for id_, resource in synthesis_of(key).resources(type_).items()
    }
    assert now == json.loads(RECORD.read_text())[key]


def test_topics_keep_their_partitions(manifest: Manifest) -> None:
    """A conversation's messages would go to another partition, past those that wait in the old one."""
    recorded = json.loads(RECORD.read_text())["topics"]
    now = {topic.name: topic.partitions for topic in manifest.topics.values()}
    assert {name: now.get(name) for name in recorded} == recorded
