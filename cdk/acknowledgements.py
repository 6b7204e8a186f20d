"""Findings of cdk-nag that are left as they are, each with its reason and at the narrowest place that has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, Validations
from aws_cdk import Stack as CdkStack
from constructs import IConstruct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk.app import Deployment
    from cdk.parts.function import ManifestFunction
    from cdk.stages import Stage

_RUNTIME = (
    "Python 3.13: every locked package has an arm64 wheel for it, and the twin's tests run on it. A newer runtime is a "
    "change of PYTHON_VERSION in cdk/layers.py and of the runtime in cdk/parts/function.py, tested as such."
)
_NO_ASYNCHRONOUS_CALLS = (
    "Nothing calls this function asynchronously: API Gateway, pollers, the deployer and CloudFormation wait for its "
    "answer, so a dead-letter queue of the function would stay empty for ever."
)
_CDK = (
    "The function that uploads the built files comes with the CDK (BucketDeployment), with its rights and runtime. "
    "CloudFormation calls it at a deploy and waits for its answer."
)
_ANY_RESOURCE = (
    "Network interfaces and X-Ray segments have no ARN that a policy could name; see the service authorization "
    "reference. The function's own code is denied the network actions."
)


def acknowledge_findings(deployment: Deployment, stage: Stage) -> None:
    """Writes the reasons into the construct tree, where cdk-nag looks for them."""
    functions = {**deployment.api.functions, **deployment.api.deploy_functions, **deployment.consumers.functions}
    _functions(deployment, stage, functions)
    _data(deployment)
    _small_stages(deployment, stage)
    _apis(deployment)
    _consumers(deployment)
    _site(deployment)
    _give(
        deployment.observability,
        "Serverless-SNSRedrivePolicy",
        "A mail that cannot be sent is tried again by SNS, and the alarm it tells of stays to be seen.",
    )


def _functions(deployment: Deployment, stage: Stage, functions: Mapping[str, ManifestFunction]) -> None:
    for construct in (*functions.values(), deployment.data.deployer):
        _give(construct, "AwsSolutions-IAM5[Resource::*]", _ANY_RESOURCE)
        _give(construct, "AwsSolutions-L1", _RUNTIME)
        _give(construct, "Serverless-LambdaLatestVersion", _RUNTIME)
        _give(construct, "Serverless-LambdaDLQ", _NO_ASYNCHRONOUS_CALLS)
    connections = (
        "A socket's id is made when it connects, so a policy can name the API and its stage but not the socket. Each "
        "API of the stage is named by itself."
    )
    api, account = deployment.api, stage.account or "<AWS::AccountId>"
    for cell in api.cells:
        for function in functions.values():
            if function.needs.manages_connections:
                # cdk-nag writes a reference of the same stack as <logical id>, and an import by its export.
                within = CdkStack.of(function) is api
                name = f"<{api.get_logical_id(cell.api)}>" if within else cell.export_name
                arn = f"arn:aws:execute-api:{api.region}:{account}:{name}/{cell.stage_name}/*/@connections/*"
                _give(function, f"AwsSolutions-IAM5[Resource::{arn}]", connections)

    objects = "An attachment's key is made when it is uploaded, so a policy can name the bucket but not the object."
    data = deployment.data
    # cdk-nag writes an import by its export, whose name the CDK makes.
    export = data.resolve(data.export_value(data.attachments.bucket.bucket_arn))["Fn::ImportValue"]
    for function in functions.values():
        if function.needs.buckets | function.needs.read_buckets:
            _give(function, f"AwsSolutions-IAM5[Resource::{export}/*]", objects)


def _data(deployment: Deployment) -> None:
    data = deployment.data
    _give(
        data.cache,
        "AwsSolutions-AEC6",
        "Access is by a user group with a password, which has taken the place of AUTH tokens and also bounds commands.",
    )
    _give(
        data.cache,
        "AwsSolutions-SMG4",
        "ElastiCache reads the password when its user changes, so turning it takes two steps with both valid between "
        "them: docs/deploy.md has them. It opens only what may be lost at any time.",
    )
    _give(
        data.signing_key,
        "AwsSolutions-SMG4",
        "A turn invalidates every access token of the moment, so it is done on purpose, by raising "
        "SIGNING_KEY_GENERATION in cdk/stacks/data.py, and not by a clock.",
    )
    _give(
        data.edge_key,
        "AwsSolutions-SMG4",
        "The distribution and the functions must change it in one deploy; who learns it can only pretend another "
        "address to the rate limits. docs/deploy.md tells how to turn it.",
    )
    _give(
        data.sync_key,
        "AwsSolutions-SMG4",
        "Sync tokens never expire. With another key every client would have to read everything anew, so it is turned "
        "only when it has leaked.",
    )
    _give(
        data.database,
        "AwsSolutions-DOC3",
        "DocumentDB keeps the login in Secrets Manager itself (ManageMasterUserPassword), unknown to the rule.",
    )
    for event in ("authenticate", "createIndex", "dropCollection"):
        _give(
            data.database,
            f"AwsSolutions-DOC5[LogExport::{event}]",
            "The audit log is on and exported; the rule asks for names of events where CloudFormation takes log types.",
        )


def _small_stages(deployment: Deployment, stage: Stage) -> None:
    """What a stage leaves out to be cheap; the default prod leaves nothing out."""
    if not stage.network.flow_logs:
        _give(
            deployment.network, "AwsSolutions-VPC7", "This stage holds no data of real users: network.flow_logs is off."
        )
    if stage.cache.replicas == 0:
        _give(
            deployment.data.cache,
            "AwsSolutions-AEC4",
            "One node: Valkey holds hints alone, and this stage may be without its cache for some minutes.",
        )
    if stage.data != "retain":
        _give(
            deployment.data.database,
            "AwsSolutions-DOC4",
            "This stage is made to be taken down; what becomes of its data is told by its setting `data`.",
        )


def _apis(deployment: Deployment) -> None:
    _give(
        deployment.api.rest,
        "AwsSolutions-APIG4",
        "The functions check the access token and that its session still lives, which API Gateway's JWT authorizer "
        "could not; registering, login and health are open on purpose.",
    )
    for cell in deployment.api.cells:
        _give(
            cell,
            "AwsSolutions-APIG4",
            "A WebSocket API authorizes the upgrade, on $connect, and nothing afterwards: later frames carry the "
            "authorizer's context.",
        )
    _give(
        deployment.api.log_setting,
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
        "AmazonAPIGatewayPushToCloudWatchLogs]",
        "The policy that API Gateway's documentation asks for; the role serves every API of the account and region.",
    )
    rollout = deployment.api.rollout
    if rollout is not None:
        _give(
            rollout,
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
            "AWSCodeDeployRoleForLambdaLimited]",
            "The policy that CodeDeploy's documentation asks for; the construct attaches it by itself.",
        )


def _consumers(deployment: Deployment) -> None:
    for function in deployment.consumers.functions.values():
        _give(
            function,
            "Serverless-LambdaEventSourceMappingDestination",
            "The function writes a record that it cannot process to its own dead-letter topic and reports it as done. "
            "Whatever else fails is tried until it works, because a later record must not overtake it.",
        )


def _site(deployment: Deployment) -> None:
    if deployment.site is None:
        return
    site = deployment.site.website
    _give(
        site.bucket,
        "AwsSolutions-S1",
        "It holds the files of a public website, read by CloudFront alone; who called the API is in the API's log.",
    )
    _give(site.distribution, "AwsSolutions-CFR1", "A chat has no country: who uses it is said by who has an account.")
    _give(
        site.distribution,
        "AwsSolutions-CFR2",
        "A web ACL costs by the month, so it is a setting (site.web_acl_arn). The functions' own rate limits and "
        "API Gateway's throttles stand before what costs something.",
    )
    _give(
        site.distribution,
        "AwsSolutions-CFR3",
        "The files are the same for everybody and public; requests of the API are in its own access log.",
    )
    if deployment.site.stage.site.domain is None:
        _give(
            site.distribution,
            "AwsSolutions-CFR4",
            "CloudFront's own certificate, for its own name, allows TLS 1.0 and cannot be told otherwise; with "
            "a domain of one's own (site.domain) it is TLS 1.2 from 2021.",
        )
    for rule, reason in (
        (
            "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]",
            _CDK,
        ),
        ("AwsSolutions-L1", _CDK),
        ("Serverless-LambdaLatestVersion", _CDK),
        ("Serverless-LambdaDLQ", _CDK),
        ("Serverless-LambdaTracing", _CDK),
        ("Serverless-LambdaDefaultMemorySize", _CDK),
    ):
        _give(deployment.site, rule, reason)
    stack = deployment.site
    bucket, account = site.bucket_id, stack.stage.account or "<AWS::AccountId>"
    wildcards = [f"Action::s3:{action}*" for action in ("Abort", "DeleteObject", "GetBucket", "GetObject", "List")]
    wildcards += [
        f"Resource::<{bucket}.Arn>/*",
        f"Resource::arn:aws:s3:::cdk-hnb659fds-assets-{account}-{stack.region}/*",
        "Resource::*",
    ]
    for wildcard in wildcards:
        _give(
            stack,
            f"AwsSolutions-IAM5[{wildcard}]",
            f"{_CDK} It reads the CDK's assets, writes this bucket and tells CloudFront.",
        )


def _give(construct: IConstruct, rule: str, reason: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
