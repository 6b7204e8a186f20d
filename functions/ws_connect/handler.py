"""ws_connect: registers a connection."""

from parley import bootstrap
from parley.entry import websocket

handler = websocket.connect_handler(bootstrap.container("stores", "connections"))
