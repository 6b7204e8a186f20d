"""The local twin: runs a function manifest on one machine the way AWS would run it."""
