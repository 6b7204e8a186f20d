"""The one error tree. Each transport has one mapper from it (parley.entry); codes are part of PROTOCOL's contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from parley.domain.rates import Grant


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a request; `field` is its JSON path, such as `messages.0.content`."""

    field: str
    message: str


class ParleyError(Exception):
    """Root of every error that a client may be told of.

    `code` is stable, `status` is the HTTP status it maps to, and `retryable` says whether the same request may
    succeed later. `detail` is one sentence for a person; it never quotes what the client sent.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s


class InvalidRequestError(ParleyError):
    """The request breaks a rule that its text alone can show, or refers to something that cannot be referred to."""

    code = "invalid_request"
    status = 422

    def __init__(self, detail: str, problems: Sequence[FieldProblem] = ()) -> None:
        super().__init__(detail)
        self.problems = tuple(problems)


class UnauthorizedError(ParleyError):
    """Nobody is signed in: the token is missing, malformed, forged, expired, or of an ended session."""

    code = "unauthorized"
    status = 401


class BadCredentialsError(ParleyError):
    """Wrong login or password; the same for a login that does not exist."""

    code = "bad_credentials"
    status = 401


class ForbiddenError(ParleyError):
    """The caller can see the thing and may not do this with it."""

    code = "forbidden"
    status = 403


class BlockedError(ParleyError):
    """One of the two people of a direct conversation has blocked the other."""

    code = "blocked"
    status = 403


class NotFoundError(ParleyError):
    """It does not exist or is not the caller's to see; both are told with the same words."""

    code = "not_found"
    status = 404


class ConflictError(ParleyError):
    """The state of things does not allow it, such as a name that is taken."""

    code = "conflict"
    status = 409


class SyncTokenInvalidError(ParleyError):
    """The sync token was not made here, or for another user: the client starts anew without one."""

    code = "sync_token_invalid"
    status = 410


class TooLargeError(ParleyError):
    """The body or frame is over its limit in bytes."""

    code = "too_large"
    status = 413


class RateLimitedError(ParleyError):
    """The caller's token bucket is empty; `retry_after_s` says when it will hold a token again."""

    code = "rate_limited"
    status = 429
    retryable = True

    def __init__(self, detail: str, *, retry_after_s: float | None = None, grant: Grant | None = None) -> None:
        super().__init__(detail, retry_after_s=retry_after_s)
        self.grant = grant


class UnavailableError(ParleyError):
    """Kafka, the database or Valkey cannot be reached in time. Nothing was promised; the request may be repeated."""

    code = "unavailable"
    status = 503
    retryable = True
