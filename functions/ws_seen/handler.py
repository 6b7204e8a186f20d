"""ws_seen: accepts receipts from sockets."""

from parley import bootstrap
from parley.entry import websocket

handler = websocket.frame_handler(bootstrap.container("stores", "publisher", "connections"))
