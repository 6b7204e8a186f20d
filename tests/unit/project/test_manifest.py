"""functions/manifest.py: what it reads, and what it says of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.manifest import (
    DeployTrigger,
    HttpApi,
    HttpTrigger,
    KafkaTrigger,
    ManifestError,
    WebSocketTrigger,
    fill,
    load_manifest,
)

ROOT = Path(__file__).parents[3]


def write(folder: Path, text: str, *functions: str) -> Path:
    for function in functions:
        (folder / "functions" / function).mkdir(parents=True)
    path = folder / "functions" / "manifest.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def mistakes_of(path: Path) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load_manifest(path)
    return [line.removeprefix(f"{path}: ") for line in str(caught.value).splitlines()]


def test_own_manifest_is_sound() -> None:
    manifest = load_manifest(ROOT / "functions" / "manifest.toml")
    assert {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")} == set(manifest.functions)
    assert all(function.description for function in manifest.functions.values())


def test_each_consumer_may_read_its_topic_and_no_other() -> None:
    manifest = load_manifest(ROOT / "functions" / "manifest.toml")
    for function in manifest.functions.values():
        topics = {trigger.topic for trigger in function.triggers if isinstance(trigger, KafkaTrigger)}
        if function.name == "replay_dead_letters":
            topics = {name for name in manifest.topics if name.startswith("dead.")}
        assert set(function.permissions.consume) == topics, function.name


def test_reads_triggers_and_inherits_settings(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [project]
        name = "orders"
        layer = "shared"
        [environment]
        A = "1"
        B = "${stage}"
        [defaults]
        memory_mb = 256
        timeout_s = 7
        [topics.orders]
        partitions = 3
        [functions.one]
        environment = { A = "2" }
        triggers = [
          { type = "http", routes = ["GET /orders/{id}", "$default"] },
          { type = "websocket", routes = ["feed"], response = true },
          { type = "kafka", topic = "orders", batch_size = 7 },
          { type = "deploy" },
        ]
        """,
        "one",
    )
    manifest = load_manifest(path)
    one = manifest.functions["one"]
    assert (one.memory_mb, one.timeout_s, one.code) == (256, 7, tmp_path / "functions" / "one")
    assert one.environment == {"A": "2", "B": "${stage}"}
    assert one.triggers == (
        HttpTrigger(("GET /orders/{id}", "$default")),
        WebSocketTrigger(("feed",), response=True),
        KafkaTrigger("orders", batch_size=7),
        DeployTrigger(),
    )
    assert manifest.layer == tmp_path / "shared"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("timeout_s = 901", "functions.one.timeout_s: must be from 1 to 900, not 901"),
        ("memory_mb = '1'", "functions.one.memory_mb: must be of type int, not str"),
        ("memory_mb = true", "functions.one.memory_mb: must be of type int, not bool"),
        ("memroy_mb = 128", "functions.one.memroy_mb: is not known here"),
        ("handler = 'x'", "functions.one.handler: must be module.function"),
        ("triggers = [{ type = 'sqs' }]", "functions.one.triggers[0].type: 'sqs' is no trigger"),
        ("triggers = [{ routes = [] }]", "functions.one.triggers[0].type: is missing"),
        (
            "triggers = [{ type = 'http', routes = ['FETCH /x'] }]",
            "functions.one.triggers[0].routes: 'FETCH /x' is not `METHOD /path` or `$default`",
        ),
        (
            "triggers = [{ type = 'kafka', topic = 'nowhere' }]",
            "functions.one: topic 'nowhere' is not in [topics]",
        ),
        (
            "triggers = [{ type = 'websocket', routes = ['a', 'a'] }]",
            "functions.one: WebSocket route a is served by one too",
        ),
    ],
)
def test_tells_each_mistake_with_its_place(tmp_path: Path, body: str, told: str) -> None:
    path = write(tmp_path, f'[project]\nname = "p"\n[functions.one]\n{body}\n', "one")
    assert told in mistakes_of(path)


def test_reads_what_browsers_may_do(tmp_path: Path) -> None:
    head = '[project]\nname = "p"\n[http]\n'
    text = 'cors_origins = ["https://a.example"]\ncors_methods = ["GET"]\ncors_max_age_s = 5\n'
    assert load_manifest(write(tmp_path, head + text)).http == HttpApi(("https://a.example",), ("GET",), (), (), 5)
    assert mistakes_of(write(tmp_path, f'{head}cors_methods = ["ANY"]')) == ["http.cors_methods: 'ANY' is no method"]


def test_tells_all_mistakes_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "[project]\n[functions.one]\ntimeout_s = 0\nx = 1\n")
    assert mistakes_of(path) == [
        "project.name: is missing",
        f"functions.one.code: {tmp_path / 'functions' / 'one'} is no folder",
        "functions.one.timeout_s: must be from 1 to 900, not 0",
        "functions.one.x: is not known here",
    ]


def test_tells_of_a_missing_and_of_a_broken_file(tmp_path: Path) -> None:
    assert mistakes_of(tmp_path / "functions" / "manifest.toml") == ["no such file"]
    assert "line 1" in mistakes_of(write(tmp_path, "= nothing"))[0]


def test_fill_refuses_a_name_without_value() -> None:
    assert fill("a ${b.c} d", {"b.c": "B"}) == "a B d"
    with pytest.raises(ManifestError, match=r"no value for \$\{x\}: known are y"):
        fill("${x}", {"y": ""})


def test_reads_a_site_and_refuses_one_without_a_directory(tmp_path: Path) -> None:
    head = '[project]\nname = "p"\n[site]\n'
    path = write(tmp_path, f'{head}directory = "web/dist"\nsource = "web"\n[site.headers]\nx-a = "${{b.c}}"\n')
    site = load_manifest(path).site
    assert site is not None
    assert (site.directory, site.source) == (tmp_path / "web/dist", tmp_path / "web")
    assert dict(site.headers) == {"x-a": "${b.c}"}
    assert mistakes_of(write(tmp_path, f'{head}source = "web"\nelse = 1\n')) == [
        "site.directory: is missing",
        "site.else: is not known here",
    ]
