"""The check of signatures, against AWS's published example and AWS's own signer."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.http_message import HttpRequest
from local.gateway.sigv4 import SignatureError, SignatureVerifier
from tests.unit.local_gateway.request_maker import request

KEY_ID, SECRET, REGION, SERVICE = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "execute-api"


def verifier(
    *, secret: str = SECRET, region: str = REGION, service: str = SERVICE, late_s: float = 0.0
) -> SignatureVerifier:
    return SignatureVerifier(
        KEY_ID, secret, region=region, service=service, skew_s=300, clock=lambda: time.time() + late_s
    )


def signed(
    method: str = "POST",
    target: str = "/ws/@connections/L0SM9cOFvHcCIhw%3D",
    body: bytes = b"hello",
    headers: tuple[tuple[str, str], ...] = (),
    token: str | None = None,
) -> HttpRequest:
    """A request that botocore signed."""
    wanted = AWSRequest(method=method, url=f"http://localhost:8000{target}", data=body, headers=dict(headers))
    SigV4Auth(Credentials(KEY_ID, SECRET, token), SERVICE, REGION).add_auth(wanted)
    return request(method, target, body, (("Host", "localhost:8000"), *wanted.headers.items()))


def changed(original: HttpRequest, name: str, value: str | None) -> HttpRequest:
    """The request with one header set, or without it."""
    kept = [(key, text) for key, text in original.headers if key.lower() != name]
    headers = kept if value is None else [*kept, (name, value)]
    target = original.path + (f"?{original.query}" if original.query else "")
    return request(original.method, target, original.body, tuple(headers))


def refusal(check: SignatureVerifier, asked: HttpRequest) -> str:
    with pytest.raises(SignatureError) as caught:
        check.check(asked)
    return caught.value.error_type


def test_the_example_that_aws_publishes() -> None:
    check = SignatureVerifier(
        KEY_ID, SECRET, region=REGION, service="service", skew_s=300, clock=lambda: 1_440_938_160.0
    )
    signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20150830/{REGION}/service/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={signature}"
    )
    headers = (
        ("Host", "example.amazonaws.com"),
        ("X-Amz-Date", "20150830T123600Z"),
        ("Authorization", authorization),
    )
    check.check(request("GET", "/", b"", headers))


@given(
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    segment=st.text(min_size=1, max_size=20).filter(lambda text: text not in (".", "..")),
    body=st.binary(max_size=200),
    pairs=st.lists(st.tuples(st.text(min_size=1, max_size=5), st.text(max_size=5)), max_size=3),
)
def test_what_botocore_signs_is_accepted(method: str, segment: str, body: bytes, pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    target = f"/ws/@connections/{quote(segment, safe='', errors='replace')}" + (f"?{query}" if query else "")
    asked = signed(method, target, body, (("Content-Type", "text/plain"), ("X-Spaced", " a   b ")))
    check = verifier()
    check.check(asked)
    check.check(asked)


def test_session_tokens_are_part_of_what_is_signed() -> None:
    asked = signed(token="a-token")
    verifier().check(asked)
    assert refusal(verifier(), changed(asked, "x-amz-security-token", "another")) == "InvalidSignatureException"


@pytest.mark.parametrize("target", ["/ws//@connections/./abc", "/ws/x/../@connections/abc", "/ws/@connections/abc/"])
def test_paths_are_normalised_as_the_signer_does(target: str) -> None:
    verifier().check(signed(target=target))


@pytest.mark.parametrize("late_s", [-299.0, 298.0])
def test_a_clock_may_be_five_minutes_off(late_s: float) -> None:
    verifier(late_s=late_s).check(signed())


@pytest.mark.parametrize("late_s", [-305.0, 305.0])
def test_and_no_more(late_s: float) -> None:
    assert refusal(verifier(late_s=late_s), signed()) == "InvalidSignatureException"


def test_what_was_changed_after_signing_is_refused() -> None:
    asked = signed()
    other = request(asked.method, "/ws/@connections/another%3D", asked.body, tuple(asked.headers))
    assert refusal(verifier(), other) == "InvalidSignatureException"
    assert refusal(verifier(), request("DELETE", asked.path, b"hello", tuple(asked.headers)))
    assert refusal(verifier(), request("POST", asked.path, b"jello", tuple(asked.headers)))
    assert refusal(verifier(), changed(asked, "host", "elsewhere")) == "InvalidSignatureException"
    assert refusal(verifier(), changed(asked, "x-amz-new", "unsigned")) == "InvalidSignatureException"


def test_another_key_region_or_service_is_refused() -> None:
    assert refusal(verifier(secret="other"), signed()) == "InvalidSignatureException"
    assert refusal(verifier(region="eu-west-1"), signed()) == "InvalidSignatureException"
    assert refusal(verifier(service="lambda"), signed()) == "InvalidSignatureException"
    other_key = signed().header("authorization").replace(KEY_ID, "AKIDOTHER")
    assert refusal(verifier(), changed(signed(), "authorization", other_key)) == "UnrecognizedClientException"


def test_missing_and_malformed_parts_have_names() -> None:
    asked = signed()
    assert refusal(verifier(), changed(asked, "authorization", None)) == "MissingAuthenticationTokenException"
    for text in ("Bearer abc", "AWS4-HMAC-SHA256", asked.header("authorization").replace("Signature=", "Signed=")):
        assert refusal(verifier(), changed(asked, "authorization", text)) == "IncompleteSignatureException"
    assert refusal(verifier(), changed(asked, "x-amz-date", None)) == "IncompleteSignatureException"
    assert refusal(verifier(), changed(asked, "x-amz-date", "yesterday")) == "IncompleteSignatureException"
    day = asked.header("x-amz-date")[:8]
    assert refusal(verifier(), changed(asked, "x-amz-date", f"{day}T996099Z")) == "IncompleteSignatureException"
    assert refusal(verifier(), changed(asked, "x-amz-date", "20010101T000000Z")) == "InvalidSignatureException"


def test_the_host_must_be_signed() -> None:
    asked = signed()
    without = asked.header("authorization").replace("SignedHeaders=host;", "SignedHeaders=")
    assert refusal(verifier(), changed(asked, "authorization", without)) == "InvalidSignatureException"
