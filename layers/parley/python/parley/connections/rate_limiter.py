"""Token buckets in Valkey, shared by all processes."""

from __future__ import annotations

from typing import Final, cast

from redis import Redis

from parley.connections.scripts import Script
from parley.connections.valkey import valkey_call
from parley.domain.limits import CONNECT_QUEUE_MAX_S, CONNECT_TURN_S
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


# Tokens below nothing are turns that were given and whose time is not yet.
_TURN_SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local rate, burst = tonumber(ARGV[1]) / 1000, tonumber(ARGV[2])
local longest, kept = tonumber(ARGV[3]), tonumber(ARGV[4])
local turn = redis.call('GET', KEYS[2])
if turn then
  local wait = tonumber(turn) - now
  if wait > 1000 then
    return {0, 0, wait}
  end
  redis.call('DEL', KEYS[2])
  return {1, 0, 0}
end
local tokens, at = burst, now
local state = redis.call('GET', KEYS[1])
if state then
  local held, since = string.match(state, '^([^:]+):([^:]+)$')
  tokens, at = tonumber(held), tonumber(since)
  tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
end
if tokens < 1 and (1 - tokens) / rate > longest then
  return {0, 0, longest}
end
local allowed, wait = 1, 0
if tokens < 1 then
  allowed, wait = 0, math.ceil((1 - tokens) / rate)
  redis.call('SET', KEYS[2], string.format('%d', now + wait), 'PX', string.format('%d', wait + kept))
end
tokens = tokens - 1
local life = math.max(1000, math.ceil((burst - tokens) / rate))
redis.call('SET', KEYS[1], string.format('%.6f:%d', tokens, now), 'PX', string.format('%d', life))
return {allowed, math.max(0, math.floor(tokens)), wait}
"""


class ValkeyRateLimiter:
    """The port RateLimiter: a script, which is atomic, in one round trip."""

    def __init__(self, redis: Redis) -> None:
        self._take = Script(redis, _SCRIPT)
        self._take_turn = Script(redis, _TURN_SCRIPT)

    def take_token(self, bucket: Bucket, key: str) -> Grant:
        """See RateLimiter."""
        with valkey_call():
            reply = self._take([f"limit:{bucket.name}:{key}"], repr(bucket.rate_per_s), str(bucket.burst))
        return _grant(bucket, reply)

    def take_turn(self, bucket: Bucket, key: str) -> Grant:
        """See RateLimiter."""
        # One slot of a cluster for both keys: https://valkey.io/topics/cluster-spec/#hash-tags
        keys = [f"limit:{{{bucket.name}}}", f"turn:{{{bucket.name}}}:{key}"]
        bounds = str(CONNECT_QUEUE_MAX_S * 1000), str(CONNECT_TURN_S * 1000)
        with valkey_call():
            reply = self._take_turn(keys, repr(bucket.rate_per_s), str(bucket.burst), *bounds)
        return _grant(bucket, reply)


def _grant(bucket: Bucket, reply: object) -> Grant:
    allowed, remaining, wait_ms = cast("list[int]", reply)
    return Grant(bucket, allowed=allowed == 1, remaining=remaining, retry_after_s=wait_ms / 1000)
