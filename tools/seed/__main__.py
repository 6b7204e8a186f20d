"""`make seed`: fills the stack that runs on this machine; running it again adds what is missing and nothing twice."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.engines import read_run
from parley.entry.custom_resource import DEMO_PASSWORD
from parley.files.presigning import S3Credentials
from parley.files.s3 import S3Files
from parley.protocol.records import decode_record, encode_record
from parley.security.passwords import Argon2PasswordHasher
from parley.stores.mongo import MongoStores
from tools.seed.filling import Filling


class _Records:
    """Records as they stand in the outbox."""

    encode = staticmethod(encode_record)
    decode = staticmethod(decode_record)


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def main() -> int:
    """Fills the stack of the data folder; 1 with a sentence where none runs."""
    data = Path(os.environ.get("PARLEY_DATA") or ".parley")
    facts = read_run(data)
    if facts is None:
        sys.stderr.write(f"No stack runs on {data}: start one with `make run`, then seed it.\n")
        return 1
    began = time.monotonic()
    values: dict[str, str] = facts["values"]
    stores = MongoStores(values["mongo.uri"], records=_Records())
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    filling = Filling(
        stores,
        _files(values, facts["runtime"]),
        password_hash=Argon2PasswordHasher().hash_password(DEMO_PASSWORD),
        # A whole number of weeks up to the last Monday, so that weekdays stay weekdays and nothing lies in the future.
        last_day=midnight - timedelta(days=midnight.weekday()),
    )
    try:
        report = filling.fill()
    finally:
        stores.close()
    took_s = time.monotonic() - began
    sys.stdout.write(
        f"{report.people} people in {report.conversations} conversations with {report.messages} messages, "
        f"{report.written} of them new, in {took_s:.0f} s. Sign in as alice with {DEMO_PASSWORD}.\n"
    )
    return 0


def _files(values: dict[str, str], runtime: dict[str, Any]) -> S3Files:
    return S3Files(
        values["buckets.attachments.url"],
        bucket=values["buckets.attachments.name"],
        region=runtime["region"],
        credentials=S3Credentials(runtime["access_key_id"], runtime["secret_access_key"]),
        clock=_Clock(),
    )


if __name__ == "__main__":
    sys.exit(main())
