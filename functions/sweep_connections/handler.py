"""sweep_connections: sets sockets and presence right."""

from parley import bootstrap
from parley.entry import schedules

handler = schedules.sweep_handler(bootstrap.container("stores", "connections", "push"))
