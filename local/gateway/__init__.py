"""API Gateway on one machine: HTTP API, WebSocket API and @connections, for any project's manifest."""

from local.gateway.gateway import Gateway
from local.gateway.settings import GatewaySettings

__all__ = ["Gateway", "GatewaySettings"]
