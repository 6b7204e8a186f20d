"""ws_disconnect: forgets a connection."""

from parley import bootstrap
from parley.entry import sockets

handler = sockets.disconnect_handler(bootstrap.container("stores", "connections", "push"))
