"""fan_out_chunk: posts frames to the connections of one part of a large group."""

from parley import bootstrap
from parley.entry import streams

handler = streams.fan_out_chunk_handler(bootstrap.container("stores", "connections", "push", "publisher"))
