"""A Parley client as a user would write it: nothing but the protocol's page went into it."""

from __future__ import annotations

from bench.client.device import Device, FrameError, Received
from bench.client.rest import ApiError, ParleyClient, Person
from bench.client.socket import Closed, Socket, UpgradeRefusedError, open_socket

__all__ = [
    "ApiError",
    "Closed",
    "Device",
    "FrameError",
    "ParleyClient",
    "Person",
    "Received",
    "Socket",
    "UpgradeRefusedError",
    "open_socket",
]
