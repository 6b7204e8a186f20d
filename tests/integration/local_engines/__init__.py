"""The engines, the command line and whole stacks, with real processes."""
