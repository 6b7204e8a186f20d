"""rest_chat: conversations, messages, health and the documents over HTTP."""

from parley import bootstrap

with bootstrap.importing():
    from parley.entry import rest

handler = rest.chat_handler(bootstrap.container("stores", "connections", "publisher", "tokens"))
