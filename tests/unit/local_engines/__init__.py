"""The engines and the command line, without starting anything."""
