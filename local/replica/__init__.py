"""One of several twins on the same Kafka, database and Valkey, none of which it starts: what a container runs."""

from local.replica.replica import Replica
from local.replica.settings import ReplicaSettings, Role

__all__ = ["Replica", "ReplicaSettings", "Role"]
