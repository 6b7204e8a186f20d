"""What the push client is given, and how a gateway answers it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from parley.ports import Push
from parley.push.sigv4 import AwsCredentials
from tests.contract.push import gateway as answers
from tests.contract.push.gateway import Answer, Gateway, Request
from tests.contract.samples import a_connection

KEY: Final = AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token+with=signs")


def a_push(gateway: Gateway, *frames: bytes) -> Push:
    return Push(a_connection("u_ada", endpoint=gateway.endpoint), frames or (b'{"event":"chat:receive"}',))


def by_connection(moods: dict[str, Answer]) -> Callable[[Request], Answer]:
    """Answers by connection id; who is not named is served."""
    return lambda request: moods.get(request.connection_id, answers.OK)
