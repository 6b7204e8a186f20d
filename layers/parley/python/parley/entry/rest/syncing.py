"""Sync over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from parley.entry.rest.routes import Caller, Route, Services, answer
from parley.protocol.bodies import SyncQuery
from parley.protocol.sync import SyncAnswer, encode_sync

_PAGE_MAX_BYTES = 512 * 1024


async def sync(services: Services, caller: Caller, query: Annotated[SyncQuery, Query()]) -> Response:
    """What changed since the token was made, page by page until `complete`; without one, the caller's state.

    The state is every conversation with its latest 20 messages, and its members where they are at most 100. A
    conversation that is new to the client comes with its latest 1,000 messages at least. Changes of one message or
    member may come more than once, and applying them again is harmless.
    """
    page, token = services.syncing.sync(caller, query.token, limit=query.limit, max_bytes=_PAGE_MAX_BYTES)
    return answer(encode_sync(page, token, services.attachment_url))


ROUTES = (Route("GET", "/api/sync", sync, "Sync", 200, SyncAnswer, ("sync_token_invalid",)),)
