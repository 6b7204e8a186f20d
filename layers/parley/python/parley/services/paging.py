"""Pages of lists."""

from __future__ import annotations

from parley.domain.errors import FieldProblem, InvalidRequestError
from parley.domain.limits import PAGE_MAX_COUNT


def check_page_limit(limit: int) -> None:
    """Whether a page may be this long.

    Raises:
        InvalidRequestError: it is not 1 to 100.
    """
    if not 1 <= limit <= PAGE_MAX_COUNT:
        problem = FieldProblem("limit", f"It must be 1 to {PAGE_MAX_COUNT}.")
        raise InvalidRequestError("The page cannot be this long.", [problem])
