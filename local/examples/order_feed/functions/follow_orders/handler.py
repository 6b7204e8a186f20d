"""Prices each order and posts `{"orderId", "item", "total"}` to the socket that it came from."""

from __future__ import annotations

import base64
import json
import os
from functools import lru_cache
from typing import Any

import boto3

PRICES = {"apple": 30, "pear": 45}


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Works a batch off; what fails is named, so that it alone is tried again."""
    failures = []
    for partition, records in event["records"].items():
        for record in records:
            try:
                _tell(json.loads(base64.b64decode(record["value"])))
            except Exception as error:  # noqa: BLE001 - whatever it was, the records before it are done
                print(f"{partition} at {record['offset']} will be tried again: {error!r}")  # noqa: T201 - Lambda's log
                failures.append({"itemIdentifier": {"partition": partition, "offset": record["offset"]}})
                break
    return {"batchItemFailures": failures}


def _tell(order: dict[str, Any]) -> None:
    where = order["connection"]
    endpoint = os.environ["CALLBACK"].format(domainName=where["domainName"], stage=where["stage"])
    api = _callbacks(endpoint)
    total = PRICES.get(order["item"], 100) * order["quantity"]
    told = {"orderId": order["orderId"], "item": order["item"], "total": total}
    try:
        api.post_to_connection(ConnectionId=where["connectionId"], Data=json.dumps(told).encode())
    except api.exceptions.GoneException:
        print(f"nobody waits for order {order['orderId']} any more")  # noqa: T201


@lru_cache(maxsize=8)
def _callbacks(endpoint: str) -> Any:
    return boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)
