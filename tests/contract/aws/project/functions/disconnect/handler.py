"""$disconnect of the contract tests."""

from __future__ import annotations

import json
from typing import Any

import boto3


def handler(event: dict[str, Any], _context: object) -> None:
    """Posts the event to whoever watches the connection."""
    where = event["requestContext"]
    watcher, _, scheme = where["authorizer"]["watcher"].rpartition("@")
    if watcher:
        endpoint = f"{scheme}://{where['domainName']}/{where['stage']}"
        api = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)
        api.post_to_connection(ConnectionId=watcher, Data=json.dumps(event).encode())
