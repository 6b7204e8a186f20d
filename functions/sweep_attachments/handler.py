"""sweep_attachments: deletes the files that no message has."""

from parley import bootstrap
from parley.entry import schedules

handler = schedules.sweep_attachments_handler(bootstrap.container("stores"))
