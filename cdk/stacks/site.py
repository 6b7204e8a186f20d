"""The website, after the APIs that it calls."""

from __future__ import annotations

from aws_cdk import Annotations, CfnOutput, Fn, Stack
from constructs import Construct

from cdk.parts.site import Website
from cdk.stacks.api import ApiStack
from cdk.stacks.data import DataStack
from cdk.stages import Stage
from functions.manifest import Site, fill


class SiteStack(Stack):
    """`stage` is kept for whoever looks at it; `website` is all that it has."""

    def __init__(self, scope: Construct, stage: Stage, *, site: Site, api: ApiStack, data: DataStack) -> None:
        super().__init__(scope, "site", termination_protection=False)
        self.stage = stage
        values = {
            # A source of a policy is a scheme and a host: the ticket's address has the rest.
            "websocket.origin": " ".join(cell.origin for cell in api.cells),
            "files.origin": f"https://{data.attachments.bucket.bucket_regional_domain_name}",
        }
        self.website = Website(
            self,
            "Website",
            stage=stage,
            site=site,
            headers={name: fill(text, values) for name, text in site.headers.items()},
            api_host=Fn.select(2, Fn.split("/", api.rest.url)),
            edge_key=data.edge_key.secret_value_from_json("key").unsafe_unwrap(),
        )
        if self.website.upload is None:
            Annotations.of(self).add_info(
                f"{site.directory} holds no built files: none are uploaded. `make site` builds."
            )
        CfnOutput(self, "SiteUrl", value=self.website.url)
