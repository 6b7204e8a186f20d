"""FileStore as the fake and on S3 (moto), and the signatures as botocore makes them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from botocore.auth import S3SigV4PostAuth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from parley.domain.errors import UnavailableError
from parley.domain.models import Attachment
from parley.files.presigning import Presigner, S3Credentials
from parley.files.s3 import S3Files
from parley.ports import FileStore
from tests.contract.conftest import FAKE_AND_REAL, SystemClock
from tests.contract.samples import unique
from tests.engines import RunningEngines
from tests.fakes import FakeFileStore

KEYS = S3Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "token/with+signs=")
REGION = "eu-central-1"
BUCKET = "the-bucket"
_buckets = itertools.count(1)


def an_attachment(*, file_name: str = "a file.txt", content_type: str = "text/plain", size: int = 5) -> Attachment:
    return Attachment(unique("f_"), file_name, content_type, size)


@dataclass(frozen=True)
class Bucket:
    """A file store, and browsers that use its forms and addresses."""

    files: FileStore
    fake: FakeFileStore | None = None

    def upload(self, attachment: Attachment, content: bytes, content_type: str | None = None) -> None:
        if self.fake is not None:
            self.fake.upload(attachment.attachment_id, content_type or attachment.content_type, len(content))
            return
        form = self.files.presign_upload(attachment)
        fields = dict(form.fields) | ({"Content-Type": content_type} if content_type else {})
        answer = httpx.post(form.url, data=fields, files={"file": content})
        assert answer.status_code == 204, answer.text

    def shows(self, attachment: Attachment) -> bool:
        if self.fake is not None:
            return attachment.attachment_id in self.fake.kept
        return httpx.get(self.files.presign_download(attachment)).status_code == 200


@pytest.fixture
def moto(engines: RunningEngines) -> S3Files:
    bucket = f"bucket-{next(_buckets)}"
    url = f"{engines.addresses['aws.endpoint_url']}/{bucket}"
    httpx.put(url).raise_for_status()
    return S3Files(url, bucket=bucket, region="us-east-1", credentials=KEYS, clock=SystemClock())


@pytest.fixture(params=FAKE_AND_REAL)
def bucket(request: pytest.FixtureRequest) -> Bucket:
    if request.param == "real":
        return Bucket(request.getfixturevalue("moto"))
    fake = FakeFileStore()
    return Bucket(fake, fake)


def test_what_was_uploaded_is_kept_and_shown(bucket: Bucket) -> None:
    attachment = an_attachment()
    bucket.upload(attachment, b"12345")
    assert not bucket.shows(attachment)
    assert bucket.files.keep_file(attachment)
    assert bucket.files.keep_file(attachment)
    assert bucket.shows(attachment)


def test_what_was_not_uploaded_or_differs_is_not_kept(bucket: Bucket) -> None:
    missing, longer, other = an_attachment(), an_attachment(), an_attachment()
    bucket.upload(longer, b"123456")
    bucket.upload(other, b"12345", content_type="text/html")
    for attachment in (missing, longer, other):
        assert not bucket.files.keep_file(attachment)
        assert not bucket.shows(attachment)


def test_deleting_takes_the_files_away_and_may_be_repeated(bucket: Bucket) -> None:
    attachment, another = an_attachment(), an_attachment()
    for one in (attachment, another):
        bucket.upload(one, b"12345")
        assert bucket.files.keep_file(one)
    for _ in range(2):
        bucket.files.delete_files([attachment.attachment_id, "f_never"])
        assert not bucket.shows(attachment)
    assert bucket.shows(another)


@pytest.mark.engines
def test_what_is_kept_is_out_of_reach_of_the_form(moto: S3Files) -> None:
    bucket, attachment = Bucket(moto), an_attachment()
    bucket.upload(attachment, b"12345")
    assert moto.keep_file(attachment)
    bucket.upload(attachment, b"other")
    assert httpx.get(moto.presign_download(attachment)).content == b"12345"


@pytest.mark.engines
def test_a_file_comes_under_its_own_name_and_type(moto: S3Files) -> None:
    shown = an_attachment(file_name="Grüße 🦜 & co;.png", content_type="image/png")
    saved = an_attachment(file_name='"quoted".svg', content_type="image/svg+xml")
    for attachment, how in ((shown, "inline"), (saved, "attachment")):
        Bucket(moto).upload(attachment, b"12345")
        assert moto.keep_file(attachment)
        answer = httpx.get(moto.presign_download(attachment))
        assert answer.headers["content-type"] == attachment.content_type
        kind, _, name = answer.headers["content-disposition"].partition("; ")
        assert kind == how
        assert httpx.QueryParams(name.replace("filename*=UTF-8''", "n="))["n"] == attachment.file_name


@pytest.mark.engines
def test_files_that_cannot_be_reached_are_told_as_unavailable(free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}/bucket"
    files = S3Files(url, bucket="bucket", region=REGION, credentials=KEYS, clock=SystemClock())
    with pytest.raises(UnavailableError):
        files.keep_file(an_attachment())
    with pytest.raises(UnavailableError):
        files.delete_files(["f_1"])


@pytest.fixture
def free_port() -> Iterator[int]:
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


NOW = datetime(2026, 1, 31, 23, 59, 58, tzinfo=UTC)


@pytest.fixture
def botocore_at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: NOW.replace(tzinfo=None))


@pytest.mark.parametrize("keys", [KEYS, S3Credentials("AKID", "secret")], ids=["session", "user"])
@pytest.mark.parametrize(
    ("url", "method", "query", "headers"),
    [
        ("https://the-bucket.s3.eu-central-1.amazonaws.com", "GET", {"response-content-type": "image/png"}, {}),
        ("http://127.0.0.1:9000/the-bucket", "GET", {"response-content-disposition": "inline; f*=UTF-8''ä%20"}, {}),
        ("https://the-bucket.s3.amazonaws.com", "PUT", {}, {"x-amz-copy-source": "/the-bucket/uploads/f_1"}),
        ("https://the-bucket.s3.amazonaws.com", "HEAD", {}, {}),
    ],
)
@pytest.mark.usefixtures("botocore_at_now")
def test_addresses_are_signed_as_botocore_signs_them(
    keys: S3Credentials, url: str, method: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> None:
    signer = Presigner(url, bucket=BUCKET, region=REGION, credentials=keys)
    ours = signer.sign_url(method, "kept/f_1 ä", NOW, expires_s=900, query=query, headers=headers)
    bare = ours.partition("?")[0]
    request = AWSRequest(method=method, url=bare, headers=dict(headers), params=dict(query))
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    S3SigV4QueryAuth(credentials, "s3", REGION, expires=900).add_auth(request)
    theirs = parse_qs(urlsplit(str(request.url)).query)
    assert parse_qs(urlsplit(ours).query) == theirs


@pytest.mark.parametrize("keys", [KEYS, S3Credentials("AKID", "secret")], ids=["session", "user"])
@pytest.mark.usefixtures("botocore_at_now")
def test_forms_are_signed_as_botocore_signs_them(keys: S3Credentials) -> None:
    import base64
    import json

    signer = Presigner("https://the-bucket.s3.amazonaws.com", bucket=BUCKET, region=REGION, credentials=keys)
    ours = signer.sign_form(
        "uploads/f_1",
        NOW,
        expires_s=3600,
        fields={"Content-Type": "text/plain"},
        conditions=[["content-length-range", 5, 5]],
    )
    policy = json.loads(base64.b64decode(ours["policy"]))
    assert policy["expiration"] == "2026-02-01T00:59:58Z"
    assert {"bucket": BUCKET} in policy["conditions"]
    assert {"Content-Type": "text/plain"} in policy["conditions"]
    assert {"key": "uploads/f_1"} in policy["conditions"]
    assert ["content-length-range", 5, 5] in policy["conditions"]
    request = AWSRequest(method="POST", url="https://the-bucket.s3.amazonaws.com")
    request.context["s3-presign-post-fields"] = {}
    request.context["s3-presign-post-policy"] = {"conditions": []}
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    auth = S3SigV4PostAuth(credentials, "s3", REGION)
    auth.add_auth(request)
    theirs = request.context["s3-presign-post-fields"]
    assert {name: ours[name] for name in theirs if name not in ("policy", "x-amz-signature")} == {
        name: value for name, value in theirs.items() if name not in ("policy", "x-amz-signature")
    }
    request.context["timestamp"] = ours["x-amz-date"]
    assert ours["x-amz-signature"] == auth.signature(ours["policy"], request)
