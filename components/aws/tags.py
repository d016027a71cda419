"""Tags on every resource that can have them."""

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.runtime import register_stack_transformation


def tag_everything(tags: Mapping[str, str]) -> None:
    """Add `tags` to every taggable resource that is created from now on; a resource's own tags take precedence.

    The provider would add its default tags itself, where neither tests nor the embedded stack see them. A
    transformation adds them to the inputs.
    """

    def with_tags(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        properties: Mapping[str, Any] = args.props
        # A taggable resource has `tags` among its properties even when they are unset.
        if "tags" not in properties:
            return None
        merged = {**properties, "tags": {**tags, **(properties["tags"] or {})}}
        return pulumi.ResourceTransformationResult(props=merged, opts=args.opts)

    register_stack_transformation(with_tags)
