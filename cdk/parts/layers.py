"""The built layers of a stage, ready to be put into stacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import AssetHashType, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.layers import Layer, LayerBuilder
from cdk.stages import Stage
from functions.manifest import Manifest


@dataclass(frozen=True, slots=True)
class LayerSet:
    """What functions may import: packages by group, the shared code, and the database's certificates."""

    dependencies: Mapping[str, Layer]
    shared: Layer
    certificates: Layer

    @property
    def all(self) -> list[Layer]:
        """Every layer, for a report."""
        return [*self.dependencies.values(), self.shared, self.certificates]


def build_layers(builder: LayerBuilder, manifest: Manifest, stage: Stage) -> LayerSet:
    """Builds the layers that the manifest's functions need.

    Raises:
        LayerError: one cannot be built.
    """
    if manifest.layer is None:
        raise ValueError("the manifest names no layer of shared code")
    groups = sorted({"core", *(function.dependencies for function in manifest.functions.values())})
    return LayerSet(
        dependencies={group: builder.dependencies(group) for group in groups},
        shared=builder.shared_code(manifest.layer),
        certificates=builder.certificates(stage.region),
    )


def layer_version(scope: Construct, layer: Layer, stage: Stage) -> lambda_.LayerVersion:
    """The layer in `scope`'s stack, made there once.

    Each stack has versions of its own: an export of one could never change while another stack imports it, and so a
    deploy of new code would be stuck.
    """
    stack = Stack.of(scope)
    name = "Layer" + "".join(part.title() for part in layer.name.split("-"))
    existing = stack.node.try_find_child(name)
    if isinstance(existing, lambda_.LayerVersion):
        return existing
    return lambda_.LayerVersion(
        stack,
        name,
        code=lambda_.Code.from_asset(str(layer.archive), asset_hash=layer.key, asset_hash_type=AssetHashType.CUSTOM),
        compatible_architectures=[lambda_.Architecture.ARM_64],
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
        description=f"{stage.resource(layer.name)}",
    )
