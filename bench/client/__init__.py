"""A Parley client as a user would write it: nothing but the protocol's page went into it."""

from __future__ import annotations

from bench.client.contract import Contract, ContractWatch
from bench.client.device import Device, FrameError, Received
from bench.client.rest import ApiError, ParleyClient, Person
from bench.client.socket import Closed, Socket, UpgradeRefusedError, Watch, open_socket

__all__ = [
    "ApiError",
    "Closed",
    "Contract",
    "ContractWatch",
    "Device",
    "FrameError",
    "ParleyClient",
    "Person",
    "Received",
    "Socket",
    "UpgradeRefusedError",
    "Watch",
    "open_socket",
]
