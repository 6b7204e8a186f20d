"""ws_sync: gives sockets what they missed."""

from parley import bootstrap
from parley.entry import websocket

handler = websocket.frame_handler(bootstrap.container("stores", "connections"))
