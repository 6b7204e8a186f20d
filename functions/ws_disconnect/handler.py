"""ws_disconnect: forgets a connection."""

from parley import bootstrap
from parley.entry import websocket

handler = websocket.disconnect_handler(bootstrap.container("connections"))
