"""Posts are signed as AWS's own client signs them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from parley.push.client import HttpPushClient
from parley.push.sigv4 import AwsCredentials, RequestSigner
from tests.contract.push.gateway import Gateway
from tests.contract.push.pushes import KEY, a_push


def test_a_post_is_addressed_and_signed_as_the_gateway_expects(client: HttpPushClient, gateway: Gateway) -> None:
    push = a_push(gateway, "🦜".encode())
    client.post([push])

    [request] = gateway.requests
    assert request.connection_id == push.connection.connection_id
    assert request.path.startswith("/ws/@connections/L0SM")
    assert "/" not in request.path.removeprefix("/ws/@connections/")
    assert request.headers["host"] == gateway.endpoint.split("/")[2]
    assert request.headers["x-amz-security-token"] == KEY.session_token
    signed_at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - signed_at) < timedelta(seconds=60)
    expected = _sign_as_botocore(
        AWSRequest("POST", f"http://{request.headers['host']}{request.path}", data=request.body), KEY, signed_at
    )
    assert request.headers["authorization"] == expected


@pytest.mark.parametrize("token", [None, "token/+=="])
@pytest.mark.parametrize("path", ["/ws/@connections/L0SM9cOFvHcCIhw%3D", "/@connections/a%2Fb%20~c.d_e-f", "/"])
@pytest.mark.parametrize("body", [b"", b'{"event":"x"}', "🦜".encode() * 9_000])
def test_signatures_are_those_of_botocore(token: str | None, path: str, body: bytes) -> None:
    credentials = AwsCredentials("AKIDEXAMPLE", "secret/key", token)
    moment = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    signer = RequestSigner(
        lambda: credentials, region="eu-central-1", service="execute-api", clock=lambda: moment.timestamp() + 0.7
    )

    lines = dict(line.split(": ", 1) for line in signer.sign("POST", "abc.example.com", path, body).split("\r\n")[:-1])

    request = AWSRequest("POST", f"https://abc.example.com{path}", data=body)
    assert lines["Authorization"] == _sign_as_botocore(request, credentials, moment)
    assert lines["X-Amz-Date"] == "20260203T040506Z"
    assert lines.get("X-Amz-Security-Token") == token


def test_a_new_day_and_new_credentials_change_the_key() -> None:
    moments, keys = [0.0], [KEY]
    signer = RequestSigner(lambda: keys[-1], region="r", service="s", clock=lambda: moments[-1])
    signatures = [signer.sign("POST", "h", "/", b"")]
    moments.append(86_400.0)
    signatures.append(signer.sign("POST", "h", "/", b""))
    keys.append(AwsCredentials("AKIDEXAMPLE", "another", KEY.session_token))
    signatures.append(signer.sign("POST", "h", "/", b""))

    assert len(set(signatures)) == 3
    assert "another" not in repr(keys[-1])


def _sign_as_botocore(request: AWSRequest, credentials: AwsCredentials, moment: datetime) -> str:
    """The Authorization header that botocore would send at that moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: moment.replace(tzinfo=None))
        key = Credentials(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
        auth.SigV4Auth(key, "execute-api", "eu-central-1").add_auth(request)
    return str(request.headers["Authorization"])
