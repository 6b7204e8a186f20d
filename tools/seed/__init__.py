"""A small company's chat of four weeks, written into a stack that runs on this machine: `make seed`.

Nothing on the wire can date a message back. This writes through the same services and stores as the functions do, under
a clock of its own, straight into the stack's database; so it works only where that can be reached.
"""
