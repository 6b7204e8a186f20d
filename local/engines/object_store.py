"""S3, Secrets Manager and KMS, as the moto server imitates them. It keeps nothing from one start to the next."""

from __future__ import annotations

import asyncio
import importlib.metadata
import sys
import urllib.request
from collections.abc import Sequence
from http import HTTPStatus
from xml.sax.saxutils import escape

from local.engines.engine import Engine
from local.engines.probes import http_answers
from local.failures import StartError

CALL_TIMEOUT_S = 10.0


class ObjectStore(Engine):
    """A moto server.

    `buckets` are made at each start, as none outlives the last one, and answer scripts of the `origins`.
    """

    name = "moto"
    title = f"S3 (moto {importlib.metadata.version('moto')})"
    probe = staticmethod(http_answers)
    buckets: Sequence[str] = ()
    origins: Sequence[str] = ()

    async def start(self) -> None:
        """See Engine.

        Raises:
            StartError: it does not serve, or makes no bucket.
        """
        await super().start()
        for bucket in self.buckets:
            await asyncio.to_thread(self._make_bucket, bucket)

    def command(self) -> list[str]:
        start = "from moto.server import main; main()"
        return [sys.executable, "-c", start, "--host", self.host, "--port", str(self.port)]

    @property
    def url(self) -> str:
        """The endpoint for AWS clients."""
        return f"http://{self.address}"

    def bucket_url(self, bucket: str) -> str:
        """Where a bucket is, for functions and for browsers on this machine."""
        return f"{self.url}/{bucket}"

    def _make_bucket(self, bucket: str) -> None:
        rules = "".join(f"<AllowedOrigin>{escape(origin)}</AllowedOrigin>" for origin in self.origins)
        cors = (
            f"<CORSConfiguration><CORSRule>{rules}<AllowedMethod>GET</AllowedMethod><AllowedMethod>POST</AllowedMethod>"
            "<AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader></CORSRule></CORSConfiguration>"
        )
        try:
            self._put(self.bucket_url(bucket), b"")
            if self.origins:
                self._put(f"{self.bucket_url(bucket)}?cors", cors.encode())
        except OSError as error:
            raise StartError(f"The object store made no bucket {bucket}: {error}") from error

    def _put(self, url: str, body: bytes) -> None:
        # Without a type it goes as a form, whose body the server takes apart.
        headers = {"Content-Type": "application/xml"}
        request = urllib.request.Request(url, data=body, headers=headers, method="PUT")  # noqa: S310 - our own address
        with urllib.request.urlopen(request, timeout=CALL_TIMEOUT_S) as answer:  # noqa: S310
            if answer.status != HTTPStatus.OK:
                raise OSError(f"status {answer.status}")
