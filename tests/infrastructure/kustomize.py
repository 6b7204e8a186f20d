"""Builds a kustomization as `kustomize build` does, for the few features that this project uses.

Anything else in a kustomization stops the test, so that nothing is passed over. That both give the same was seen with
kustomize 5.7; .github/workflows/infrastructure.yml compares them on every pull request.

Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Resource = dict[str, Any]
KNOWN = {"apiVersion", "kind", "namespace", "labels", "resources", "images", "patches"}
CLUSTER_WIDE = {"Namespace"}


def build(folder: Path) -> list[Resource]:
    """The resources of a kustomization, as they would be applied, in the order in which they are named."""
    wanted = _load(folder / "kustomization.yaml")[0]
    assert set(wanted) <= KNOWN, set(wanted) - KNOWN
    resources: list[Resource] = []
    for name in wanted["resources"]:
        path = folder / name
        resources += build(path) if path.is_dir() else _load(path)
    for patch in wanted.get("patches", []):
        _patch(resources, patch)
    for resource in resources:
        if "namespace" in wanted and resource["kind"] not in CLUSTER_WIDE:
            resource["metadata"]["namespace"] = wanted["namespace"]
        for label in wanted.get("labels", []):
            assert set(label) <= {"pairs", "includeTemplates"}
            _label(resource, label["pairs"], templates=label.get("includeTemplates", False))
        for image in wanted.get("images", []):
            _set_image(resource, image)
    return resources


def _load(path: Path) -> list[Resource]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def _patch(resources: list[Resource], patch: Resource) -> None:
    """JSON patches (RFC 6902) on every resource that the target fits."""
    assert set(patch) == {"target", "patch"}
    fitting = [
        resource
        for resource in resources
        if patch["target"]["kind"] == resource["kind"]
        and patch["target"].get("name") in (None, resource["metadata"]["name"])
    ]
    assert fitting, patch["target"]
    for resource in fitting:
        for operation in yaml.safe_load(patch["patch"]):
            *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
            inner: Any = resource
            for part in way:
                inner = inner[int(part)] if isinstance(inner, list) else inner[part]
            key: Any = int(last) if isinstance(inner, list) else last
            # Both are to be there before.
            assert key in inner if isinstance(inner, dict) else key < len(inner), operation
            match operation["op"]:
                case "replace":
                    inner[key] = copy.deepcopy(operation["value"])
                case "remove":
                    del inner[key]
                case other:
                    raise AssertionError(other)


def _label(resource: Resource, pairs: dict[str, str], *, templates: bool) -> None:
    holders = [resource["metadata"]]
    template = resource.get("spec", {}).get("template") if templates else None
    if template is not None:
        holders.append(template.setdefault("metadata", {}))
    for holder in holders:
        holder.setdefault("labels", {}).update(pairs)


def containers(resource: Resource) -> Iterator[Resource]:
    """The containers of a resource that has pods."""
    pod = resource.get("spec", {}).get("template", {}).get("spec", {})
    yield from pod.get("initContainers", [])
    yield from pod.get("containers", [])


def _set_image(resource: Resource, image: dict[str, str]) -> None:
    assert set(image) <= {"name", "newName", "newTag"}
    for container in containers(resource):
        name, _, tag = container["image"].partition(":")
        if name == image["name"]:
            tag = image.get("newTag", tag)
            container["image"] = image.get("newName", name) + (f":{tag}" if tag else "")


if __name__ == "__main__":
    # `kustomize build … | python -m tests.infrastructure.kustomize …` compares.
    def sorted_(found: list[Resource]) -> list[Resource]:
        return sorted(found, key=lambda resource: (resource["kind"], resource["metadata"]["name"]))

    ours, theirs = build(Path(sys.argv[1])), list(yaml.safe_load_all(sys.stdin))
    sys.exit("kustomize builds something else" if sorted_(ours) != sorted_(theirs) else 0)
