"""store_messages: stores what was accepted, then emits it."""

from parley import bootstrap
from parley.entry import streams

handler = streams.store_messages_handler(bootstrap.container("stores", "publisher"))
