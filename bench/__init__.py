"""What shows Parley at work and measures it: a client written from the protocol, the demo, the load generator."""
