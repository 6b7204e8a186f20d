"""erase_accounts: finishes the erasures of accounts."""

from parley import bootstrap
from parley.entry import schedules

handler = schedules.erase_accounts_handler(bootstrap.container("stores", "connections", "push", "publisher"))
