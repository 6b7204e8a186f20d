"""record_receipts: stores receipts, tells the members of them and answers the sockets."""

from parley import bootstrap
from parley.entry import streams

handler = streams.record_receipts_handler(bootstrap.container("stores", "publisher", "push"))
