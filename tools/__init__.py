"""Commands for those who work on the project or run it."""
