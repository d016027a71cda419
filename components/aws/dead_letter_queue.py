"""A queue that keeps what a function could not handle, so that nothing which is delivered in the background is lost
without a trace."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.grant import Grant, Statement
from components.aws.python_function import PythonFunction
from functions import settings

_RETENTION_SECONDS = 14 * 24 * 3_600
"""The longest that SQS allows."""


class DeadLetterQueue(pulumi.ComponentResource):
    """The queue, encrypted with SQS's own key, and who may send to it: roles by `may_send`, EventBridge by
    `accept_events_of`."""

    queue: aws.sqs.Queue
    arn: pulumi.Output[str]

    def __init__(self, name: str, *, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tickfold:aws:DeadLetterQueue", name, None, opts)
        self._name = name
        self.queue = aws.sqs.Queue(
            f"{name}-queue",
            name=name,
            message_retention_seconds=_RETENTION_SECONDS,
            sqs_managed_sse_enabled=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = self.queue.arn
        self.register_outputs({"arn": self.arn})

    def may_send(self) -> Grant:
        """Grant what Lambda needs, on behalf of a function, to put its failed events here."""
        return Grant([Statement(["sqs:SendMessage"], [self.arn])])

    def may_put(self) -> Grant:
        """Grant a function putting here itself what it could not handle."""
        return Grant([Statement(["sqs:SendMessage"], [self.arn])], {settings.DEAD_LETTERS_QUEUE: self.queue.id})

    def accept_events_of(self, rules: Sequence[aws.cloudwatch.EventRule]) -> None:
        """Let EventBridge put events of `rules` here that it could not hand over. Call it once: a queue has one
        policy."""
        aws.sqs.QueuePolicy(
            f"{self._name}-policy",
            queue_url=self.queue.id,
            policy=pulumi.Output.all(self.arn, *(rule.arn for rule in rules)).apply(_from_rules),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def keep_failed_events_of(self, function: PythonFunction, *, retries: int, oldest_seconds: int) -> None:
        """Keep events that invoke `function` asynchronously and fail `retries` more times, or are older than
        `oldest_seconds`. The function needs `may_send()`."""
        aws.lambda_.FunctionEventInvokeConfig(
            f"{self._name}-{function.name}",
            function_name=function.function.name,
            # The configuration of the function itself does not apply to an alias, which also waits for the role's
            # policy: Lambda refuses a destination to which the role may not send.
            qualifier=function.alias.name,
            maximum_retry_attempts=retries,
            maximum_event_age_in_seconds=oldest_seconds,
            destination_config={"on_failure": {"destination": self.arn}},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _from_rules(arns: Sequence[str]) -> str:
    queue, *rules = arns
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": rules}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
