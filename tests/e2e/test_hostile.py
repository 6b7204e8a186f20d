"""What a client must not do is refused as the protocol says, and the socket and the server go on."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable

import pytest

from bench.client import ApiError, Device, FrameError, ParleyClient, Person, UpgradeRefusedError
from bench.stack import Stack
from tests.e2e.conftest import register, still_serves

DEEP = "[" * 5000 + "]" * 5000
UNKNOWN_CONVERSATION = "c_aaaaaaaaaaaaaaaaaaaa"


def with_device(stack: Stack, scenario: Callable[[Person, Device], Awaitable[None]]) -> None:
    """Runs a scenario with a new person on a connected device."""

    async def whole() -> None:
        async with ParleyClient(stack.url) as client:
            person = await register(client, "mallory")
            device = await Device.connect(person)
            try:
                await scenario(person, device)
            finally:
                await device.close()

    asyncio.run(whole())


def test_a_stranger_cannot_tell_a_conversation_from_none(stack: Stack) -> None:
    async def scenario(mallory: Person, device: Device) -> None:
        ada, ben = await register(mallory.client, "ada"), await register(mallory.client, "ben")
        secret = await ada.create_direct(ben.user_id)
        told = []
        for conversation_id in (secret, UNKNOWN_CONVERSATION):
            with pytest.raises(FrameError) as frame:
                await device.send_message(conversation_id, "let me in")
            with pytest.raises(ApiError) as sent:
                await mallory.send_message(conversation_id, "x", "let me in")
            with pytest.raises(ApiError) as read:
                await mallory.history(conversation_id)
            assert (frame.value.code, frame.value.retryable) == ("not_found", False)
            assert sent.value.status == read.value.status == 404
            bodies = [{**caught.value.problem, "requestId": ""} for caught in (sent, read)]
            told.append((str(frame.value), bodies))
        assert told[0] == told[1]
        await still_serves(device)
        assert await ada.history(secret) == []

    with_device(stack, scenario)


def test_a_ticket_opens_one_socket_and_nothing_else_opens_any(stack: Stack) -> None:
    async def scenario(mallory: Person, device: Device) -> None:
        used = await mallory.ws_ticket()
        other = Device(mallory, "other")
        await other.open(used)
        address = await mallory.ws_address()
        for url in (used, f"{address}?ticket=forged", f"{address}?ticket=", address):
            with pytest.raises(UpgradeRefusedError) as caught:
                await Device(mallory, "refused").open(url)
            assert caught.value.status in (401, 403)
        await still_serves(other)
        await still_serves(device)
        await other.close()

    with_device(stack, scenario)


def forge(token: str, **header: str) -> str:
    """A token with another header and without a signature."""
    body = token.split(".")[1]
    head = base64.urlsafe_b64encode(json.dumps({"typ": "JWT", **header}).encode()).decode().rstrip("=")
    return f"{head}.{body}."


def test_a_forged_token_opens_nothing(stack: Stack) -> None:
    async def scenario(mallory: Person, device: Device) -> None:
        token = mallory.access_token
        head, body, signature = token.split(".")
        swapped = signature[::-1] if signature[::-1] != signature else "A" * len(signature)
        address = await mallory.ws_address()
        for forged in (forge(token, alg="none"), forge(token, alg="HS256"), f"{head}.{body}.{swapped}", "nonsense"):
            answer = await mallory.client.request("GET", "/api/users/me", token=forged)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
            assert answer.headers["content-type"].startswith("application/problem+json")
            with pytest.raises(UpgradeRefusedError) as caught:
                await Device(mallory, "refused").open(address, access_token=forged)
            assert caught.value.status in (401, 403)
        await still_serves(device)

    with_device(stack, scenario)


@pytest.mark.parametrize(
    ("frame", "request_id"),
    [
        (f'{{"action":"send","requestId":"deep","data":{DEEP}}}', None),
        ('{"action":"send","requestId":"nan","data":{"conversationId":NaN}}', None),
        ('{"action":"send","requestId":"nan","data":{"conversationId":1e999}}', None),
        ('{"action":"fly","requestId":"fly","data":{}}', "fly"),
        ('{"requestId":"none","data":{}}', "none"),
        ('{"action":"send","requestId":"wrong","data":{"text":"hello"}}', "wrong"),
        ('{"action":"ping","requestId":"' + "x" * 65 + '"}', None),
        ("not JSON at all", None),
        ("[]", None),
    ],
    ids=[
        "deep",
        "NaN",
        "infinite",
        "unknown action",
        "no action",
        "no such field",
        "long requestId",
        "no JSON",
        "list",
    ],
)
def test_a_bad_frame_gets_one_error_and_the_socket_goes_on(stack: Stack, frame: str, request_id: str | None) -> None:
    async def scenario(_: Person, device: Device) -> None:
        device.socket.send_text(frame.encode())
        await device.wait_until(lambda: bool(device.received))
        await still_serves(device)
        error = device.received[0]
        assert (error.event, error.data["code"], error.data["retryable"]) == ("error", "invalid_request", False)
        # What cannot be parsed may have its requestId told or not; what can must have it.
        assert error.request_id in ({request_id} if request_id else {None, "deep", "nan"})
        assert [received.event for received in device.received] == ["error", "pong"]

    with_device(stack, scenario)


@pytest.mark.parametrize(
    "body",
    [f'{{"content":{DEEP}}}', '{"content":NaN}', '{"content":', '"text"', '{"conversationId":"c","unknown":1}', ""],
    ids=["deep", "NaN", "broken", "no object", "unknown field", "empty"],
)
def test_a_bad_body_gets_a_problem_document(stack: Stack, body: str) -> None:
    async def scenario(mallory: Person, device: Device) -> None:
        answer = await mallory.client.request_raw("POST", "/api/chat/send", body.encode(), token=mallory.access_token)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert answer.headers["x-request-id"]
        await still_serves(device)

    with_device(stack, scenario)


@pytest.mark.parametrize(("binary", "size", "code"), [(False, 40 * 1024, 1009), (True, 16, 1003)])
def test_a_frame_that_no_gateway_takes_closes_its_own_socket_only(
    stack: Stack, binary: bool, size: int, code: int
) -> None:
    async def scenario(mallory: Person, device: Device) -> None:
        victim = await Device.connect(mallory, "victim")
        payload = b'{"action":"ping","data":{"padding":"%s"}}' % (b"x" * size)
        if binary:
            victim.socket.send_binary(payload)
        else:
            victim.socket.send_text(payload)
        assert await victim.wait_closed() == code
        await still_serves(device)
        await victim.close()
        again = await Device.connect(mallory, "again")
        await still_serves(again)
        await again.close()

    with_device(stack, scenario)
