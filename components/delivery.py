"""Delivery: the function that sends messages of runs to their subscribers, fed by the stream of the table of runs."""

import json

import pulumi
import pulumi_aws as aws

from components.aws.grant import Grant, Statement
from components.aws.package import Package
from components.aws.python_function import PythonFunction
from components.aws.websocket_api import WebSocketApi
from components.configuration import Configuration
from components.tables import Tables

_BATCH = 100
_PARALLEL_BATCHES = 10
"""Of one shard. The messages of one run still come in order."""
_OLDEST_SECONDS = 3_600
"""A message that could not be delivered for so long is left to those who ask for it."""
_MESSAGES = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"entry": {"S": [{"prefix": "event#"}]}}}}


class Delivery(pulumi.ComponentResource):
    """The function, and what feeds it."""

    deliver: PythonFunction
    mapping: aws.lambda_.EventSourceMapping

    def __init__(
        self,
        name: str,
        *,
        package: Package,
        tables: Tables,
        api: WebSocketApi,
        configuration: Configuration,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Deliver the messages in `tables` over `api`."""
        super().__init__("tickfold:index:Delivery", name, None, opts)
        stream = tables.runs.table.stream_arn
        self.deliver = PythonFunction(
            f"{name}-deliver",
            module="websocket.deliver",
            package=package,
            layers=["base"],
            grants=[
                _may_read_stream(stream),
                tables.subscriptions.may("Query", "BatchWriteItem"),
                tables.connections.may("DeleteItem"),
                api.may_post_to_connections(),
                api.may_close_connections(),
            ],
            memory=1_769,
            timeout=60,
            log_retention_days=configuration.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.mapping = aws.lambda_.EventSourceMapping(
            f"{name}-deliver-mapping",
            event_source_arn=stream,
            function_name=self.deliver.alias.arn,
            starting_position="LATEST",
            batch_size=_BATCH,
            parallelization_factor=_PARALLEL_BATCHES,
            maximum_record_age_in_seconds=_OLDEST_SECONDS,
            bisect_batch_on_function_error=True,
            filter_criteria={"filters": [{"pattern": json.dumps(_MESSAGES)}]},
            # The mapping is refused while the role may not read the stream.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.deliver]),
        )
        self.register_outputs({"function_arn": self.deliver.alias.arn})


def _may_read_stream(stream_arn: pulumi.Output[str]) -> Grant:
    reading = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    # To list streams is a right that IAM knows for all or none.
    return Grant([Statement(reading, [stream_arn]), Statement(["dynamodb:ListStreams"], ["*"])])
