"""Opening and ending a WebSocket."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.contract.aws.api import Api, event_of, id_of, told
from tests.contract.aws.sources import (
    CONNECT_ROUTES,
    LAMBDA_AUTHORIZERS,
    SUBPROTOCOLS,
    WEBSOCKET_AUTHORIZERS,
    WEBSOCKET_CONTEXT,
    documented,
    unverified,
)

pytestmark = pytest.mark.anyio


@documented(WEBSOCKET_AUTHORIZERS, LAMBDA_AUTHORIZERS)
async def test_a_missing_identity_source_is_a_401(api: Api) -> None:
    with pytest.raises(InvalidStatus) as caught:
        await connect(api.ws_url)
    assert caught.value.response.status_code == 401


@documented(LAMBDA_AUTHORIZERS)
async def test_an_authorizer_that_raises_unauthorized_is_a_401(api: Api) -> None:
    assert (await api.refused(as_="unauthorized"))[0] == 401


@documented(LAMBDA_AUTHORIZERS)
async def test_a_policy_that_denies_is_a_403(api: Api) -> None:
    assert (await api.refused(as_="deny"))[0] == 403


@documented(LAMBDA_AUTHORIZERS)
@pytest.mark.parametrize("how", ["raise", "nonsense"])
async def test_an_authorizer_that_fails_is_a_500(api: Api, how: str) -> None:
    assert (await api.refused(as_=how))[0] == 500


@documented(WEBSOCKET_AUTHORIZERS, WEBSOCKET_CONTEXT)
async def test_the_authorizers_context_reaches_later_events_as_texts(api: Api) -> None:
    async with api.connect() as socket:
        context = (await event_of(socket))["requestContext"]["authorizer"]
    assert {key: context[key] for key in ("principalId", "number", "truth")} == {
        "principalId": "tester",
        "number": "7",
        "truth": "true",
    }
    assert context["arn"].startswith("arn:aws:execute-api:")
    assert context["arn"].endswith("/$connect")


@documented(CONNECT_ROUTES)
@pytest.mark.parametrize("status", [400, 401, 403, 503])
async def test_connect_refuses_with_its_status(api: Api, status: int) -> None:
    assert (await api.refused(connect=str(status)))[0] == status


@unverified("the status for a $connect function that fails; the page only says that no connection is made")
@pytest.mark.parametrize("how", ["raise", "nothing"])
async def test_a_connect_function_that_fails_is_a_502(api: Api, how: str) -> None:
    status, body = await api.refused(connect=how)
    assert status == 502
    assert body["message"] == "Internal server error"


@documented(SUBPROTOCOLS)
async def test_connect_chooses_the_subprotocol(api: Api) -> None:
    offered = [Subprotocol("first"), Subprotocol("second")]
    async with connect(api.url(connect="protocol"), subprotocols=offered) as socket:
        assert socket.subprotocol == "second"


@documented(CONNECT_ROUTES)
async def test_disconnect_tells_the_clients_code_and_reason_once(api: Api) -> None:
    scheme = "https" if api.remote else "http"
    async with api.connect() as watcher:
        watcher_id = await id_of(watcher)
        async with api.connect(watcher=f"{watcher_id}@{scheme}") as socket:
            gone = await id_of(socket)
            await socket.close(4000, "bye")
        context = (await told(watcher))["requestContext"]
        assert (context["eventType"], context["routeKey"]) == ("DISCONNECT", "$disconnect")
        assert (context["connectionId"], context["disconnectStatusCode"]) == (gone, 4000)
        assert context["disconnectReason"] == "bye"
        # Nothing but the answer to this follows: $disconnect came once.
        assert (await event_of(watcher))["requestContext"]["eventType"] == "MESSAGE"
