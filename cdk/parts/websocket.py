"""A cell: one WebSocket API with its routes, over the same functions and data as every other cell."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_cdk import CfnOutput, Fn, Stack
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.parts.function import ManifestFunction, log_group
from cdk.parts.gateway_account import GatewayAccount
from cdk.stages import Stage
from functions.manifest import AuthorizerTrigger, Manifest, WebSocketTrigger

ACCESS_LOG_FORMAT = json.dumps(
    {
        name: f"$context.{name}"
        for name in (
            "requestId",
            "requestTime",
            "eventType",
            "routeKey",
            "status",
            "connectionId",
            "integrationLatency",
            "integrationErrorMessage",
        )
    }
)


class WebSocketCell(Construct):
    """The API alone, so that functions can be given its address; `serve` then adds stage, authorizer and routes."""

    def __init__(self, scope: Construct, index: int, *, stage: Stage, manifest: Manifest) -> None:
        super().__init__(scope, f"Cell{index}")
        self._stage = stage
        self._manifest = manifest
        self.name = f"websocket-{index}"
        self.stage_name = manifest.websocket.stage
        self._domain = _cell_domain(stage, index)
        self.api = api.CfnApi(
            self,
            "Api",
            name=stage.resource(self.name),
            protocol_type="WEBSOCKET",
            route_selection_expression="$request.body.action",
            ip_address_type="dualstack",
        )
        # Exported under a name of its own, so that the reason for the wildcard behind it can be given for it alone.
        self.export_name = stage.resource(f"{self.name}-id")
        CfnOutput(self, "Id", value=self.api.ref, export_name=self.export_name)

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"wss://{self._domain or self._host}/{self.stage_name}"

    @property
    def origin(self) -> str:
        """The same without its path, as browsers' policies name it."""
        return f"wss://{self._domain or self._host}"

    def connections_arn(self, scope: Construct) -> str:
        """What a policy in `scope`'s stack names to let a function post to this cell's sockets."""
        within = Stack.of(scope) is Stack.of(self)
        return Stack.of(scope).format_arn(
            service="execute-api",
            resource=self.api.ref if within else Fn.import_value(self.export_name),
            resource_name=f"{self.stage_name}/*/@connections/*",
        )

    @property
    def _host(self) -> str:
        stack = Stack.of(self)
        return f"{self.api.ref}.execute-api.{stack.region}.{stack.url_suffix}"

    def serve(self, functions: Mapping[str, ManifestFunction], key: kms.IKey, account: GatewayAccount) -> None:
        """Connects the API to the manifest's WebSocket functions and publishes it."""
        authorizer = self._make_authorizer(functions)
        routes = [
            route
            for function in functions.values()
            for trigger in function.spec.triggers
            if isinstance(trigger, WebSocketTrigger)
            for route in self._make_routes(function, trigger, authorizer)
        ]
        published = self._make_stage(key)
        # A stage that is there before its routes would publish an API that refuses everyone.
        for route in routes:
            published.add_resource_dependency(route)
        # AWS refuses a stage with an access log until the account has the role.
        published.add_resource_dependency(account.setting)
        self._make_domain(published)

    def _make_authorizer(self, functions: Mapping[str, ManifestFunction]) -> api.CfnAuthorizer | None:
        for function in functions.values():
            for trigger in function.spec.triggers:
                if isinstance(trigger, AuthorizerTrigger):
                    self._permit(function, "authorizers/*")
                    return api.CfnAuthorizer(
                        self,
                        "Authorizer",
                        api_id=self.api.ref,
                        name=function.spec.name,
                        authorizer_type="REQUEST",
                        authorizer_uri=_invocation_uri(function.alias),
                        identity_source=list(trigger.identity_sources) or None,
                    )
        return None

    def _make_routes(
        self, function: ManifestFunction, trigger: WebSocketTrigger, authorizer: api.CfnAuthorizer | None
    ) -> list[api.CfnRoute]:
        name = function.node.id
        integration = api.CfnIntegration(
            self,
            f"{name}Integration",
            api_id=self.api.ref,
            integration_type="AWS_PROXY",
            integration_uri=_invocation_uri(function.alias),
            content_handling_strategy="CONVERT_TO_TEXT",
        )
        routes = []
        for key in trigger.routes:
            id_ = f"Route{key.lstrip('$').title()}"
            guarded = key == "$connect" and authorizer is not None
            route = api.CfnRoute(
                self,
                id_,
                api_id=self.api.ref,
                route_key=key,
                authorization_type="CUSTOM" if guarded else "NONE",
                authorizer_id=authorizer.ref if guarded and authorizer else None,
                target=f"integrations/{integration.ref}",
                route_response_selection_expression="$default" if trigger.response else None,
            )
            if trigger.response:
                api.CfnRouteResponse(
                    self, f"{id_}Response", api_id=self.api.ref, route_id=route.ref, route_response_key="$default"
                )
            self._permit(function, f"{self.stage_name}/{key}")
            routes.append(route)
        return routes

    def _permit(self, function: ManifestFunction, resource: str) -> None:
        """Lets this API, and no other, call the function for one route or as its authorizer."""
        source = Stack.of(self).format_arn(service="execute-api", resource=self.api.ref, resource_name=resource)
        lambda_.CfnPermission(
            self,
            f"{function.node.id}May{''.join(filter(str.isalnum, resource.title()))}",
            action="lambda:InvokeFunction",
            function_name=function.alias.function_arn,
            principal="apigateway.amazonaws.com",
            source_arn=source,
        )

    def _make_stage(self, key: kms.IKey) -> api.CfnStage:
        log = log_group(self, "Log", stage=self._stage, name=self.name, key=key)
        return api.CfnStage(
            self,
            "Stage",
            api_id=self.api.ref,
            stage_name=self.stage_name,
            auto_deploy=True,
            access_log_settings=api.CfnStage.AccessLogSettingsProperty(
                destination_arn=log.log_group_arn, format=ACCESS_LOG_FORMAT
            ),
            default_route_settings=api.CfnStage.RouteSettingsProperty(
                detailed_metrics_enabled=True,
                throttling_rate_limit=self._stage.api.websocket_rate,
                throttling_burst_limit=self._stage.api.websocket_burst,
            ),
        )

    def _make_domain(self, published: api.CfnStage) -> None:
        domain = self._stage.api.domain
        if domain is None or self._domain is None:
            return
        name = make_domain_name(self, self._domain, domain.certificate_arn)
        # Under the stage's name, so that a socket's domain and stage make its @connections address with or without
        # a domain of one's own.
        mapping = api.CfnApiMapping(
            self,
            "Mapping",
            api_id=self.api.ref,
            domain_name=name.ref,
            stage=self.stage_name,
            api_mapping_key=self.stage_name,
        )
        mapping.add_resource_dependency(published)


def make_domain_name(scope: Construct, domain: str, certificate_arn: str) -> api.CfnDomainName:
    """A name of one's own for an API. Its DNS record is made by whoever owns the zone: see docs/deploy.md."""
    return api.CfnDomainName(
        scope,
        "Domain",
        domain_name=domain,
        domain_name_configurations=[
            api.CfnDomainName.DomainNameConfigurationProperty(
                certificate_arn=certificate_arn,
                endpoint_type="REGIONAL",
                security_policy="TLS_1_2",
                ip_address_type="dualstack",
            )
        ],
    )


def _cell_domain(stage: Stage, index: int) -> str | None:
    if stage.api.domain is None:
        return None
    if stage.api.cells == 1:
        return stage.api.domain.websocket
    label, _, rest = stage.api.domain.websocket.partition(".")
    return f"{label}-{index}.{rest}"


def _invocation_uri(alias: lambda_.Alias) -> str:
    stack = Stack.of(alias)
    path = f"path/2015-03-31/functions/{alias.function_arn}/invocations"
    return f"arn:{stack.partition}:apigateway:{stack.region}:lambda:{path}"
