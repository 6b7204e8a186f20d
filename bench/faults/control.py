"""The twin's control port: sets faults, takes them back, and says how often each struck."""

from __future__ import annotations

from typing import Any, Self

import httpx

FAULTS = "/_local/faults"
STATE = "/_local/state"


class Control:
    """The control port of one running twin."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=30, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def seed(self, seed: int) -> None:
        """Takes all faults back, and has chance begin anew from a seed."""
        (await self._http.put(FAULTS, json={"seed": seed})).raise_for_status()

    async def add(self, fault: dict[str, Any]) -> int:
        """Sets a fault; its number."""
        answer = await self._http.post(FAULTS, json=fault)
        if answer.is_error:
            raise ValueError(f"{fault} is refused: {answer.text}")
        return int(answer.json()["number"])

    async def list(self) -> dict[int, tuple[str, int]]:
        """The faults that are set, each in words, and how often it has struck."""
        listed = (await self._http.get(FAULTS)).raise_for_status().json()["faults"]
        return {one["number"]: (one["words"], one["struck"]) for one in listed}

    async def remove(self, number: int) -> None:
        """Takes one fault back."""
        (await self._http.delete(f"{FAULTS}/{number}")).raise_for_status()

    async def is_up(self, engine: str) -> bool:
        """Whether an engine serves."""
        listed = (await self._http.get(STATE)).raise_for_status().json()["engines"]
        return any(one["name"] == engine and one["state"] == "ready" for one in listed)

    async def clear(self) -> None:
        """Takes all faults back."""
        (await self._http.delete(FAULTS)).raise_for_status()
