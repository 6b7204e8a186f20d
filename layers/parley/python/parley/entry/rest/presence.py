"""Who is online, over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from parley.domain.limits import PRESENCE_MAX_COUNT
from parley.entry.rest.routes import Caller, Route, Services, answer
from parley.protocol.base import Inbound
from parley.protocol.live import PresenceAnswer, encode_presence


class PresenceQuery(Inbound):
    """Who is asked for."""

    ids: str = Field(
        description=f"User ids with commas between them, at most {PRESENCE_MAX_COUNT}.",
        json_schema_extra={"pattern": f"^[^,]*(,[^,]*){{0,{PRESENCE_MAX_COUNT - 1}}}$"},
    )


async def list_presence(services: Services, caller: Caller, query: Annotated[PresenceQuery, Query()]) -> Response:
    """Who of these people is online. Who shares no conversation with the caller is left out."""
    found = services.presence.list_presence(caller, query.ids.split(","))
    return answer(PresenceAnswer(items=[encode_presence(presence) for presence in found]))


ROUTES = (Route("GET", "/api/users/presence", list_presence, "Users", 200, PresenceAnswer),)
