"""Messages to functions, and what comes back."""

from __future__ import annotations

import pytest

from tests.contract.aws.api import Api, event_of, said, told
from tests.contract.aws.conftest import Serve
from tests.contract.aws.sources import (
    CONNECT_ROUTES,
    ROUTE_RESPONSES,
    ROUTE_SELECTION,
    WEBSOCKET_CONTEXT,
    WEBSOCKET_OVERVIEW,
    WEBSOCKET_QUOTAS,
    documented,
    unverified,
)

pytestmark = pytest.mark.anyio


@documented(WEBSOCKET_CONTEXT)
async def test_an_event_tells_its_message_and_connection(api: Api) -> None:
    async with api.connect() as socket:
        event = await event_of(socket)
    context = event["requestContext"]
    assert event["body"] == '{"action":"event"}'
    assert event["isBase64Encoded"] is False
    assert (context["routeKey"], context["eventType"], context["messageDirection"]) == ("event", "MESSAGE", "IN")
    assert context["stage"] == api.ws_url.rsplit("/", 1)[1]
    assert context["identity"]["userAgent"] == "conformance/1"
    assert 0 <= context["requestTimeEpoch"] - context["connectedAt"] < 60_000
    for name in ("apiId", "connectionId", "domainName", "extendedRequestId", "messageId", "requestId", "requestTime"):
        assert isinstance(context[name], str), name
        assert context[name], name
    assert context["identity"]["sourceIp"]


@documented(CONNECT_ROUTES)
async def test_a_messages_event_has_no_headers_and_no_query(api: Api) -> None:
    async with api.connect() as socket:
        event = await event_of(socket)
    assert not {"headers", "multiValueHeaders", "queryStringParameters", "path"} & set(event)


@documented(WEBSOCKET_OVERVIEW, ROUTE_SELECTION)
@pytest.mark.parametrize("text", ['{"action":"unheard of"}', '{"no":"action"}', "no JSON", "[1]", ""])
async def test_what_names_no_route_goes_to_default(api: Api, text: str) -> None:
    async with api.connect() as socket:
        await socket.send(text)
        event = await told(socket)
    assert event["requestContext"]["routeKey"] == "$default"
    assert event.get("body") in (text, None if text == "" else text)


@documented(ROUTE_RESPONSES)
async def test_a_return_goes_to_the_client_only_where_the_route_has_a_response(api: Api) -> None:
    async with api.connect() as socket:
        await socket.send('{"action":"quiet"}')
        await socket.send('{"action":"nothing"}')
        await socket.send('{"action":"echo","n":1}')
        assert await said(socket) == '{"action":"echo","n":1}'


@unverified("the frame for a function that failed; it is seen in practice")
async def test_a_failed_function_is_told_in_a_frame(api: Api) -> None:
    async with api.connect() as socket:
        await socket.send('{"action":"fail"}')
        frame = await told(socket)
    assert frame.pop("message") == "Internal server error"
    assert set(frame) == {"connectionId", "requestId"}


@documented(WEBSOCKET_QUOTAS)
async def test_an_integration_times_out_and_the_connection_goes_on(api: Api, serve: Serve) -> None:
    """After 29 s on a real API. That it is told by this frame is unverified."""
    api.here_only("it takes half a minute")
    async with api.connect() as socket:
        await event_of(socket)  # everything runs by now, so that only what is slow takes longer than the limit
    async with serve(websocket_timeout_s=2.0) as impatient, impatient.connect() as socket:
        await socket.send('{"action":"slow","seconds":9}')
        assert (await told(socket))["message"] == "Endpoint request timed out"
        await (await socket.ping())


@unverified("that order is not kept between messages of one connection: each runs its function at once")
async def test_messages_of_one_connection_run_side_by_side(api: Api) -> None:
    async with api.connect() as socket:
        await event_of(socket)
        await socket.send('{"action":"slow","seconds":9}')
        await socket.send('{"action":"echo","n":2}')
        assert await said(socket) == '{"action":"echo","n":2}'
