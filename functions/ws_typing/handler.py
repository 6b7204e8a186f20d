"""ws_typing: tells who is typing."""

from parley import bootstrap
from parley.entry import websocket

handler = websocket.frame_handler(bootstrap.container("stores", "connections", "push"))
