"""A gateway in every mood, and a client that posts to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from parley.push.client import HttpPushClient
from tests.contract.push.gateway import Gateway, running_gateway
from tests.contract.push.pushes import KEY


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with running_gateway() as running:
        yield running


@pytest.fixture
def client() -> Iterator[HttpPushClient]:
    """A client that gives up soon."""
    made = HttpPushClient(lambda: KEY, region="eu-central-1", attempt_timeout_s=0.3, retry_budget_s=1.0)
    yield made
    made.close()
