"""`{"action": "order", "item", "quantity"}` → `{"placed": orderId}`, once the order cannot be lost any more."""

from __future__ import annotations

import json
import os
import uuid
from functools import lru_cache
from typing import Any

from kafka import KafkaProducer

TOPIC = "orders.placed"
ACK_TIMEOUT_S = 5


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Takes an order."""
    where = event["requestContext"]
    try:
        body = json.loads(event["body"])
        order: dict[str, Any] = {
            "orderId": str(uuid.uuid4()),
            "item": str(body["item"]),
            "quantity": int(body["quantity"]),
        }
    except (ValueError, KeyError, TypeError):
        return _answer(400, {"refused": "send an action, an item and a quantity"})
    order["connection"] = {key: where[key] for key in ("connectionId", "domainName", "stage")}
    record = _producer().send(TOPIC, key=order["item"].encode(), value=json.dumps(order).encode())
    record.get(timeout=ACK_TIMEOUT_S)
    return _answer(200, {"placed": order["orderId"]})


def _answer(status: int, body: dict[str, str]) -> dict[str, Any]:
    return {"statusCode": status, "body": json.dumps(body)}


@lru_cache(maxsize=1)
def _producer() -> Any:
    """One for the environment's life: connecting costs more than sending."""
    servers = os.environ["KAFKA"].split(",")
    return KafkaProducer(bootstrap_servers=servers, security_protocol=os.environ["KAFKA_SECURITY"], acks="all")
