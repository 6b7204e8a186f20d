"""Faults on purpose, and whether what was promised was kept."""
