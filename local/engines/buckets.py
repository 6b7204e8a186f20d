"""Makes the manifest's buckets where S3 is somebody else's imitation of it."""

from __future__ import annotations

from collections.abc import Sequence

from local.failures import StartError

ALREADY_THERE = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")


def make_buckets(endpoint_url: str, buckets: Sequence[str], origins: Sequence[str]) -> None:
    """Makes the buckets that are missing, and lets scripts of the `origins` use them. Blocks; repeatable.

    Raises:
        StartError: it refuses.
    """
    if not buckets:
        return
    import boto3  # noqa: PLC0415 - slow to import, and embedded engines need none of these
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    config = Config(s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=10)
    session = boto3.Session("local", "local", region_name="us-east-1")
    s3 = session.client("s3", endpoint_url=endpoint_url, config=config)
    try:
        for bucket in buckets:
            try:
                s3.create_bucket(Bucket=bucket)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ALREADY_THERE:
                    raise
            if origins:
                rule = {"AllowedOrigins": list(origins), "AllowedMethods": ["GET", "POST"], "AllowedHeaders": ["*"]}
                s3.put_bucket_cors(
                    Bucket=bucket, CORSConfiguration={"CORSRules": [{**rule, "ExposeHeaders": ["ETag"]}]}
                )
    except (BotoCoreError, ClientError) as error:
        raise StartError(f"The object store at {endpoint_url} made no bucket: {error}") from error
