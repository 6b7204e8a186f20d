"""The bucket of attachments, and the one that keeps its access log."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.parts.removal import removal_of
from cdk.stages import Stage


class Attachments(Construct):
    """Browsers upload by presigned POST and download by presigned GET, so the bucket answers the stage's origins."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, key: kms.IKey, cors_origins: Sequence[str]) -> None:
        super().__init__(scope, id_)
        removal = removal_of(stage, snapshots=False)
        log = s3.Bucket(
            self,
            "Log",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(90),
                    noncurrent_version_expiration=Duration.days(1),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=removal,
        )
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            server_access_logs_bucket=log,
            server_access_logs_prefix="attachments/",
            cors=[
                s3.CorsRule(
                    allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.POST],
                    allowed_origins=sorted(cors_origins),
                    allowed_headers=["*"],
                    exposed_headers=["ETag"],
                    max_age=3600,
                )
            ]
            if cors_origins
            else None,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="uploads-that-never-ended", abort_incomplete_multipart_upload_after=Duration.days(1)
                ),
                # Where forms lead; what a message has is kept elsewhere.
                s3.LifecycleRule(id="uploads-of-no-message", prefix="uploads/", expiration=Duration.days(2)),
                s3.LifecycleRule(id="deleted-attachments", noncurrent_version_expiration=Duration.days(30)),
                s3.LifecycleRule(
                    id="old-attachments",
                    transitions=[
                        s3.Transition(
                            storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=Duration.days(30)
                        )
                    ],
                ),
            ],
            # Even a stage that destroys its data does so only when the bucket was emptied on purpose.
            removal_policy=RemovalPolicy.RETAIN if stage.data != "destroy" else removal,
        )
