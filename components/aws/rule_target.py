"""A function as the target of an EventBridge rule, with a dead-letter queue for what cannot be handed over."""

import pulumi
import pulumi_aws as aws

from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.python_function import PythonFunction


def invoke_by_rule(
    name: str,
    *,
    rule: aws.cloudwatch.EventRule,
    function: PythonFunction,
    target_id: str,
    dead_letters: DeadLetterQueue,
    retries: int,
    oldest_seconds: int,
    opts: pulumi.ResourceOptions,
) -> None:
    """Invoke `function` with each event of `rule`.

    Handing over is retried `retries` times, until an event is `oldest_seconds` old; then it is put into
    `dead_letters`, which must accept the events of `rule`.
    """
    permission = function.permit(f"{name}-permission", principal="events.amazonaws.com", source_arn=rule.arn, opts=opts)
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        rule=rule.name,
        target_id=target_id,
        arn=function.alias.arn,
        dead_letter_config={"arn": dead_letters.arn},
        retry_policy={"maximum_event_age_in_seconds": oldest_seconds, "maximum_retry_attempts": retries},
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[permission])),
    )
