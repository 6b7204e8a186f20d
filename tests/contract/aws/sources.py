"""Where a behaviour is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., object])

_GATEWAY = "https://docs.aws.amazon.com/apigateway/latest/developerguide"
_CALLBACKS = "https://docs.aws.amazon.com/apigatewaymanagementapi/latest/reference"
_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of documentation, read in November 2026."""

    title: str
    url: str


WEBSOCKET_OVERVIEW = Page(
    "Overview of WebSocket APIs in API Gateway", f"{_GATEWAY}/apigateway-websocket-api-overview.html"
)
WEBSOCKET_QUOTAS = Page(
    "Quotas for configuring and running a WebSocket API in API Gateway",
    f"{_GATEWAY}/apigateway-execution-service-websocket-limits-table.html",
)
ACCOUNT_QUOTAS = Page("Amazon API Gateway quotas", f"{_GATEWAY}/limits.html")
CONNECT_ROUTES = Page(
    "Manage connected users and client apps: $connect and $disconnect routes",
    f"{_GATEWAY}/apigateway-websocket-api-route-keys-connect-disconnect.html",
)
SUBPROTOCOLS = Page(
    "Set up a $connect route that requires a WebSocket subprotocol",
    f"{_GATEWAY}/websocket-connect-route-subprotocol.html",
)
ROUTE_SELECTION = Page(
    "Invoke your backend integration with the $default route and custom routes in API Gateway",
    f"{_GATEWAY}/apigateway-websocket-api-routes-integrations.html",
)
ROUTE_RESPONSES = Page(
    "Set up route responses for WebSocket APIs in API Gateway",
    f"{_GATEWAY}/apigateway-websocket-api-route-response.html",
)
WEBSOCKET_CONTEXT = Page(
    "WebSocket API mapping template reference for API Gateway",
    f"{_GATEWAY}/apigateway-websocket-api-mapping-template-reference.html",
)
WEBSOCKET_AUTHORIZERS = Page(
    "Control access to WebSocket APIs with AWS Lambda REQUEST authorizers",
    f"{_GATEWAY}/apigateway-websocket-api-lambda-auth.html",
)
LAMBDA_AUTHORIZERS = Page("Use API Gateway Lambda authorizers", f"{_GATEWAY}/apigateway-use-lambda-authorizer.html")
BINARY_MEDIA = Page(
    "Binary media types for WebSocket APIs in API Gateway",
    f"{_GATEWAY}/websocket-api-develop-binary-media-types.html",
)
CALLBACK_COMMANDS = Page(
    "Use @connections commands in your backend service",
    f"{_GATEWAY}/apigateway-how-to-call-websocket-api-connections.html",
)
CALLBACK_API = Page("API Gateway Management API reference: Connections", f"{_CALLBACKS}/connections-connectionid.html")
CALLBACK_410 = Page(
    "410 GoneException from API Gateway (AWS knowledge center)",
    "https://repost.aws/knowledge-center/410-gone-api-gateway",
)
HTTP_LAMBDA = Page(
    "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway",
    f"{_GATEWAY}/http-api-develop-integrations-lambda.html",
)
HTTP_ROUTES = Page("Create routes for HTTP APIs in API Gateway", f"{_GATEWAY}/http-api-develop-routes.html")
HTTP_QUOTAS = Page("Quotas for configuring and running an HTTP API in API Gateway", f"{_GATEWAY}/http-api-quotas.html")
HTTP_CORS = Page("Configure CORS for HTTP APIs in API Gateway", f"{_GATEWAY}/http-api-cors.html")
LAMBDA_INVOKE = Page("Invoke (Lambda API reference)", "https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html")
LAMBDA_EXCEPTIONS = Page("AWS Lambda function errors in Python", f"{_LAMBDA}/python-exceptions.html")
LAMBDA_TIMEOUT = Page("Configure Lambda function timeout", f"{_LAMBDA}/configuration-timeout.html")
LAMBDA_QUOTAS = Page("Lambda quotas", f"{_LAMBDA}/gettingstarted-limits.html")
LAMBDA_RUNTIME = Page(
    "Understanding the Lambda execution environment lifecycle", f"{_LAMBDA}/lambda-runtime-environment.html"
)
LAMBDA_CONTEXT = Page(
    "Using the Lambda context object to retrieve Python function information", f"{_LAMBDA}/python-context.html"
)
KAFKA_EVENT = Page("Using Lambda with Amazon MSK: example event", f"{_LAMBDA}/with-msk.html")
KAFKA_BATCHES = Page(
    "Batching behavior and error handling of Kafka event sources", f"{_LAMBDA}/kafka-scaling-modes.html"
)


def documented(*pages: Page) -> Callable[[Test], Test]:
    """Marks a test of what AWS documents on these pages."""

    def mark(test: Test) -> Test:
        test.__dict__["sources"] = pages
        return test

    return mark


def unverified(what: str) -> Callable[[Test], Test]:
    """Marks a test of what AWS documents nowhere: `what` says what is assumed. A real API may prove it wrong."""

    def mark(test: Test) -> Test:
        test.__dict__["assumption"] = what
        return test

    return mark
