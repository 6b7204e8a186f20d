"""ws_default: ping, the chat:* names of the actions, and whatever is no action."""

from parley import bootstrap
from parley.entry import websocket

handler = websocket.frame_handler(bootstrap.container("stores", "publisher", "connections", "push"))
