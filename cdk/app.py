"""The application: `cdk synth -c stage=dev`, or `python -m cdk.app`.

Synthesis asks AWS for nothing: zones, sizes and addresses come from cdk/stages.py, so that it works without credentials
and gives the same output twice.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import App, Environment, Tags, Validations
from aws_cdk import Stage as Assembly
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from cdk.acknowledgements import acknowledge_findings
from cdk.layers import LayerBuilder, size_report
from cdk.parts.layers import LayerSet, build_layers
from cdk.stacks.api import ApiStack
from cdk.stacks.consumers import ConsumersStack
from cdk.stacks.data import DataStack
from cdk.stacks.network import NetworkStack
from cdk.stacks.observability import ObservabilityStack
from cdk.stacks.site import SiteStack
from cdk.stages import Stage, load_stage
from functions.manifest import Manifest, load_manifest

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Deployment:
    """The stacks of one stage, for whoever looks into them."""

    assembly: Assembly
    network: NetworkStack
    data: DataStack
    api: ApiStack
    consumers: ConsumersStack
    observability: ObservabilityStack
    site: SiteStack | None


def build(app: App, stage: Stage, *, manifest: Manifest, layers: LayerSet) -> Deployment:
    """Adds the stacks of `stage` to `app`: `parley-<stage>-network` and so on."""
    if stage.account:
        # What a look-up in the account would tell; it is not made, because the settings say it.
        zones = f"availability-zones:account={stage.account}:region={stage.region}"
        app.node.set_context(zones, stage.zones)
    assembly = Assembly(app, f"parley-{stage.name}", env=Environment(account=stage.account, region=stage.region))
    network = NetworkStack(assembly, stage)
    data = DataStack(assembly, stage, manifest=manifest, network=network, layers=layers)
    api = ApiStack(assembly, stage, manifest=manifest, network=network, data=data, layers=layers)
    consumers = ConsumersStack(assembly, stage, api=api)
    observability = ObservabilityStack(assembly, stage, data=data, api=api, consumers=consumers)
    site = None
    if manifest.site is not None and stage.site.enabled:
        site = SiteStack(assembly, stage, site=manifest.site, api=api, data=data)
    Tags.of(assembly).add("parley:stage", stage.name)
    deployment = Deployment(assembly, network, data, api, consumers, observability, site)
    acknowledge_findings(deployment, stage)
    return deployment


def make_app(outdir: Path | None = None) -> App:
    """An app with the context of cdk.json, which the CDK's own command line would hand over and plain Python does not.

    Its synthesis fails on any finding of cdk-nag that nobody gave a reason for.
    """
    settings = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    app = App(context=settings["context"], outdir=str(outdir) if outdir else None)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    return app


def main() -> None:
    """Synthesizes the stage that the context or STAGE names, into cdk.out/ or where the CDK's command line says."""
    app = make_app(None if "CDK_OUTDIR" in os.environ else ROOT / "cdk.out")
    name = app.node.try_get_context("stage") or os.environ.get("STAGE") or "dev"
    overrides = (app.node.try_get_context("stages") or {}).get(name)
    stage = load_stage(name, overrides)
    manifest = load_manifest(ROOT / "functions" / "manifest.toml")
    layers = build_layers(LayerBuilder(ROOT, ROOT / ".cache" / "layers"), manifest, stage)
    sys.stderr.write(f"{size_report(layers.all)}\n")
    build(app, stage, manifest=manifest, layers=layers)
    app.synth()


if __name__ == "__main__":
    main()
