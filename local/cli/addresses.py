"""The table of where everything is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from local.control import CONTROL_PATH
from local.stack import METRICS_PATH, Stack


def addresses_of(stack: Stack) -> dict[str, str]:
    """Where each part of a running stack is, by label; what the functions want shown comes first."""
    settings = stack.runtime_settings
    return {
        "HTTP": stack.http_url,
        **{f"WebSocket {number if number > 1 else ''}".strip(): url for number, url in enumerate(stack.ws_urls, 1)},
        "@connections": f"{stack.ws_url.replace('ws', 'http', 1)}/@connections/{{connectionId}}",
        **{label: f"{stack.http_url}{text}" if text.startswith("/") else text for label, text in stack.shown.items()},
        # Whoever posts to @connections from outside must sign with them; they are good for nothing else.
        "AWS keys": f"{settings.access_key_id} / {settings.secret_access_key} ({settings.region})",
        "Status page": f"{stack.http_url}{CONTROL_PATH}",
        **{f"Debug {name}": f"attach debugpy to 127.0.0.1:{port}" for name, port in settings.debug.items()},
        "Metrics": f"{stack.http_url}{METRICS_PATH}",
        **stack.engines.shown,
        "Data and logs": str(stack.folder.path),
    }


def facts_of(stack: Stack, addresses: Mapping[str, str], pid: int) -> dict[str, Any]:
    """What other commands need to know of a running stack."""
    settings = stack.runtime_settings
    return {
        "pid": pid,
        "url": stack.http_url,
        "ws_url": stack.ws_url,
        "ws_urls": list(stack.ws_urls),
        "addresses": dict(addresses),
        "logs": {engine.name: str(engine.log_path) for engine in stack.engines.all},
        "values": dict(stack.values),
        "runtime": {
            "region": settings.region,
            "account_id": settings.account_id,
            "access_key_id": settings.access_key_id,
            "secret_access_key": settings.secret_access_key,
            "endpoint_url": settings.endpoint_url,
        },
    }


def print_addresses(addresses: Mapping[str, str], console: Console) -> None:
    """Prints the table: with lines around it in a terminal, plain otherwise."""
    table = Table(box=box.ROUNDED if console.is_terminal else None, show_header=False, pad_edge=console.is_terminal)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, address in addresses.items():
        table.add_row(label, address)
    console.print(table)
