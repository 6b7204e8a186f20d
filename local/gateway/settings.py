"""What the gateway is called, who may call it back, and its limits: AWS's own unless a field says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field

KIB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """Settings of one gateway.

    The key pair is the one that the functions are given: @connections takes no other. `public_host` is the `host:port`
    that events name as `domainName`; None makes it `localhost` and the port that was bound.

    `idle_timeout_s` and `max_duration_s` are the manifest's where they are None here. The rates are per second, over
    the whole gateway, callbacks included; None switches a limit off.

    What has no figure in AWS: `outgoing_buffer_bytes` (to a client that reads so slowly that more than this waits for
    it, posts are refused with 429, and it is dropped where it should get an answer), `messages_in_flight` (a connection
    with more unanswered messages is not read from until some are answered), and the times after which a silent HTTP
    client or a closing socket is given up.
    """

    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    region: str = "us-east-1"
    account_id: str = "000000000000"
    http_api_id: str = "twinhttp00"
    websocket_api_id: str = "twinws0000"
    public_host: str | None = None

    header_bytes: int = 10_240
    body_bytes: int = 10 * KIB * KIB
    http_timeout_s: float = 30.0

    frame_bytes: int = 32 * KIB
    message_bytes: int = 128 * KIB
    post_bytes: int = 128 * KIB
    websocket_url_characters: int = 4096
    authorizer_result_bytes: int = 8 * KIB
    websocket_timeout_s: float = 29.0
    idle_timeout_s: float | None = None
    max_duration_s: float | None = None
    connects_per_s: float | None = 500.0
    connect_burst: int = 500
    requests_per_s: float | None = 10_000.0
    request_burst: int = 5_000
    clock_skew_s: float = 300.0

    outgoing_buffer_bytes: int = KIB * KIB
    messages_in_flight: int = 1_000
    keep_alive_s: float = 60.0
    request_timeout_s: float = 60.0
    close_timeout_s: float = 2.0


UNLIMITED = GatewaySettings(connects_per_s=None, requests_per_s=None)
"""For load tests of what is behind the gateway."""
