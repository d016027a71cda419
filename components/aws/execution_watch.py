"""Watches for executions that fail, time out or are aborted, since the state machine itself catches nothing."""

import json

import pulumi
import pulumi_aws as aws

from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.python_function import PythonFunction
from components.aws.rule_target import invoke_by_rule

_UNSUCCESSFUL = ["ABORTED", "FAILED", "TIMED_OUT"]
_RETRY_SECONDS = 3_600
_RETRIES = 10


class ExecutionWatch(pulumi.ComponentResource):
    """An EventBridge rule on the default bus that invokes a function for each unsuccessful execution."""

    rule: aws.cloudwatch.EventRule

    def __init__(
        self,
        name: str,
        *,
        state_machine_arn: pulumi.Output[str],
        function: PythonFunction,
        dead_letters: DeadLetterQueue,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Invoke `function` with the status event of each execution that ends without success.

        `dead_letters` gets the events that EventBridge cannot hand over; it must accept those of `rule`.
        """
        super().__init__("tickfold:aws:ExecutionWatch", name, None, opts)
        self._name = name
        self.rule = self._create_rule(state_machine_arn)
        invoke_by_rule(
            f"{name}-unsuccessful",
            rule=self.rule,
            function=function,
            target_id="report-failure",
            dead_letters=dead_letters,
            retries=_RETRIES,
            oldest_seconds=_RETRY_SECONDS,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"rule_arn": self.rule.arn})

    def _create_rule(self, state_machine_arn: pulumi.Output[str]) -> aws.cloudwatch.EventRule:
        return aws.cloudwatch.EventRule(
            f"{self._name}-unsuccessful",
            name=f"{self._name}-unsuccessful",
            description="Executions that ended without success",
            event_pattern=state_machine_arn.apply(_pattern),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _pattern(state_machine_arn: str) -> str:
    return json.dumps(
        {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"stateMachineArn": [state_machine_arn], "status": _UNSUCCESSFUL},
        }
    )
