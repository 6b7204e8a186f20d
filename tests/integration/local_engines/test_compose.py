"""`local/docker-compose.yml` and what it mounts, as far as a machine without Docker can tell."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.engines import ports
from local.engines.containers import COMPOSE_FILE, PORTS
from local.engines.kafka import Kafka
from local.engines.valkey import Valkey
from local.metrics import Metrics
from local.observer import NullObserver
from local.settings import PROJECT_ROOT, Settings
from local.stack import METRICS_PATH

DOCKER = COMPOSE_FILE.parent / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DASHBOARD: dict[str, Any] = json.loads((DOCKER / "grafana" / "dashboards" / "twin.json").read_text())


def filled(text: object) -> str:
    """A value of the file with its variables' defaults put in, as Docker does."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(text))


def test_it_is_what_the_compose_specification_allows() -> None:
    command = ["check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE_FILE)]
    checked = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_docker_takes_it() -> None:
    try:
        probe = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("Docker is not installed here")
    if probe.returncode:
        pytest.skip("Docker has no compose plugin here")
    command = ["docker", "compose", "--file", str(COMPOSE_FILE), "config", "--quiet"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_pinned_checked_and_on_loopback_alone(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"])
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert all(filled(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    sources = [filled(volume).partition(":")[0] for volume in service["volumes"]]
    named = [source for source in sources if not source.startswith(".")]
    assert named, "data is kept in a named volume"
    assert set(named) <= set(COMPOSE["volumes"])
    for mounted in (source for source in sources if source.startswith(".") and source != "./docker/targets"):
        assert (COMPOSE_FILE.parent / mounted).exists()


def test_the_twin_expects_the_ports_that_are_published() -> None:
    text = COMPOSE_FILE.read_text()
    found = dict(re.findall(r"\$\{(\w+_PORT):-(\d+)\}", text))
    assert found == PORTS
    assert filled(SERVICES["kafka"]["ports"][0]) == "127.0.0.1:9092:9092"


def test_prometheus_asks_where_the_twin_answers() -> None:
    (job,) = yaml.safe_load((DOCKER / "prometheus.yml").read_text())["scrape_configs"]
    assert job["metrics_path"] == METRICS_PATH
    mounted = [filled(volume).split(":")[1] for volume in SERVICES["prometheus"]["volumes"]]
    assert str(Path(job["file_sd_configs"][0]["files"][0]).parent) in mounted


def test_dashboards_ask_for_metrics_and_labels_that_the_twin_has() -> None:
    known = {
        name: kind for _, _, name, kind in (line.split(" ") for line in Metrics().text().splitlines() if "TYPE" in line)
    }
    endings = {"histogram": ("_bucket", "_sum", "_count")}
    series = {f"{name}{ending}" for name, kind in known.items() for ending in endings.get(kind, ("",))}
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    names = {name for expression in asked for name in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", expression)}
    names -= {"histogram_quantile", "__rate_interval"}
    assert names <= series
    assert set(known) == {re.sub("_bucket$", "", name) for name in names}, "each metric is on the dashboard"


def test_grafana_knows_its_source_and_its_dashboard() -> None:
    provisioning = DOCKER / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "twin.yml").read_text())["providers"]
    assert {panel["datasource"]["uid"] for panel in DASHBOARD["panels"]} == {source["uid"]}
    assert source["url"].removeprefix("$") in SERVICES["grafana"]["environment"]
    assert any(volume.endswith(f"{provider['options']['path']}:ro") for volume in SERVICES["grafana"]["volumes"])


class ComposedKafka(Kafka):
    """The embedded broker with the container's settings, but for ports and folders."""

    async def before_start(self) -> None:
        await super().before_start()
        settings = {
            name.removeprefix("KAFKA_").lower().replace("_", "."): filled(value)
            for name, value in SERVICES["kafka"]["environment"].items()
            if name != "KAFKA_HEAP_OPTS"
        }
        internal = ports.free_port()
        moved = {":9092": f":{self.port}", ":9093": f":{self._controller_port}", ":9094": f":{internal}"}
        for name in ("listeners", "advertised.listeners", "controller.quorum.voters"):
            for old, new in moved.items():
                settings[name] = settings[name].replace(old, new)
        settings["log.dirs"] = str(self._log_folder)
        self._settings_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


class ComposedValkey(Valkey):
    """The embedded server with the container's command, but for its address and folder."""

    def command(self) -> list[str]:
        server = super().command()[0]
        own = ["--bind", self.host, "--port", str(self.port), "--dir", str(self.folder)]
        return [server, *SERVICES["valkey"]["command"][1:], *own]


@pytest.mark.engines
def test_kafka_and_valkey_start_with_the_containers_settings(tmp_path: Path) -> None:
    async def scenario() -> None:
        cache = Settings.read().cache
        kafka = ComposedKafka(
            tmp_path, ports.free_port(), NullObserver(), controller_port=ports.free_port(), cache=cache
        )
        valkey = ComposedValkey(tmp_path, ports.free_port(), NullObserver())
        for engine in (valkey, kafka):
            await engine.prepare()
            await engine.start()
            await engine.stop()

    asyncio.run(scenario())


def test_the_file_lies_where_the_documents_say() -> None:
    assert COMPOSE_FILE.relative_to(PROJECT_ROOT) == Path("local/docker-compose.yml")
