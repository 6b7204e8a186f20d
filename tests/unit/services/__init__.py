"""Tests of the use cases, over fakes."""
