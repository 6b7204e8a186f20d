"""What the manifest says is in the templates, and the other way round."""

from __future__ import annotations

from pathlib import Path

from functions.manifest import HttpTrigger, KafkaTrigger, Manifest, ScheduleTrigger, WebSocketTrigger
from parley import config
from parley.config import Settings
from tests.infrastructure.synthesis import Synthesis, render

# What the secrets extension is set up by.
EXTENSIONS_OWN = ("PARAMETERS_SECRETS_", "SECRETS_MANAGER_", "SSM_")


def _routes(stage: Synthesis, protocol: str) -> list[tuple[str, str, bool]]:
    """Each route as (API, key, whether it answers)."""
    apis = {
        id_
        for id_, api in stage.resources("AWS::ApiGatewayV2::Api", "api").items()
        if api["Properties"]["ProtocolType"] == protocol
    }
    answered = {
        response["Properties"]["RouteId"]["Ref"]
        for response in stage.resources("AWS::ApiGatewayV2::RouteResponse", "api").values()
    }
    return [
        (route["Properties"]["ApiId"]["Ref"], route["Properties"]["RouteKey"], id_ in answered)
        for id_, route in stage.resources("AWS::ApiGatewayV2::Route", "api").items()
        if route["Properties"]["ApiId"]["Ref"] in apis
    ]


def test_the_http_api_has_the_manifests_routes_and_no_other(stage: Synthesis, manifest: Manifest) -> None:
    declared = {
        route
        for function in manifest.functions.values()
        for trigger in function.triggers
        if isinstance(trigger, HttpTrigger)
        for route in trigger.routes
    }
    routes = _routes(stage, "HTTP")
    assert {key for _, key, _ in routes} == declared
    assert len(routes) == len(declared)


def test_each_websocket_api_has_the_manifests_routes_and_answers(stage: Synthesis, manifest: Manifest) -> None:
    declared = {
        (route, trigger.response)
        for function in manifest.functions.values()
        for trigger in function.triggers
        if isinstance(trigger, WebSocketTrigger)
        for route in trigger.routes
    }
    routes = _routes(stage, "WEBSOCKET")
    cells = {api for api, _, _ in routes}
    for cell in cells:
        assert {(key, answers) for api, key, answers in routes if api == cell} == declared
    assert len(routes) == len(cells) * len(declared)


def test_every_route_calls_the_alias_of_its_own_function(stage: Synthesis, manifest: Manifest) -> None:
    served = {
        route: function.name
        for function in manifest.functions.values()
        for trigger in function.triggers
        if isinstance(trigger, HttpTrigger | WebSocketTrigger)
        for route in trigger.routes
    }
    aliases = stage.resources("AWS::Lambda::Alias", "api")
    integrations = stage.resources("AWS::ApiGatewayV2::Integration", "api")
    functions = stage.resources("AWS::Lambda::Function", "api")
    for route in stage.resources("AWS::ApiGatewayV2::Route", "api").values():
        target = render(route["Properties"]["Target"]).removeprefix("integrations/<").removesuffix(">")
        uri = render(integrations[target]["Properties"]["IntegrationUri"])
        (alias,) = [id_ for id_ in aliases if f"<{id_}>" in uri]
        function = functions[aliases[alias]["Properties"]["FunctionName"]["Ref"]]
        name = served[route["Properties"]["RouteKey"]]
        assert function["Properties"]["FunctionName"].endswith(f"-{name}")


def test_only_connect_is_authorized_by_the_authorizer(stage: Synthesis) -> None:
    websocket = {api for api, _, _ in _routes(stage, "WEBSOCKET")}
    for route in stage.resources("AWS::ApiGatewayV2::Route", "api").values():
        properties = route["Properties"]
        guarded = properties["ApiId"]["Ref"] in websocket and properties["RouteKey"] == "$connect"
        assert properties["AuthorizationType"] == ("CUSTOM" if guarded else "NONE")
        assert ("AuthorizerId" in properties) == guarded


def test_each_topic_is_consumed_as_the_manifest_says(stage: Synthesis, manifest: Manifest) -> None:
    declared = {
        trigger.topic: trigger
        for function in manifest.functions.values()
        for trigger in function.triggers
        if isinstance(trigger, KafkaTrigger)
    }
    mappings = [
        mapping["Properties"] for mapping in stage.resources("AWS::Lambda::EventSourceMapping", "consumers").values()
    ]
    assert sorted(topic for mapping in mappings for topic in mapping["Topics"]) == sorted(declared)
    for mapping in mappings:
        trigger = declared[mapping["Topics"][0]]
        assert mapping["BatchSize"] == trigger.batch_size
        assert mapping["StartingPosition"] == trigger.starting_position
        assert mapping.get("MaximumBatchingWindowInSeconds", 0.5) * 1000 >= trigger.batching_window_ms
        assert mapping.get("FunctionResponseTypes", []) == ["ReportBatchItemFailures"] * trigger.report_failures
        assert mapping["ProvisionedPollerConfig"]["MinimumPollers"] >= 1


def test_each_schedule_is_the_manifests(stage: Synthesis, manifest: Manifest) -> None:
    declared = {
        function.name
        for function in manifest.functions.values()
        if any(isinstance(trigger, ScheduleTrigger) for trigger in function.triggers)
    }
    schedules = stage.resources("AWS::Scheduler::Schedule").values()
    assert {schedule["Properties"]["Name"].split("-", 2)[2] for schedule in schedules} == declared


def test_each_function_is_the_manifests_and_its_handler_is_in_its_asset(stage: Synthesis, manifest: Manifest) -> None:
    functions = stage.functions()
    assert functions.keys() == manifest.functions.keys()
    for name, spec in manifest.functions.items():
        properties = functions[name]
        assert properties["Architectures"] == ["arm64"]
        assert properties["Runtime"] == "python3.13"
        assert properties["MemorySize"] == spec.memory_mb
        assert properties["Timeout"] == spec.timeout_s
        assert properties["Handler"] == spec.handler
        assert properties.get("ReservedConcurrentExecutions") == spec.reserved_concurrency
        assert properties["LoggingConfig"]["LogFormat"] == "JSON"
        module, _, attribute = spec.handler.rpartition(".")
        code = _asset(stage, properties) / f"{module.replace('.', '/')}.py"
        assert f"{attribute} =" in code.read_text() or f"def {attribute}(" in code.read_text()


def test_each_function_has_the_variables_of_the_manifest_and_nothing_is_left_to_fill(
    stage: Synthesis, manifest: Manifest
) -> None:
    for name, spec in manifest.functions.items():
        variables = stage.functions()[name]["Environment"]["Variables"]
        own = {key: render(value) for key, value in variables.items() if not key.startswith(EXTENSIONS_OWN)}
        assert own.keys() == spec.environment.keys()
        assert all(own.values())
        assert not [value for value in own.values() if "${" in value]


def test_every_variable_that_settings_are_read_from_is_set_somewhere(stage: Synthesis) -> None:
    """Those of a group that one function reads are together in it: see the tests of config and of the manifest."""
    groups = [value for value in vars(config).values() if isinstance(value, type) and issubclass(value, Settings)]
    needed = {f"{group.prefix}{field.upper()}" for group in groups for field in group.model_fields}
    given = {name for properties in stage.functions().values() for name in properties["Environment"]["Variables"]}
    assert {name for name in needed if not name.startswith("AWS_")} <= given


def test_no_secret_is_in_a_functions_configuration(stage: Synthesis) -> None:
    for name, properties in stage.functions().items():
        text = render({"Fn::Join": ["\n", list(properties["Environment"]["Variables"].values())]})
        assert "resolve:" not in text, name
        assert "PRIVATE KEY" not in text, name


def test_the_deploy_functions_run_before_new_versions_serve(stage: Synthesis, manifest: Manifest) -> None:
    (run_id,) = stage.resources("Custom::Run", "api")
    run = stage.resources("Custom::Run", "api")[run_id]
    topics = {topic["Name"]: int(topic["Partitions"]) for topic in run["Properties"]["Properties"]["Topics"]}
    assert topics == {topic.name: topic.partitions for topic in manifest.topics.values()}
    # A number that changes with the function's code, packages or settings, so that it runs again.
    assert run["Properties"]["Version"]["Fn::GetAtt"][1] == "Version"
    for id_, alias in stage.resources("AWS::Lambda::Alias", "api").items():
        if not id_.startswith("SetUp"):
            assert run_id in alias["DependsOn"], id_


def _asset(stage: Synthesis, properties: dict[str, object]) -> Path:
    key = str(properties["Code"]["S3Key"]).removesuffix(".zip")  # type: ignore[index]  # a template is untyped JSON
    return stage.folder / f"asset.{key}"
