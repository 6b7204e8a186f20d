"""What runs by the clock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from parley.domain.errors import UnavailableError
from parley.observability import begin_invocation

if TYPE_CHECKING:
    from parley.services.attachments import Attachments
    from parley.services.erasure import Erasure
    from parley.services.outbox import Outbox
    from parley.services.presence import PresenceTracking

Handler = Callable[[Any, Any], dict[str, Any]]

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


class RelayServices(Protocol):
    """What relay_outbox uses."""

    @property
    def outbox(self) -> Outbox: ...


class ErasureServices(Protocol):
    """What erase_accounts uses."""

    @property
    def erasure(self) -> Erasure: ...


class AttachmentServices(Protocol):
    """What sweep_attachments uses."""

    @property
    def attachments(self) -> Attachments: ...


def relay_outbox_handler(services: RelayServices) -> Handler:
    """Handles the schedule that publishes what was left in the outbox."""

    def run() -> int:
        return services.outbox.relay()

    return _handler("rows of the outbox were published late", run)


def erase_accounts_handler(services: ErasureServices) -> Handler:
    """Handles the schedule that finishes erasures."""

    def run() -> int:
        return services.erasure.resume()

    return _handler("accounts were erased late", run)


def sweep_attachments_handler(services: AttachmentServices) -> Handler:
    """Handles the schedule that deletes the files that no message has."""

    def run() -> int:
        return services.attachments.sweep()

    return _handler("files that no message has were deleted", run)


def _handler(what: str, run: Callable[[], int]) -> Handler:
    def handle(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001  # the clock has nothing to say
        begin_invocation(context)
        try:
            count = run()
        except UnavailableError as error:
            # The next turn of the clock tries again.
            _log.warning("a scheduled run could not do its work", extra={"code": error.code})
            return {"count": 0}
        if count:
            _log.warning(what, extra={"count": count})
        return {"count": count}

    return handle
