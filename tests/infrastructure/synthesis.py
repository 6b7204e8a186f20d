"""Synthesizes stages for tests, with layers of a few bytes, and reads the templates back."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cdk.app import ROOT, build, make_app
from cdk.layers import Layer
from cdk.parts.layers import LayerSet
from cdk.stages import load_stage
from functions.manifest import Manifest, load_manifest

STACKS = ("network", "data", "api", "consumers", "observability", "site")
# prod at its widest: what the three stages' defaults leave out.
WIDE: Mapping[str, Any] = {
    "account": "123456789012",
    "alarm_email": "alarms@example.com",
    "site": {
        "domain": {
            "name": "chat.example.com",
            "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/def",
        },
        "web_acl_arn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/chat/123",
    },
    "kafka": {"kind": "serverless"},
    "api": {
        "cells": 4,
        "cors_origins": ["https://chat.example.com"],
        "domain": {
            "rest": "api.example.com",
            "websocket": "ws.example.com",
            "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/abc",
        },
    },
}
SYNTHESES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "dev": ("dev", {}),
    "staging": ("staging", {}),
    "prod": ("prod", {}),
    "wide": ("prod", WIDE),
}


@dataclass(frozen=True, slots=True)
class Synthesis:
    """The templates of a stage by stack, and the files that they were read from."""

    templates: Mapping[str, Mapping[str, Any]]
    files: tuple[Path, ...]
    folder: Path

    def resources(self, type_: str, *stacks: str) -> dict[str, dict[str, Any]]:
        """Resources of a CloudFormation type by logical id, in `stacks` or everywhere."""
        return {
            id_: resource
            for stack in stacks or STACKS
            for id_, resource in self.templates[stack]["Resources"].items()
            if resource["Type"] == type_
        }

    def functions(self) -> dict[str, dict[str, Any]]:
        """The properties of the manifest's functions by the manifest's name."""
        found = {}
        for resource in self.resources("AWS::Lambda::Function", "api", "consumers").values():
            name = str(resource["Properties"]["FunctionName"]).split("-", 2)[2]
            found[name] = resource["Properties"]
        return found

    def statements(self, function: str) -> list[dict[str, Any]]:
        """The statements of a function's policy, with every list as a list and every ARN as a text."""
        role = self.functions()[function]["Role"]["Fn::GetAtt"][0]
        found = []
        for policy in self.resources("AWS::IAM::Policy", "api", "consumers").values():
            if {"Ref": role} in policy["Properties"]["Roles"]:
                found += policy["Properties"]["PolicyDocument"]["Statement"]
        return [
            {
                **statement,
                "Action": _listed(statement["Action"]),
                "Resource": [render(resource) for resource in _listed(statement["Resource"])],
            }
            for statement in found
        ]


def project_manifest() -> Manifest:
    """The manifest that is deployed."""
    return load_manifest(ROOT / "functions" / "manifest.toml")


def with_site(manifest: Manifest, folder: Path) -> Manifest:
    """The manifest with the website's files in `folder`, built or not."""
    assert manifest.site is not None
    return replace(manifest, site=replace(manifest.site, directory=folder))


def small_layers(folder: Path) -> LayerSet:
    """Layers that hold nothing: templates do not depend on what is in them."""

    def layer(name: str) -> Layer:
        archive = folder / f"{name}.zip"
        if not archive.exists():
            with zipfile.ZipFile(archive, "w") as opened:
                opened.writestr(zipfile.ZipInfo("python/nothing.py"), "")
        return Layer(name, archive, f"{name}-of-tests", 0)

    groups = ("core", "rest")
    return LayerSet({group: layer(f"dependencies-{group}") for group in groups}, layer("shared"), layer("certificates"))


def synthesize(key: str, folder: Path, layers: LayerSet) -> Synthesis:
    """Synthesizes one of SYNTHESES into `folder`; fails on a finding of cdk-nag that has no reason."""
    name, overrides = SYNTHESES[key]
    app = make_app(folder)
    # Whether this machine has built the site makes no difference; dev is synthesized without, all others with.
    site = folder.parent / ("unbuilt" if name == "dev" else "built")
    if name != "dev":
        (site / "assets").mkdir(parents=True, exist_ok=True)
        (site / "index.html").write_text("<!doctype html>")
    manifest = with_site(project_manifest(), site)
    build(app, load_stage(name, overrides), manifest=manifest, layers=layers)
    app.synth()
    assembly = folder / f"assembly-parley-{name}"
    index = json.loads((assembly / "manifest.json").read_text())
    files = {
        artifact["displayName"].rsplit("/", 1)[1].split(" ")[0]: assembly / artifact["properties"]["templateFile"]
        for artifact in index["artifacts"].values()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    templates = {stack: json.loads(file.read_text()) for stack, file in files.items()}
    return Synthesis(templates, tuple(files.values()), folder)


def render(value: Any) -> str:
    """A value of a template as one text: intrinsic functions become `<what they refer to>`."""
    if not isinstance(value, dict):
        return str(value)
    ((function, argument),) = value.items()
    match function:
        case "Ref":
            return f"<{argument}>"
        case "Fn::GetAtt":
            return f"<{'.'.join(argument)}>"
        case "Fn::ImportValue":
            return f"<{render(argument)}>"
        case "Fn::Join":
            return str(argument[0]).join(render(part) for part in argument[1])
        case _:
            return f"<{function} {json.dumps(argument, sort_keys=True)}>"


def walk(value: Any) -> Iterator[Any]:
    """Every value inside a template's value, itself included."""
    yield value
    if isinstance(value, dict):
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
