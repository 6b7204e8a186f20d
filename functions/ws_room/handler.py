"""ws_room: lets sockets join and leave conversations."""

from parley import bootstrap
from parley.entry import websocket

handler = websocket.frame_handler(bootstrap.container("stores", "connections", "push"))
