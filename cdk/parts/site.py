"""The website: built files in a private bucket behind CloudFront, with the headers that the manifest gives them."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as deployment
from constructs import Construct

from cdk.parts.removal import removal_of
from cdk.stages import Stage
from functions.manifest import Site

KEEP = "public, max-age=31536000, immutable"
ASK_ANEW = "no-cache"
INDEX = "index.html"
# CloudFront has these in a group of their own and takes them nowhere else.
SECURITY_HEADERS = frozenset({"content-security-policy", "referrer-policy", "x-content-type-options"})
TWO_YEARS = Duration.days(730)
# As local/gateway/site.py does it; files that are kept for ever have a behavior without it.
PAGES = f"""function handler(event) {{
  var request = event.request;
  var last = request.uri.slice(request.uri.lastIndexOf('/') + 1);
  if (last.indexOf('.') < 0) request.uri = '/{INDEX}';
  return request;
}}
"""
# Set over whatever the client sent under this name.
CALLER = """function handler(event) {
  event.request.headers['x-parley-address'] = {value: event.viewer.ip};
  return event.request;
}
"""


class Website(Construct):
    """One distribution: `/api/*` goes to the HTTP API uncached, everything else is the site's.

    A path without a file whose last part has no dot is a page of the app, which is `index.html`; another is 404. The
    twin answers the same way. Where the files have not been built there is nothing to upload, and what is there stays.

    Args:
        site: where the files are, and the headers.
        headers: the site's, with nothing left to fill in.
        api_host: the HTTP API's host name.
        edge_key: what requests to the API carry as `x-parley-edge`, so that functions believe what CloudFront says of
            the client.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        site: Site,
        headers: Mapping[str, str],
        api_host: str,
        edge_key: str,
    ) -> None:
        super().__init__(scope, id_)
        self._stage = stage
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            # Everybody may read them, through CloudFront: a key of one's own would guard nothing.
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="replaced-files",
                    noncurrent_version_expiration=Duration.days(30),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=removal_of(stage, snapshots=False),
        )
        self.distribution = self._make_distribution(site, headers, api_host, edge_key)
        # So that a missing file is 404: S3 says 403 to who may not list.
        self.bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="TellWhatIsMissing",
                principals=[iam.ServicePrincipal("cloudfront.amazonaws.com")],
                actions=["s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringEquals": {"AWS:SourceArn": self.distribution.distribution_arn}},
            )
        )
        self.upload = self._upload(site)

    @property
    def bucket_id(self) -> str:
        """The bucket's logical id."""
        bucket = self.bucket.node.default_child
        assert isinstance(bucket, s3.CfnBucket)  # noqa: S101 - the construct of a bucket has one
        return Stack.of(self).get_logical_id(bucket)

    @property
    def url(self) -> str:
        """Where people find it."""
        domain = self._stage.site.domain
        return f"https://{domain.name if domain else self.distribution.distribution_domain_name}"

    def _make_distribution(
        self, site: Site, headers: Mapping[str, str], api_host: str, edge_key: str
    ) -> cloudfront.Distribution:
        domain = self._stage.site.domain
        files = origins.S3BucketOrigin.with_origin_access_control(self.bucket)
        pages = self._function("Pages", "A page of the app is its index.html", PAGES)
        fixed = [
            (f"{prefix}*", self._files_behavior(files, f"Kept{index}", headers, KEEP))
            for index, prefix in enumerate(site.immutable)
        ]
        api = cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin(
                api_host,
                custom_headers={"x-parley-edge": edge_key},
                origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                read_timeout=Duration.seconds(30),
            ),
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            # All of the client's headers but Host, which has to be the API's own; and the client's address.
            # The API knows itself by no other host name than its own.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            function_associations=[
                cloudfront.FunctionAssociation(
                    function=self._function("Caller", "Tells the API whose request it is", CALLER),
                    event_type=cloudfront.FunctionEventType.VIEWER_REQUEST,
                )
            ],
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
        )
        return cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Parley {self._stage.name}",
            default_root_object=INDEX,
            default_behavior=self._files_behavior(files, "Asked", headers, ASK_ANEW, pages),
            additional_behaviors={"/api/*": api, **dict(fixed)},
            domain_names=[domain.name] if domain else None,
            certificate=certificates.Certificate.from_certificate_arn(self, "Certificate", domain.certificate_arn)
            if domain
            else None,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if domain else None,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            web_acl_id=self._stage.site.web_acl_arn,
        )

    def _function(self, id_: str, comment: str, code: str) -> cloudfront.Function:
        return cloudfront.Function(
            self,
            id_,
            function_name=self._stage.resource(id_.lower()),
            comment=comment,
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            code=cloudfront.FunctionCode.from_inline(code),
        )

    def _files_behavior(
        self,
        files: cloudfront.IOrigin,
        id_: str,
        headers: Mapping[str, str],
        cache_control: str,
        rewrite: cloudfront.Function | None = None,
    ) -> cloudfront.BehaviorOptions:
        policy = cloudfront.ResponseHeadersPolicy(
            self,
            f"{id_}Headers",
            response_headers_policy_name=self._stage.resource(f"site-{id_.lower()}"),
            comment=f"The site's headers, and {cache_control}",
            security_headers_behavior=_security_headers(headers),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=name, value=value, override=True)
                    for name, value in {
                        **{name: text for name, text in headers.items() if name not in SECURITY_HEADERS},
                        "cache-control": cache_control,
                    }.items()
                ]
            ),
        )
        return cloudfront.BehaviorOptions(
            origin=files,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            compress=True,
            response_headers_policy=policy,
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            function_associations=[
                cloudfront.FunctionAssociation(function=rewrite, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)
            ]
            if rewrite
            else None,
        )

    def _upload(self, site: Site) -> deployment.BucketDeployment | None:
        if not (site.directory / INDEX).exists():
            return None
        return deployment.BucketDeployment(
            self,
            "Files",
            sources=[deployment.Source.asset(str(site.directory))],
            destination_bucket=self.bucket,
            # Pages that are open still ask for the files of the version before.
            prune=False,
            distribution=self.distribution,
            distribution_paths=["/*"],
            memory_limit=256,
        )


def _security_headers(headers: Mapping[str, str]) -> cloudfront.ResponseSecurityHeadersBehavior:
    """CloudFront's names for three headers that it takes in this form only; and HTTPS from now on, which is its own."""
    csp, referrer = headers.get("content-security-policy"), headers.get("referrer-policy")
    return cloudfront.ResponseSecurityHeadersBehavior(
        content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
            content_security_policy=csp, override=True
        )
        if csp
        else None,
        referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
            referrer_policy=cloudfront.HeadersReferrerPolicy[referrer.replace("-", "_").upper()], override=True
        )
        if referrer
        else None,
        content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True)
        if "x-content-type-options" in headers
        else None,
        strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
            access_control_max_age=TWO_YEARS, include_subdomains=False, override=True
        ),
    )
