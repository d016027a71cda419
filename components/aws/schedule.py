"""Invokes a function at a fixed rate."""

import pulumi
import pulumi_aws as aws

from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.python_function import PythonFunction
from components.aws.rule_target import invoke_by_rule


class Schedule(pulumi.ComponentResource):
    """An EventBridge rule on the default bus. An invocation that fails is not repeated: the next one makes up for
    it."""

    rule: aws.cloudwatch.EventRule

    def __init__(
        self,
        name: str,
        *,
        description: str,
        minutes: int,
        function: PythonFunction,
        dead_letters: DeadLetterQueue,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Invoke `function` every so many `minutes`, at least two; `dead_letters` must accept the events of `rule`."""
        super().__init__("tickfold:aws:Schedule", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.rule = aws.cloudwatch.EventRule(
            f"{name}-schedule",
            name=name,
            description=description,
            schedule_expression=f"rate({minutes} minutes)",
            opts=child,
        )
        invoke_by_rule(
            f"{name}-schedule",
            rule=self.rule,
            function=function,
            target_id="function",
            dead_letters=dead_letters,
            retries=0,
            oldest_seconds=60 * minutes,
            opts=child,
        )
        self.register_outputs({"rule_arn": self.rule.arn})
