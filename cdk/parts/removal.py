"""What becomes of stateful resources when their stack goes."""

from __future__ import annotations

from aws_cdk import RemovalPolicy

from cdk.stages import Stage


def removal_of(stage: Stage, *, snapshots: bool) -> RemovalPolicy:
    """The removal policy of a stateful resource; `snapshots` says whether its kind leaves one behind."""
    if stage.data == "destroy":
        return RemovalPolicy.DESTROY
    if stage.data == "snapshot" and snapshots:
        return RemovalPolicy.SNAPSHOT
    return RemovalPolicy.RETAIN
