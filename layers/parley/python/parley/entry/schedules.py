"""What runs by the clock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from parley.observability import begin_invocation

if TYPE_CHECKING:
    from parley.services.presence import PresenceTracking

_log = logging.getLogger(__name__)


class SweepServices(Protocol):
    """What sweep_connections uses."""

    @property
    def presence(self) -> PresenceTracking: ...


def sweep_handler(services: SweepServices) -> Callable[[Any, Any], dict[str, Any]]:
    """Ends sockets whose closing nobody heard of, and tells those that are about to expire.

    Returns:
        `{"ended"}`: how many.

    Raises:
        UnavailableError: it could not be done now; the next run does it.
    """

    def handle(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001  # a schedule's event says nothing
        begin_invocation(context)
        ended = services.presence.sweep()
        if ended:
            _log.info("sockets had closed unheard of", extra={"ended": ended})
        return {"ended": ended}

    return handle
