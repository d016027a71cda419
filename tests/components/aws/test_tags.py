"""Tags on every taggable resource."""

import pulumi_aws as aws

from components.aws.tags import tag_everything
from tests.components.capture import Stack, capture


def tagged(own: dict[str, str] | None) -> Stack:
    def program() -> None:
        tag_everything({"project": "p", "stack": "s"})
        aws.s3.Bucket("taggable", tags=own)
        aws.lambda_.Permission("bare", action="a", function="f", principal="p")

    return capture(program, {})


def test_only_taggable_resources_get_tags() -> None:
    stack = tagged(None)
    assert stack.one("aws:s3/bucket:Bucket").inputs["tags"] == {"project": "p", "stack": "s"}
    assert "tags" not in stack.one("aws:lambda/permission:Permission").inputs


def test_own_tags_of_a_resource_take_precedence() -> None:
    tags = tagged({"stack": "mine", "team": "t"}).one("aws:s3/bucket:Bucket").inputs["tags"]
    assert tags == {"project": "p", "stack": "mine", "team": "t"}
