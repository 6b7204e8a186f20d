"""$connect of the contract tests."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.exceptions import ClientError


def handler(event: dict[str, Any], _context: object) -> object:
    """Answers as the query's `connect` says."""
    how = event["queryStringParameters"].get("connect", "200")
    if how == "raise":
        raise RuntimeError("no")
    if how == "nothing":
        return None
    if how == "post":
        return {"statusCode": 200 if _refused_post(event) == 410 else 400}
    headers = {"Sec-WebSocket-Protocol": "second"} if how == "protocol" else {}
    return {"statusCode": int(how) if how.isdigit() else 200, "headers": headers}


def _refused_post(event: dict[str, Any]) -> int:
    where = event["requestContext"]
    scheme = event["headers"]["X-Forwarded-Proto"]
    api = boto3.client("apigatewaymanagementapi", endpoint_url=f"{scheme}://{where['domainName']}/{where['stage']}")
    try:
        api.post_to_connection(ConnectionId=where["connectionId"], Data=b"too early")
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    return 200
