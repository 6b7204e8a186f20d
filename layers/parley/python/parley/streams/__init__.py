"""Kafka, as its writers see it."""
