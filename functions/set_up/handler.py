"""set_up: makes the database ready at each deploy, and a local stack its demo users."""

from parley import bootstrap
from parley.entry import custom_resource

handler = custom_resource.set_up_handler(bootstrap.container("stores", "connections", "passwords", "tokens"))
