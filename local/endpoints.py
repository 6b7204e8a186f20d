"""The gateways of a stack: one or several, each on a port of its own and with its own connections."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from random import Random

from functions.manifest import Manifest
from local.engines import ports
from local.failures import port_in_use
from local.faults import Faults
from local.gateway import Gateway, GatewaySettings
from local.gateway.gateway import ControlPages, Page
from local.observer import Observer
from local.runtime import Runtime

WILDCARDS = ("0.0.0.0", "::", "127.0.0.1", "::1")


class Endpoints:
    """All of them serve the same functions; each is an API of its own, so that code which assumes one breaks here.

    Attributes:
        publics: `host:port` of each, as events name it.
        gateways: the gateways, once `make` has made them.
    """

    def __init__(self, host: str, port: int, count: int) -> None:
        """
        Args:
            host: where all listen.
            port: where the first listens, 0 for any free one; the others take free ones.
            count: how many there are.

        Raises:
            StartError: the port is taken, or none is free.
        """
        if port and not ports.is_free(port, host):
            raise port_in_use(host, port)
        self._host = host
        self._ports = [port or ports.free_port(), *(ports.free_port() for _ in range(1, count))]
        self.publics = [f"{'localhost' if host in WILDCARDS else host}:{port}" for port in self._ports]
        self.gateways: list[Gateway] = []

    @property
    def port(self) -> int:
        """The first one's port."""
        return self._ports[0]

    def ws_urls(self, stage: str) -> list[str]:
        """Where the WebSockets of each are."""
        return [f"ws://{public}/{stage}" for public in self.publics]

    def make(
        self,
        manifest: Manifest,
        runtime: Runtime,
        settings: GatewaySettings,
        *,
        observer: Observer,
        pages: Mapping[str, Page],
        control: ControlPages,
        faults: Faults,
    ) -> None:
        """Makes the gateways; see `Gateway` for what is given to each."""
        for number, public in enumerate(self.publics):
            own = replace(settings, public_host=public, websocket_api_id=f"twinws{number:04}")
            self.gateways.append(
                Gateway(
                    manifest,
                    runtime,
                    settings=own,
                    observer=observer,
                    extra_routes=pages,
                    control=control,
                    interference=faults,
                )
            )

    async def start(self) -> None:
        """Begins to serve.

        Raises:
            StartError: somebody else has taken a port.
        """
        for gateway, port in zip(self.gateways, self._ports, strict=True):
            try:
                await gateway.start(self._host, port)
            except OSError as error:
                raise port_in_use(self._host, port) from error

    async def stop(self) -> None:
        """See `Gateway.stop`."""
        await asyncio.gather(*(gateway.stop() for gateway in self.gateways))

    def drop_sockets(self, share: float, code: int, chance: Random) -> int:
        """See `Gateway.drop_sockets`; returns how many of all."""
        return sum(gateway.drop_sockets(share, code, chance) for gateway in self.gateways)
