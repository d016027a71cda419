"""Feeds a function with the stream of a table: an event source mapping with limits on retries."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.python_function import PythonFunction
from components.aws.table import Table

_BATCH = 100
_PARALLEL_BATCHES = 10
"""Batches of one shard at once. Items with the same partition key still arrive in order."""
_OLDEST_SECONDS = 3_600
"""Records older than this are dropped, so that one that always fails does not block its shard for a day."""


def stream_consumer(
    name: str,
    *,
    table: Table,
    function: PythonFunction,
    pattern: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> aws.lambda_.EventSourceMapping:
    """Invoke `function`, which needs `table.may_read_stream()`, for the stream records that match `pattern`."""
    return aws.lambda_.EventSourceMapping(
        name,
        event_source_arn=table.table.stream_arn,
        function_name=function.alias.arn,
        starting_position="LATEST",
        batch_size=_BATCH,
        parallelization_factor=_PARALLEL_BATCHES,
        maximum_record_age_in_seconds=_OLDEST_SECONDS,
        bisect_batch_on_function_error=True,
        filter_criteria={"filters": [{"pattern": json.dumps(pattern)}]},
        # Lambda refuses the mapping while the role may not read the stream.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[function])),
    )
