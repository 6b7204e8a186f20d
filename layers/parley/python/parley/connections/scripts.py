"""Lua scripts in Valkey: what they do is atomic, and one command however much it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.exceptions import NoScriptError


class Script:
    """A script, sent once and then called by its hash."""

    def __init__(self, redis: Any, text: str) -> None:
        self._redis = redis
        self._text = text
        self._sha: str | None = None

    def __call__(self, keys: Sequence[str], *arguments: str) -> object:
        if self._sha is None:
            self._sha = self._redis.script_load(self._text)
        try:
            return self._redis.evalsha(self._sha, len(keys), *keys, *arguments)
        except NoScriptError:
            # Valkey was started anew since.
            self._sha = None
            return self._redis.eval(self._text, len(keys), *keys, *arguments)
