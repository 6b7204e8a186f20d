"""What is kept in a MongoDB-wire database: DocumentDB in AWS, SecantusDB on a laptop.

Only what both do alike is used: no retryable writes, no partial or text indexes, few cursors. The package's modules
are imported by name, so that a function loads no more of them than it needs.
"""
