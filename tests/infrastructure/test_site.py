"""The website behind CloudFront: closed bucket, the twin's headers, the API beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cdk.parts.site import CALLER, PAGES
from functions.manifest import Manifest
from tests.infrastructure.synthesis import Synthesis, render


def _distribution(stage: Synthesis) -> dict[str, Any]:
    (distribution,) = stage.resources("AWS::CloudFront::Distribution").values()
    config: dict[str, Any] = distribution["Properties"]["DistributionConfig"]
    return config


def _headers(stage: Synthesis, policy: Any) -> dict[str, str]:
    """All headers of a response headers policy, by lower-case names."""
    config = stage.resources("AWS::CloudFront::ResponseHeadersPolicy")[policy["Ref"]]["Properties"]
    config = config["ResponseHeadersPolicyConfig"]
    found = {item["Header"]: render(item["Value"]) for item in config["CustomHeadersConfig"]["Items"]}
    assert all(item["Override"] for item in config["CustomHeadersConfig"]["Items"])
    security = config["SecurityHeadersConfig"]
    assert all(rule["Override"] for rule in security.values())
    found["content-security-policy"] = render(security["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    found["referrer-policy"] = security["ReferrerPolicy"]["ReferrerPolicy"]
    found["x-content-type-options"] = "nosniff" if "ContentTypeOptions" in security else ""
    found["strict-transport-security"] = str(security["StrictTransportSecurity"]["AccessControlMaxAgeSec"])
    return found


def test_files_go_out_with_the_manifests_headers_and_https_for_two_years(stage: Synthesis, manifest: Manifest) -> None:
    assert manifest.site is not None
    config = _distribution(stage)
    for behavior in (config["DefaultCacheBehavior"], *_fixed(config)):
        assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
        found = _headers(stage, behavior["ResponseHeadersPolicyId"])
        assert found.pop("strict-transport-security") == str(730 * 24 * 3600)
        found.pop("cache-control")
        policy = found.pop("content-security-policy")
        wanted = dict(manifest.site.headers)
        assert "${" not in policy
        assert policy.split("; ")[0] == wanted.pop("content-security-policy").split("; ")[0]
        assert found == wanted


def test_the_policy_names_every_cell_and_the_store_of_files(wide: Synthesis) -> None:
    policy = _headers(wide, _distribution(wide)["DefaultCacheBehavior"]["ResponseHeadersPolicyId"])
    connect = next(part for part in policy["content-security-policy"].split("; ") if part.startswith("connect-src"))
    assert [f"wss://ws-{index}.example.com" in connect.split() for index in range(4)] == [True] * 4
    assert "AttachmentsBucket" in connect, "uploads go to the bucket itself"


def _fixed(config: dict[str, Any]) -> list[dict[str, Any]]:
    return [behavior for behavior in config["CacheBehaviors"] if behavior["PathPattern"] != "/api/*"]


def test_what_has_a_hash_in_its_name_is_kept_and_all_else_asked_for_anew(stage: Synthesis, manifest: Manifest) -> None:
    assert manifest.site is not None
    config = _distribution(stage)
    assert [behavior["PathPattern"] for behavior in _fixed(config)] == [f"{p}*" for p in manifest.site.immutable]
    for behavior in _fixed(config):
        kept = _headers(stage, behavior["ResponseHeadersPolicyId"])["cache-control"]
        assert kept == "public, max-age=31536000, immutable"
    asked = config["DefaultCacheBehavior"]
    assert _headers(stage, asked["ResponseHeadersPolicyId"])["cache-control"] == "no-cache"


def test_the_bucket_is_read_by_this_distribution_alone(stage: Synthesis) -> None:
    (bucket_id,) = stage.resources("AWS::S3::Bucket", "site")
    (policy,) = stage.resources("AWS::S3::BucketPolicy", "site").values()
    allowed = [s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert {s["Action"] for s in allowed if "cloudfront" in json.dumps(s["Principal"])} == {
        "s3:GetObject",
        "s3:ListBucket",
    }
    for statement in allowed:
        assert "*" not in statement["Principal"].values()
        if "cloudfront" in json.dumps(statement["Principal"]):
            assert "SourceArn" in json.dumps(statement["Condition"])
    assert stage.resources("AWS::CloudFront::OriginAccessControl")
    assert bucket_id in json.dumps(_distribution(stage)["Origins"])


def test_the_api_is_beside_it_uncached_with_proof_of_where_requests_come_from(stage: Synthesis) -> None:
    config = _distribution(stage)
    (api,) = [behavior for behavior in config["CacheBehaviors"] if behavior["PathPattern"] == "/api/*"]
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # Managed-CachingDisabled
    assert api["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"  # Managed-AllViewerExceptHostHeader
    assert set(api["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}
    (origin,) = [origin for origin in config["Origins"] if origin["Id"] == api["TargetOriginId"]]
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    (header,) = origin["OriginCustomHeaders"]
    assert header["HeaderName"] == "x-parley-edge"
    assert "{{resolve:secretsmanager:" in render(header["HeaderValue"])
    assert "FunctionAssociations" in api


def test_nothing_is_uploaded_where_nothing_was_built(dev: Synthesis, prod: Synthesis) -> None:
    assert not dev.resources("Custom::CDKBucketDeployment")
    (upload,) = prod.resources("Custom::CDKBucketDeployment").values()
    assert upload["Properties"]["Prune"] is False, "pages that are open ask for older files"


def test_an_own_name_and_a_web_acl_are_settings(wide: Synthesis, prod: Synthesis) -> None:
    config = _distribution(wide)
    assert config["Aliases"] == ["chat.example.com"]
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert config["WebACLId"].endswith("webacl/chat/123")
    assert "Aliases" not in _distribution(prod)


def test_the_sites_own_name_may_upload(wide: Synthesis, prod: Synthesis) -> None:
    def origins(stage: Synthesis) -> list[str]:
        bucket = next(b for id_, b in stage.resources("AWS::S3::Bucket", "data").items() if "Log" not in id_)
        rules = bucket["Properties"].get("CorsConfiguration", {}).get("CorsRules", [])
        return [origin for rule in rules for origin in rule["AllowedOrigins"]]

    assert origins(wide) == ["https://chat.example.com"]
    assert origins(prod) == []


@pytest.mark.parametrize(
    ("uri", "becomes"),
    [
        ("/", "/index.html"),
        ("/conversations/abc", "/index.html"),
        ("/index.html", "/index.html"),
        ("/app.webmanifest", "/app.webmanifest"),
        ("/no/such.png", "/no/such.png"),
    ],
)
def test_pages_are_the_index(uri: str, becomes: str) -> None:
    assert _run(PAGES, f"{{request: {{uri: {json.dumps(uri)}, headers: {{}}}}}}")["uri"] == becomes


def test_a_client_cannot_say_whose_request_it_is() -> None:
    event = "{viewer: {ip: '198.51.100.7'}, request: {headers: {'x-parley-address': {value: '203.0.113.1'}}}}"
    assert _run(CALLER, event)["headers"]["x-parley-address"] == {"value": "198.51.100.7"}


def _run(code: str, event: str) -> dict[str, Any]:
    """CloudFront's functions are JavaScript: they run in the Node that the CDK runs in."""
    node = str(Path(sys.executable).parent / "node")
    done = subprocess.run(
        [node, "-e", f"{code}; process.stdout.write(JSON.stringify(handler({event})))"],
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
