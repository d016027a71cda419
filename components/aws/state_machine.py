"""A Step Functions state machine of the type STANDARD with its role, its log group, and the policy of its map."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
from botocore.utils import ArnParser

from components.aws.grant import Grant, Statement, policy_document, trust_document
from components.aws.state_machine_definition import LAMBDA_RETRY, fill, read_definition

# None of these actions can be narrowed to a resource.
_DELIVER_LOGS = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
]
_SEND_TRACES = [
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
]


class StateMachine(pulumi.ComponentResource):
    """The state machine, which may do what it is granted, write logs and traces, and run its Distributed Map."""

    log_group: aws.cloudwatch.LogGroup
    role: aws.iam.Role
    state_machine: aws.sfn.StateMachine
    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        definition: Path,
        values: Mapping[str, pulumi.Input[Any]],
        grants: Sequence[Grant],
        variable: str,
        log_retention_days: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the state machine of the file `definition`, whose placeholders are filled with `values`.

        `variable` is the environment variable that tells a function its ARN. ${LambdaRetry} is always filled.

        Raises:
            PlaceholderError: a placeholder has no value, or a value no placeholder.
        """
        super().__init__("tickfold:aws:StateMachine", name, None, opts)
        self._name = name
        self._variable = variable
        self._definition = read_definition(definition)
        self._map_label = distributed_map_label(self._definition)
        self.log_group = self._create_log_group(log_retention_days)
        self.role = self._create_role()
        policy = self._create_policy(grants)
        self.state_machine = self._create_state_machine(values, policy)
        self.arn = self.state_machine.arn
        self._create_distributed_map_policy()
        self.register_outputs({"arn": self.arn})

    def may_start(self) -> Grant:
        """Grant starting executions."""
        return self._grant(Statement(["states:StartExecution"], [self.arn]))

    def may_stop(self) -> Grant:
        """Grant stopping executions."""
        executions = self.arn.apply(lambda arn: f"{executions_of(arn)}:*")
        return self._grant(Statement(["states:StopExecution"], [executions]))

    def may_describe(self) -> Grant:
        """Grant describing executions."""
        executions = self.arn.apply(lambda arn: f"{executions_of(arn)}:*")
        return self._grant(Statement(["states:DescribeExecution"], [executions]))

    def _grant(self, statement: Statement) -> Grant:
        return Grant([statement], {self._variable: self.arn})

    def _create_log_group(self, retention_days: int) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            # Under this prefix the account's one resource policy for log delivery does not grow with each log group.
            name=f"/aws/vendedlogs/states/{self._name}",
            retention_in_days=retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_role(self) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._name}-role",
            assume_role_policy=self.log_group.arn.apply(self._trust),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _trust(self, log_group_arn: str) -> str:
        """Trust Step Functions on behalf of the account's state machines in this region.

        Not of this machine only: which ARN the item reader of a Distributed Map, or a child execution, presents as the
        source is not documented, and AWS's own examples match any. Whoever may make another machine with this role
        needs `iam:PassRole` on it.
        """
        arn = ArnParser().parse_arn(log_group_arn)
        machines = f"arn:{arn['partition']}:states:{arn['region']}:{arn['account']}:stateMachine:*"
        condition = {
            "ArnLike": {"aws:SourceArn": machines},
            "StringEquals": {"aws:SourceAccount": arn["account"]},
        }
        return trust_document("states.amazonaws.com", condition)

    def _create_policy(self, grants: Sequence[Grant]) -> aws.iam.RolePolicy:
        observability = [Statement(_DELIVER_LOGS, ["*"]), Statement(_SEND_TRACES, ["*"])]
        return aws.iam.RolePolicy(
            f"{self._name}-policy",
            role=self.role.id,
            policy=policy_document([*Grant.union(*grants).statements, *observability]),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_state_machine(
        self, values: Mapping[str, pulumi.Input[Any]], policy: pulumi.Resource
    ) -> aws.sfn.StateMachine:
        return aws.sfn.StateMachine(
            f"{self._name}-state-machine",
            name=self._name,
            type="STANDARD",
            role_arn=self.role.arn,
            definition=pulumi.Output.all(**values).apply(self._filled),
            logging_configuration={
                "level": "ERROR",
                "include_execution_data": True,
                "log_destination": pulumi.Output.concat(self.log_group.arn, ":*"),
            },
            tracing_configuration={"enabled": True},
            # Step Functions checks the right to deliver logs when the machine is created.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _filled(self, values: Mapping[str, Any]) -> str:
        return json.dumps(fill(self._definition, {**values, "LambdaRetry": LAMBDA_RETRY}))

    def _create_distributed_map_policy(self) -> None:
        """Allow the machine to run the children of its Distributed Map.

        A separate policy: it names the machine, which itself waits for the role and the role's first policy.
        """
        aws.iam.RolePolicy(
            f"{self._name}-distributed-map-policy",
            role=self.role.id,
            policy=policy_document(self._distributed_map_statements()),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _distributed_map_statements(self) -> list[Statement]:
        executions = self.arn.apply(executions_of)
        any_execution = pulumi.Output.concat(executions, ":*")
        any_child = pulumi.Output.concat(executions, "/", self._map_label, ":*")
        return [
            Statement(["states:StartExecution"], [self.arn]),
            Statement(["states:DescribeExecution", "states:StopExecution"], [any_execution, any_child]),
            Statement(["states:RedriveExecution"], [any_child]),
        ]


def distributed_map_label(definition: Mapping[str, Any]) -> str:
    """Return the label of the definition's one Distributed Map."""
    (label,) = (state["Label"] for state in definition["States"].values() if state["Type"] == "Map")
    return str(label)


def executions_of(machine_arn: str) -> str:
    """Return the ARN that those of the machine's executions begin with."""
    return machine_arn.replace(":stateMachine:", ":execution:")
