"""Token buckets in Valkey, shared by all processes."""

from __future__ import annotations

from typing import Any, Final, cast

from redis import Redis
from redis.exceptions import NoScriptError

from parley.connections.valkey import valkey_call
from parley.domain.rates import Bucket, Grant

# Valkey's own clock counts, as the processes' differ. A bucket that is full again is forgotten.
_SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local rate, burst = tonumber(ARGV[1]) / 1000, tonumber(ARGV[2])
local tokens, at = burst, now
local state = redis.call('GET', KEYS[1])
if state then
  local held, since = string.match(state, '^([^:]+):([^:]+)$')
  tokens, at = tonumber(held), tonumber(since)
  tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
end
local allowed, wait = 0, 0
if tokens >= 1 then
  allowed, tokens = 1, tokens - 1
else
  wait = math.ceil((1 - tokens) / rate)
end
local life = math.max(1000, math.ceil((burst - tokens) / rate))
redis.call('SET', KEYS[1], string.format('%.6f:%d', tokens, now), 'PX', string.format('%d', life))
return {allowed, math.floor(tokens), wait}
"""


class ValkeyRateLimiter:
    """The port RateLimiter: one script, which is atomic, in one round trip."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis
        self._sha: str | None = None

    def take_token(self, bucket: Bucket, key: str) -> Grant:
        """See RateLimiter."""
        with valkey_call():
            reply = self._run(f"limit:{bucket.name}:{key}", repr(bucket.rate_per_s), str(bucket.burst))
        allowed, remaining, wait_ms = cast("list[int]", reply)
        return Grant(bucket, allowed=allowed == 1, remaining=remaining, retry_after_s=wait_ms / 1000)

    def _run(self, *arguments: str) -> object:
        if self._sha is None:
            self._sha = self._redis.script_load(_SCRIPT)
        try:
            return self._redis.evalsha(self._sha, 1, *arguments)
        except NoScriptError:
            # Valkey was started anew since.
            self._sha = None
            return self._redis.eval(_SCRIPT, 1, *arguments)
