"""REST: search and trace."""

from __future__ import annotations

import secrets

from tests.e2e.conformance.cast import Cast, until

NOWHERE = "c_aaaaaaaaaaaaaaaaaaaa"


async def test_search(cast: Cast) -> None:
    """GET /api/messages/search?q=&conversationId=: whole words without case, all of them, newest first, members."""
    word = f"w{secrets.token_hex(6)}"
    place = await cast.group(cast.ben)
    first = await cast.stored(place, f"An Owl says {word.upper()}!")
    second = await cast.stored(place, f"{word} again")
    await cast.stored(place, f"{word}ish")

    async def found(who: str, q: str) -> list[str]:
        person = {"ben": cast.ben, "cy": cast.cy}[who]
        page = await cast.ok(200, "GET", "/api/messages/search", person, query={"q": q})
        return [message["messageId"] for message in page["items"]]

    await until(
        lambda: cast.ask("GET", "/api/messages/search", cast.ben, query={"q": word}),
        lambda answer: len(answer.json()["items"]) == 2,
    )
    assert await found("ben", word) == [second["messageId"], first["messageId"]]
    assert await found("ben", f"owl {word}") == [first["messageId"]]
    assert await found("cy", word) == []
    query: dict[str, str | int] = {"q": word, "conversationId": place}
    page = await cast.ok(200, "GET", "/api/messages/search", cast.ben, query=query)
    assert len(page["items"]) == 2
    for name in (place, NOWHERE):
        query = {"q": word, "conversationId": name}
        await cast.refused(404, "not_found", "GET", "/api/messages/search", cast.cy, query=query)
    await cast.refused(422, "invalid_request", "GET", "/api/messages/search", cast.ben, query={"q": ""})


async def test_trace(cast: Cast) -> None:
    """GET /api/messages/{messageId}/trace: when accepted, stored, published, and pushed to the caller's own devices."""
    place = await cast.group(cast.ben)
    (device,) = await cast.devices(cast.ben)
    message = await cast.stored(place)
    await device.wait_for_message(message["messageId"], timeout_s=30)
    path = f"/api/messages/{message['messageId']}/trace"
    traced = (
        await until(lambda: cast.ask("GET", path, cast.ben), lambda answer: bool(answer.json()["deliveries"]))
    ).json()
    assert traced.keys() == {"messageId", "acceptedAt", "storedAt", "publishedAt", "deliveries"}
    assert None not in (traced["acceptedAt"], traced["storedAt"], traced["publishedAt"])
    assert traced["acceptedAt"] <= traced["storedAt"] <= traced["publishedAt"]
    assert [delivery["outcome"] for delivery in traced["deliveries"]] == ["pushed"]
    assert traced["deliveries"][0].keys() == {"connectionId", "at", "outcome"}
    await cast.refused(404, "not_found", "GET", path, cast.cy)
