"""ws_connect: registers a connection."""

from parley import bootstrap
from parley.entry import sockets

handler = sockets.connect_handler(bootstrap.container("stores", "connections", "push"))
