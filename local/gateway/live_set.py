"""A set that one can wait for to become empty."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class LiveSet(Generic[Item]):
    """What is alive at the moment, such as sockets."""

    def __init__(self) -> None:
        self._items: set[Item] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        """Goes over a copy, so that the set may change meanwhile."""
        return iter(tuple(self._items))

    def add(self, item: Item) -> None:
        """Adds an item."""
        self._items.add(item)
        self._empty.clear()

    def discard(self, item: Item) -> None:
        """Removes an item, if it is there."""
        self._items.discard(item)
        if not self._items:
            self._empty.set()

    async def wait_empty(self, limit_s: float) -> bool:
        """Waits until the set is empty; False if it is not after `limit_s` seconds."""
        if not self._items:
            return True
        try:
            await asyncio.wait_for(self._empty.wait(), limit_s)
        except TimeoutError:
            return False
        return True
