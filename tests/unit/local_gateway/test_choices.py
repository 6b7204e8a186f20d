"""The choice of a message's route, the token bucket, and ids."""

from __future__ import annotations

from base64 import urlsafe_b64decode

import pytest

from local.gateway.identifiers import iso_time, log_time, new_id
from local.gateway.rate_limit import RateLimit
from local.gateway.websocket_events import select_route

ROUTES = {"send", "$default", "ünï"}


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ('{"action": "send"}', "send"),
        ('{"data": {"action": "other"}, "action": "send"}', "send"),
        ('{"action": "other", "action": "send"}', "send"),
        ('{"action": "send", "action": "other"}', "$default"),
        ('{"\\u0061ction": "s\\u0065nd"}', "send"),
        ('{"action": "ünï"}', "ünï"),
        ('{"action": "send", "content": "\\ud800"}', "send"),
        ('{"action": "send", "n": 1e999}', "send"),
        (' \n{"action": "send"}\t', "send"),
        ('{"action": "SEND"}', "$default"),
        ('{"Action": "send"}', "$default"),
        ('{"action": "$default"}', "$default"),
        ('{"action": "$disconnect"}', "$default"),
        ('{"action": ["send"]}', "$default"),
        ('[{"action": "send"}]', "$default"),
        ('{"action": "send"', "$default"),
        ('{"action": "send"} x', "$default"),
        ('{"action": "send", "x": NaN}', "$default"),
        ('{"action": "send", "x": Infinity}', "$default"),
        ("", "$default"),
        ("[" * 100_000, "$default"),
        ('{"action": "send", "x": ' + "[" * 5_000 + "]" * 5_000 + "}", "$default"),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "$default"),
    ],
)
def test_a_messages_route(text: str, route: str) -> None:
    assert select_route(text, ROUTES) == route


def test_a_bucket_lets_its_burst_and_then_its_rate_through() -> None:
    now = 100.0
    limit = RateLimit(8, 3, lambda: now)
    assert [limit.take() for _ in range(5)] == [True, True, True, False, False]
    now += 0.125
    assert [limit.take() for _ in range(2)] == [True, False]
    now += 1_000
    assert [limit.take() for _ in range(4)] == [True, True, True, False]


def test_a_bucket_without_a_rate_lets_everything_through() -> None:
    limit = RateLimit(None, 1, lambda: 0.0)
    assert all(limit.take() for _ in range(100))


def test_ids_have_to_be_percent_encoded_and_do_not_repeat() -> None:
    ids = {new_id() for _ in range(1_000)}
    assert len(ids) == 1_000
    for each in ids:
        assert len(each) == 16
        assert each.endswith("=")
        assert len(urlsafe_b64decode(each)) == 11


def test_times_have_awss_forms() -> None:
    assert log_time(1_440_938_160_123) == "30/Aug/2015:12:36:00 +0000"
    assert iso_time(1_440_938_160_123) == "2015-08-30T12:36:00.123Z"
