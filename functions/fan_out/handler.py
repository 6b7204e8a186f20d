"""fan_out: posts events to every connection of every member."""

from parley import bootstrap
from parley.entry import streams

handler = streams.fan_out_handler(bootstrap.container("stores", "connections", "push", "publisher"))
