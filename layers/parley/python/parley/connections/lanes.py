"""How far pushes have got in each lane, in Valkey: see `ConnectionRegistry.begin_pushes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from redis.client import Pipeline

# "time:seq time:seq …", each seq the highest that was begun until then. Some thirty are kept: a batch that comes again
# is the last one of its partition, or was taken apart into a few. Answers with the list as it was, where the lowest
# was begun before. A list begins with what comes before its first batch, as a lane goes in order: that was begun some
# time ago, perhaps in a Valkey that has lost it, and with it all that it knew of sockets.
_BEGIN: Final = """
local begun = redis.call('GET', KEYS[1]) or ''
local top = tonumber(string.match(begun, '(%d+)$') or '0')
if tonumber(ARGV[2]) > top then
  local now = redis.call('TIME')
  if begun == '' then begun = '0:' .. string.format('%d', ARGV[1] - 1) end
  local longer = begun .. ' ' .. string.format('%d%06d', now[1], now[2]) .. ':' .. ARGV[2]
  if #longer > 1000 then
    longer = string.sub(longer, (string.find(longer, ' ', #longer - 800, true)))
  end
  redis.call('SET', KEYS[1], longer, 'EX', ARGV[3])
end
return top >= tonumber(ARGV[1]) and begun or false
"""
_TTL_S: Final = 600


def begin_lane(pipeline: Pipeline, lane: str, lowest: int, highest: int) -> None:
    """Adds to a pipeline that these seqs are about to be pushed.

    The reply is None, or, where the lowest was begun before, what `find_floors` takes.
    """
    # By its text, as a hash that Valkey does not know would fail in the midst of the pipeline.
    pipeline.eval(_BEGIN, 1, f"begun:{lane}", str(lowest), str(highest), str(_TTL_S))


def read_times(value: bytes) -> tuple[int, int]:
    """Since when a socket is known, and known again or 0, from its field; microseconds of Valkey's clock.

    0 and 0 for what was written before these times were kept: such a socket has no floors.
    """
    *_, since, again = value[:-1].rsplit(b",", 2)
    return (int(since), int(again)) if since.isdigit() else (0, 0)


def find_floors(
    begun: Mapping[str, tuple[int, bytes]], times: Mapping[str, tuple[int, int]]
) -> dict[tuple[str, str], int]:
    """For each socket and lane what was begun before the socket was known; see `Reach`.

    Args:
        begun: by lane the lowest seq that is asked about, and what is noted.
        times: by connection id what `read_times` read.
    """
    floors: dict[tuple[str, str], int] = {}
    for lane, (lowest, noted) in begun.items():
        steps = [(int(time), int(seq)) for time, _, seq in (step.partition(b":") for step in noted.split())]
        for connection_id, (known_since, _) in times.items():
            floor = max((seq for time, seq in steps if time < known_since), default=0)
            if floor >= lowest:
                floors[connection_id, lane] = floor
    return floors
