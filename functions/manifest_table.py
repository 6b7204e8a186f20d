"""A table of a manifest as it is read: what is wrong in it is gathered with its place, not raised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Table:
    """A TOML table that is read key by key; what is of the wrong type or never asked for is noted as a mistake."""

    def __init__(self, values: Mapping[str, Any], place: str, mistakes: list[str]) -> None:
        self._rest = dict(values)
        self.place = place
        self.mistakes = mistakes

    @property
    def empty(self) -> bool:
        """Whether nothing in it was left unread."""
        return not self._rest

    def wrong(self, key: str, what: str) -> None:
        """Notes a mistake at a key."""
        self.mistakes.append(f"{self.place}{'.' if self.place else ''}{key}: {what}")

    def take(self, key: str, kind: type, default: Any = None, *, required: bool = False) -> Any:
        """The value of a key; `default` where there is none, or one of another type."""
        if key not in self._rest:
            if required:
                self.wrong(key, "is missing")
            return default
        value = self._rest.pop(key)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.wrong(key, f"must be of type {kind.__name__}, not {type(value).__name__}")
            return default
        return value

    def number(self, key: str, default: int | None, low: int, high: int) -> Any:
        """A whole number within bounds, both included."""
        value = self.take(key, int, default)
        if value is not None and not low <= value <= high:
            self.wrong(key, f"must be from {low} to {high}, not {value}")
        return value

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self.take(key, list, [])
        if not all(isinstance(value, str) for value in values):
            self.wrong(key, "must be a list of texts")
            return ()
        return tuple(values)

    def table(self, key: str) -> Table:
        """A table in this one; an empty one where there is none."""
        return self.inner(self.take(key, dict, {}), key)

    def tables(self, key: str) -> list[tuple[str, Table]]:
        """The tables in a table, with their names."""
        entries: dict[str, Any] = self.take(key, dict, {})
        found = []
        for name, values in entries.items():
            if isinstance(values, dict):
                found.append((name, self.inner(values, f"{key}.{name}")))
            else:
                self.wrong(f"{key}.{name}", "must be a table")
        return found

    def inner(self, values: Mapping[str, Any], key: str) -> Table:
        """Values found here as a table whose mistakes are told with this place."""
        return Table(values, f"{self.place}{'.' if self.place else ''}{key}", self.mistakes)

    def texts(self, key: str) -> dict[str, str]:
        """A table of texts."""
        values: dict[str, Any] = self.take(key, dict, {})
        for name, value in values.items():
            if not isinstance(value, str):
                self.wrong(f"{key}.{name}", "must be a text")
        return {name: str(value) for name, value in values.items()}

    def end(self) -> None:
        """Notes what nobody asked for."""
        for key in self._rest:
            self.wrong(key, "is not known here")
