"""rest_auth: accounts, sessions, tickets and users over HTTP."""

from parley import bootstrap

with bootstrap.importing():
    from parley.entry import rest

# Kafka's client waits for somebody who erases their account.
handler = rest.auth_handler(bootstrap.container("stores", "connections", "push", "passwords", "tokens"))
