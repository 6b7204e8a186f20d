"""The HTTP API: the manifest's routes, CORS, throttling and an access log."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aws_cdk import Stack
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.parts.function import ManifestFunction, log_group
from cdk.parts.websocket import make_domain_name
from cdk.stages import Stage
from functions.manifest import HttpTrigger, Manifest

# API Gateway ends a request after 30 s whatever is set here, so the functions' own 29 s come first.
INTEGRATION_TIMEOUT_MS = 30_000
ACCESS_LOG_FORMAT = json.dumps(
    {
        name: f"$context.{path}"
        for name, path in (
            ("requestId", "requestId"),
            ("requestTime", "requestTime"),
            ("httpMethod", "httpMethod"),
            ("routeKey", "routeKey"),
            ("status", "status"),
            ("protocol", "protocol"),
            ("responseLength", "responseLength"),
            ("responseLatency", "responseLatency"),
            ("integrationErrorMessage", "integrationErrorMessage"),
            ("sourceIp", "identity.sourceIp"),
        )
    }
)


class RestApi(Construct):
    """The API alone, so that functions can be given its address; `serve` then adds routes and publishes it."""

    def __init__(self, scope: Construct, *, stage: Stage, manifest: Manifest) -> None:
        super().__init__(scope, "Rest")
        self._stage = stage
        origins = stage.origins(manifest.http.cors_origins)
        self.api = api.CfnApi(
            self,
            "Api",
            name=stage.resource("rest"),
            protocol_type="HTTP",
            ip_address_type="dualstack",
            disable_execute_api_endpoint=stage.api.domain is not None,
            cors_configuration=api.CfnApi.CorsProperty(
                allow_origins=origins,
                allow_methods=list(manifest.http.cors_methods),
                allow_headers=list(manifest.http.cors_headers),
                expose_headers=list(manifest.http.cors_expose_headers),
                max_age=manifest.http.cors_max_age_s,
            )
            if origins
            else None,
        )

    @property
    def url(self) -> str:
        """Where clients find it, without a slash at the end."""
        stack = Stack.of(self)
        host = f"{self.api.ref}.execute-api.{stack.region}.{stack.url_suffix}"
        return f"https://{self._stage.api.domain.rest if self._stage.api.domain else host}"

    def serve(self, functions: Mapping[str, ManifestFunction], key: kms.IKey) -> None:
        """Connects the API to the manifest's HTTP functions and publishes it."""
        for function in functions.values():
            for trigger in function.spec.triggers:
                if isinstance(trigger, HttpTrigger):
                    self._make_routes(function, trigger)
        published = self._make_stage(key)
        domain = self._stage.api.domain
        if domain is not None:
            name = make_domain_name(self, domain.rest, domain.certificate_arn)
            mapping = api.CfnApiMapping(self, "Mapping", api_id=self.api.ref, domain_name=name.ref, stage=published.ref)
            mapping.add_resource_dependency(published)

    def _make_routes(self, function: ManifestFunction, trigger: HttpTrigger) -> None:
        name = function.node.id
        integration = api.CfnIntegration(
            self,
            f"{name}Integration",
            api_id=self.api.ref,
            integration_type="AWS_PROXY",
            integration_uri=function.alias.function_arn,
            payload_format_version="2.0",
            timeout_in_millis=INTEGRATION_TIMEOUT_MS,
        )
        for route in trigger.routes:
            api.CfnRoute(
                self,
                f"Route{''.join(filter(str.isalnum, route.title()))}",
                api_id=self.api.ref,
                route_key=route,
                # The functions check the access token themselves: see docs/architecture.md.
                authorization_type="NONE",
                target=f"integrations/{integration.ref}",
            )
        lambda_.CfnPermission(
            self,
            f"{name}MayBeCalled",
            action="lambda:InvokeFunction",
            function_name=function.alias.function_arn,
            principal="apigateway.amazonaws.com",
            source_arn=Stack.of(self).format_arn(service="execute-api", resource=self.api.ref, resource_name="*"),
        )

    def _make_stage(self, key: kms.IKey) -> api.CfnStage:
        log = log_group(self, "Log", stage=self._stage, name="rest", key=key)
        return api.CfnStage(
            self,
            "Stage",
            api_id=self.api.ref,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=api.CfnStage.AccessLogSettingsProperty(
                destination_arn=log.log_group_arn, format=ACCESS_LOG_FORMAT
            ),
            default_route_settings=api.CfnStage.RouteSettingsProperty(
                detailed_metrics_enabled=True,
                throttling_rate_limit=self._stage.api.rest_rate,
                throttling_burst_limit=self._stage.api.rest_burst,
            ),
        )
