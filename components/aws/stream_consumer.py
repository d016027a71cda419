"""Feeds a function with the stream of a table: an event source mapping that no record can block."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.python_function import PythonFunction
from components.aws.table import Table

_BATCH = 100
_PARALLEL_BATCHES = 10
"""Batches of one shard at once. Items with the same partition key still arrive in order."""
_OLDEST_SECONDS = 3_600
"""Records older than this are given up, so that one that always fails does not block its shard for a day."""
_RETRIES = 30
"""How often a record that fails on its own is tried again; splitting a batch to find it does not count."""


def stream_consumer(
    name: str,
    *,
    table: Table,
    function: PythonFunction,
    dead_letters: DeadLetterQueue,
    pattern: Mapping[str, Any],
    oldest_seconds: int = _OLDEST_SECONDS,
    retries: int = _RETRIES,
    batching_seconds: int = 0,
    reports_failures: bool = False,
    opts: pulumi.ResourceOptions,
) -> aws.lambda_.EventSourceMapping:
    """Invoke `function` for the stream records that match `pattern`; put what is given up into `dead_letters`.

    Given up is what is older than `oldest_seconds` or has failed `retries` times more. A batch is waited for
    `batching_seconds`. A function that `reports_failures` says from which record on it failed. The function needs
    `table.may_read_stream()` and `dead_letters.may_send()`.
    """
    return aws.lambda_.EventSourceMapping(
        name,
        event_source_arn=table.table.stream_arn,
        function_name=function.alias.arn,
        starting_position="LATEST",
        batch_size=_BATCH,
        parallelization_factor=_PARALLEL_BATCHES,
        maximum_batching_window_in_seconds=batching_seconds or None,
        maximum_record_age_in_seconds=oldest_seconds,
        maximum_retry_attempts=retries,
        function_response_types=["ReportBatchItemFailures"] if reports_failures else None,
        bisect_batch_on_function_error=True,
        destination_config={"on_failure": {"destination_arn": dead_letters.arn}},
        filter_criteria={"filters": [{"pattern": json.dumps(pattern)}]},
        # Lambda refuses the mapping while the role may not read the stream, or send to the queue.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[function])),
    )
