"""relay_outbox: publishes what was written with a change and not published right after it."""

from parley import bootstrap
from parley.entry import schedules

handler = schedules.relay_outbox_handler(bootstrap.container("stores", "publisher"))
