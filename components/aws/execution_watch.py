"""Watches for executions that end without a result: failed, timed out or aborted. The state machine catches nothing."""

import json

import pulumi
import pulumi_aws as aws

from components.aws.python_function import PythonFunction

_ENDED_BADLY = ["ABORTED", "FAILED", "TIMED_OUT"]
_RETRY_SECONDS = 3_600


class ExecutionWatch(pulumi.ComponentResource):
    """A rule on the default event bus, which has the failure reported."""

    rule: aws.cloudwatch.EventRule

    def __init__(
        self,
        name: str,
        *,
        state_machine: aws.sfn.StateMachine,
        report_failure: PythonFunction,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Have `report_failure` invoked for each execution of `state_machine` that does not succeed."""
        super().__init__("tickfold:index:ExecutionWatch", name, None, opts)
        self.rule = aws.cloudwatch.EventRule(
            f"{name}-unsuccessful",
            name=f"{name}-unsuccessful",
            description="Executions of the backtest workflow that ended without a result",
            event_pattern=state_machine.arn.apply(_pattern),
            opts=pulumi.ResourceOptions(parent=self),
        )
        permission = aws.lambda_.Permission(
            f"{name}-unsuccessful-permission",
            action="lambda:InvokeFunction",
            function=report_failure.function.name,
            qualifier=report_failure.alias.name,
            principal="events.amazonaws.com",
            source_arn=self.rule.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.cloudwatch.EventTarget(
            f"{name}-unsuccessful-target",
            rule=self.rule.name,
            target_id="report-failure",
            arn=report_failure.alias.arn,
            retry_policy={"maximum_event_age_in_seconds": _RETRY_SECONDS, "maximum_retry_attempts": 10},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.register_outputs({"rule_arn": self.rule.arn})


def _pattern(state_machine_arn: str) -> str:
    return json.dumps(
        {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"stateMachineArn": [state_machine_arn], "status": _ENDED_BADLY},
        }
    )
