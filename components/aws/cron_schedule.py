"""Invokes a function at times of the day in a time zone, with the time that was scheduled."""

import json
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws
from botocore.utils import ArnParser

from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.grant import Grant, policy_document, trust_document
from components.aws.python_function import PythonFunction

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"
"""What Scheduler replaces by the scheduled time, such as 2026-01-30T14:31:00Z."""
_OLDEST_SECONDS = 60
"""The least that Scheduler allows."""


class CronSchedule(pulumi.ComponentResource):
    """Schedules of EventBridge Scheduler with their role: a zone's hours, which a rule on an event bus does not know.

    An invocation that fails is not repeated: the next one makes up for it.
    """

    role: aws.iam.Role
    schedules: list[aws.scheduler.Schedule]

    def __init__(
        self,
        name: str,
        *,
        description: str,
        expressions: Sequence[str],
        time_zone: str,
        event: Mapping[str, str | int],
        function: PythonFunction,
        dead_letters: DeadLetterQueue,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Invoke `function` at the times of the cron `expressions` in `time_zone`, with `event` and the scheduled time
        under `scheduled_time`."""
        super().__init__("tickfold:aws:CronSchedule", name, None, opts)
        self._name = name
        self._child = pulumi.ResourceOptions(parent=self)
        self.role = aws.iam.Role(
            f"{name}-schedule-role", assume_role_policy=function.alias.arn.apply(_trust), opts=self._child
        )
        rights = Grant.union(function.may_be_invoked(), dead_letters.may_send())
        policy = aws.iam.RolePolicy(
            f"{name}-schedule-policy",
            role=self.role.name,
            policy=policy_document(rights.statements),
            opts=self._child,
        )
        self.schedules = [
            aws.scheduler.Schedule(
                f"{name}-schedule-{number}",
                name=f"{name}-{number}",
                description=description,
                schedule_expression=f"cron({expression})",
                schedule_expression_timezone=time_zone,
                flexible_time_window={"mode": "OFF"},
                target={
                    "arn": function.alias.arn,
                    "role_arn": self.role.arn,
                    "input": json.dumps({**event, "scheduled_time": SCHEDULED_TIME}),
                    "retry_policy": {"maximum_retry_attempts": 0, "maximum_event_age_in_seconds": _OLDEST_SECONDS},
                    "dead_letter_config": {"arn": dead_letters.arn},
                },
                opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=[policy])),
            )
            for number, expression in enumerate(expressions, 1)
        ]
        self.register_outputs({"role_arn": self.role.arn})


def _trust(function_arn: str) -> str:
    """Return the trust policy of the role: Scheduler may assume it for schedules of this account only."""
    account = ArnParser().parse_arn(function_arn)["account"]
    return trust_document("scheduler.amazonaws.com", {"StringEquals": {"aws:SourceAccount": account}})
