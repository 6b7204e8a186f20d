"""The authorizer of the contract tests."""

from __future__ import annotations

from typing import Any


def handler(event: dict[str, Any], _context: object) -> object:
    """Lets in, refuses or fails, as the query's `as` says."""
    query = event["queryStringParameters"]
    kind = query["as"]
    if kind == "unauthorized":
        raise Exception("Unauthorized")
    if kind == "raise":
        raise RuntimeError("the users cannot be read")
    if kind == "nonsense":
        return {"isAuthorized": True}
    effect = "Deny" if kind == "deny" else "Allow"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": kind,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"arn": event["methodArn"], "number": 7, "truth": True, "watcher": query.get("watcher", "")},
    }
