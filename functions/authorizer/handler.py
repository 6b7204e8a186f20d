"""authorizer: lets a WebSocket upgrade through by its ticket or bearer token."""

from parley import bootstrap
from parley.entry import authorizer

handler = authorizer.authorizer_handler(bootstrap.container("stores", "connections", "tokens"))
