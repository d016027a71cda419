"""Secrets Manager: secrets, without their values."""

from embedded.cloud import Cloud
from embedded.resources.creator import Inputs, Outputs, autoname, creates, pop_tags


@creates(
    "aws:secretsmanager/secret:Secret",
    ignores={
        "recoveryWindowInDays": "what the provider does when it deletes",
        "forceOverwriteReplicaSecret": "there are no replicas",
    },
)
def secret(cloud: Cloud, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    secret_name = inputs.pop("name", None) or autoname(name)
    created = cloud.client("secretsmanager").create_secret(
        Name=secret_name, Description=inputs.pop("description", ""), Tags=pop_tags(inputs)
    )
    return created["ARN"], {"name": secret_name, "arn": created["ARN"]}
