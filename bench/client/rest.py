"""REST: signing in, conversations, history, sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx

Json = dict[str, Any]
PAGE = 100


class ApiError(Exception):
    """The stack answered with a problem document, or with something that is none (then `code` is empty)."""

    def __init__(self, status: int, problem: Json, headers: Mapping[str, str]) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code", ""))
        self.headers = dict(headers)
        super().__init__(f"{status} {self.code}: {problem.get('detail', '')}")


class ParleyClient:
    """One stack, over a pool of kept-alive connections that everyone signed in through it shares."""

    def __init__(
        self, base_url: str, *, timeout_s: float = 30, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=32),
            transport=transport,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the pool."""
        await self._http.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Json | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> httpx.Response:
        """One request, its answer as it came, whatever its status.

        Raises:
            httpx.TransportError: nothing answers there, or not in time.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self._http.request(method, path, json=body, params=query, headers=headers)

    async def request_raw(self, method: str, path: str, body: bytes, *, token: str | None = None) -> httpx.Response:
        """Like `request`, with a body that need not be JSON but says it is."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return await self._http.request(method, path, content=body, headers=headers)

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Json | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> Json:
        """One request whose answer must be a success; its JSON, {} for an empty body.

        Raises:
            ApiError: any other status than 2xx.
        """
        answer = await self.request(method, path, token=token, body=body, query=query)
        if not answer.is_success:
            raise ApiError(answer.status_code, _problem(answer), answer.headers)
        return dict(answer.json()) if answer.content else {}

    async def register(self, username: str, password: str, *, display_name: str | None = None) -> Person:
        """Makes an account and signs in to it."""
        body: Json = {"username": username, "email": f"{username}@example.com", "password": password}
        if display_name is not None:
            body["displayName"] = display_name
        return self._person(await self.call("POST", "/api/auth/register", body=body))

    async def login(self, login: str, password: str, *, device_name: str | None = None) -> Person:
        """Signs in by username or email; each call is a session of its own."""
        body: Json = {"login": login, "password": password}
        if device_name is not None:
            body["deviceName"] = device_name
        return self._person(await self.call("POST", "/api/auth/login", body=body))

    async def health(self) -> Json:
        """The state of the stack; it answers with the same body when a part is down."""
        return dict((await self.request("GET", "/api/health")).json())

    def _person(self, answer: Json) -> Person:
        user: Json = answer["user"]
        return Person(self, user["userId"], user["username"], user["displayName"], answer["accessToken"])


@dataclass(slots=True)
class Person:
    """Someone signed in on one device. The access token holds for ten minutes; sign in anew for more."""

    client: ParleyClient
    user_id: str
    username: str
    display_name: str
    access_token: str

    async def call(
        self, method: str, path: str, *, body: Json | None = None, query: Mapping[str, str | int] | None = None
    ) -> Json:
        """One request in this person's name; see `ParleyClient.call`."""
        return await self.client.call(method, path, token=self.access_token, body=body, query=query)

    async def ws_ticket(self) -> str:
        """An address that opens one WebSocket, once, within 30 s: it carries the ticket."""
        return str((await self.call("POST", "/api/auth/ws-ticket"))["url"])

    async def ws_address(self) -> str:
        """The WebSocket address without a ticket, for those who can send an Authorization header."""
        parts = urlsplit(await self.ws_ticket())
        return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))

    async def create_direct(self, member_id: str) -> str:
        """The id of the direct conversation with someone, made where there is none."""
        body = {"kind": "direct", "memberId": member_id}
        return str((await self.call("POST", "/api/conversations", body=body))["conversationId"])

    async def create_group(self, name: str, member_ids: Sequence[str]) -> str:
        """Makes a group of this person and the members; its id."""
        body = {"kind": "group", "name": name, "memberIds": list(member_ids)}
        return str((await self.call("POST", "/api/conversations", body=body))["conversationId"])

    async def list_conversations(self) -> list[Json]:
        """All conversations, newest activity first."""
        found: list[Json] = []
        cursor: str | None = ""
        while cursor is not None:
            query: dict[str, str | int] = {"limit": PAGE}
            if cursor:
                query["cursor"] = cursor
            page = await self.call("GET", "/api/conversations", query=query)
            found += page["items"]
            cursor = page["nextCursor"]
        return found

    async def get_conversation(self, conversation_id: str) -> Json:
        """One conversation."""
        return await self.call("GET", f"/api/conversations/{conversation_id}")

    async def list_messages(self, conversation_id: str, *, after: int = 0, limit: int = PAGE) -> list[Json]:
        """One page of the messages whose seq is greater than `after`, oldest first."""
        query: dict[str, str | int] = {"after": after, "limit": limit}
        return list((await self.call("GET", f"/api/messages/conversation/{conversation_id}", query=query))["items"])

    async def history(self, conversation_id: str, *, after: int = 0) -> list[Json]:
        """All messages after a seq, oldest first, page by page."""
        found: list[Json] = []
        while True:
            page = await self.list_messages(conversation_id, after=found[-1]["seq"] if found else after)
            if not page:
                return found
            found += page

    async def send_message(self, conversation_id: str, client_message_id: str, content: str) -> Json:
        """Sends a message over REST; {messageId, clientMessageId, status}."""
        body = {"conversationId": conversation_id, "clientMessageId": client_message_id, "content": content}
        return await self.call("POST", "/api/chat/send", body=body)


def _problem(answer: httpx.Response) -> Json:
    try:
        problem = answer.json()
    except ValueError:
        return {"detail": answer.text[:200]}
    return problem if isinstance(problem, dict) else {"detail": str(problem)[:200]}
