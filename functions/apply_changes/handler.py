"""apply_changes: makes the edits, deletes and reactions that were accepted, then emits them."""

from parley import bootstrap
from parley.entry import streams

handler = streams.apply_changes_handler(bootstrap.container("stores", "publisher"))
