"""The APIs, the functions that clients wait for, and what must have run before they serve."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk.needs import is_api_function, is_deploy_function
from cdk.parts.deployer import ask
from cdk.parts.function import ManifestFunction, Setting
from cdk.parts.gateway_account import GatewayAccount
from cdk.parts.http import RestApi
from cdk.parts.layers import LayerSet
from cdk.parts.policy import Resources
from cdk.parts.rollout import Rollout
from cdk.parts.websocket import WebSocketCell
from cdk.stacks.data import DataStack
from cdk.stacks.network import NetworkStack
from cdk.stages import Stage
from functions.manifest import Manifest


class ApiStack(Stack):
    """One HTTP API and `cells` WebSocket APIs before the same functions.

    `setting` is what the consumers' stack makes its functions from too.
    """

    def __init__(
        self,
        scope: Construct,
        stage: Stage,
        *,
        manifest: Manifest,
        network: NetworkStack,
        data: DataStack,
        layers: LayerSet,
    ) -> None:
        super().__init__(scope, "api")
        self._stage = stage
        self._data = data
        self.rest = RestApi(self, stage=stage, manifest=manifest)
        self.cells = [WebSocketCell(self, index, stage=stage, manifest=manifest) for index in range(stage.api.cells)]
        self.setting = Setting(
            stage=stage,
            manifest=manifest,
            network=network,
            layers=layers,
            key=data.key,
            resources=Resources(
                kafka=data.kafka,
                key_arn=data.key.key_arn,
                secret_arns=data.secret_arns,
                bucket_arns=data.bucket_arns,
            ),
            cells=self.cells,
            values={**data.values, **self._values()},
        )
        self.functions = self._make_functions(manifest)
        self.deploy_functions = self._run_deploy_functions(manifest)
        self.rest.serve(self.functions, data.key)
        self.log_setting = GatewayAccount(self)
        for cell in self.cells:
            cell.serve(self.functions, data.key, self.log_setting)
        self.rollout = Rollout(self, stage=stage, functions=self.functions.values()) if stage.canary else None
        self._tell()

    def _values(self) -> dict[str, str]:
        return {
            "http.url": self.rest.url,
            # Several addresses, parted by blanks: the ticket's issuer picks a user's cell among them.
            "websocket.url": " ".join(cell.url for cell in self.cells),
            "websocket.callback_template": "https://{domainName}/{stage}",
        }

    def _make_functions(self, manifest: Manifest) -> Mapping[str, ManifestFunction]:
        return {
            function.name: ManifestFunction(self, function, self.setting)
            for function in manifest.functions.values()
            if is_api_function(function)
        }

    def _run_deploy_functions(self, manifest: Manifest) -> Mapping[str, ManifestFunction]:
        """Runs them before any function that clients wait for gets its new version; a failed one stops the deploy."""
        functions = {}
        for spec in manifest.functions.values():
            if not is_deploy_function(spec):
                continue
            function = functions[spec.name] = ManifestFunction(self, spec, self.setting)
            properties = {
                "Topics": [
                    {
                        "Name": topic.name,
                        "Partitions": str(topic.partitions),
                        "RetentionHours": str(topic.retention_hours or self._stage.kafka.retention_hours),
                    }
                    for topic in manifest.topics.values()
                ],
                "ReplicationFactor": str(self._stage.kafka.replicas),
            }
            run = ask(
                self,
                f"{function.node.id}Run",
                service=self._data.deployer.arn,
                act="Run",
                properties={
                    # By its version, so that it runs again whenever its code, packages or settings have changed.
                    "Function": f"{function.function_name}:{function.alias.alias_name}",
                    "Version": function.function.current_version.version,
                    "Properties": properties,
                },
            )
            run.node.add_dependency(function.alias)
            for served in self.functions.values():
                served.alias.node.add_dependency(run)
        return functions

    def _tell(self) -> None:
        CfnOutput(self, "RestUrl", value=f"{self.rest.url}/api")
        for index, cell in enumerate(self.cells):
            CfnOutput(self, f"WebSocketUrl{index}", value=cell.url)
