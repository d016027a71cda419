"""The workflow of one run: the state machine of statemachines/backtest.asl.json, its functions and its role."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.arn import Arn
from components.aws.execution_watch import ExecutionWatch
from components.aws.grant import Grant, Statement, policy_document, trust_document
from components.aws.package import Layer, Package
from components.aws.python_function import PythonFunction
from components.aws.state_machine_definition import fill, read_definition
from components.configuration import Configuration
from components.data_lake import DataLake
from components.tables import Tables
from functions import settings
from tickfold.storage import layout

_DEFINITION = Path(__file__).resolve().parent.parent / "statemachines" / "backtest.asl.json"
_DISTRIBUTED_MAP = "Simulate"


class BacktestWorkflow(pulumi.ComponentResource):
    """State machine, functions, role and log group."""

    plan: PythonFunction
    simulate: PythonFunction
    reduce: PythonFunction
    report_failure: PythonFunction
    log_group: aws.cloudwatch.LogGroup
    role: aws.iam.Role
    state_machine: aws.sfn.StateMachine
    watch: ExecutionWatch

    def __init__(
        self,
        name: str,
        *,
        package: Package,
        lake: DataLake,
        tables: Tables,
        configuration: Configuration,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Create the workflow over `lake` and `tables`, in which it keeps what there is to tell of a run."""
        super().__init__("tickfold:index:BacktestWorkflow", name, None, opts)
        self._name = name
        self._package = package
        self._configuration = configuration
        self._tell = tables.runs.may("UpdateItem", "PutItem")
        self.plan = self._create_plan(lake, tables)
        self.simulate = self._create_simulate(lake)
        self.reduce = self._create_reduce(lake, tables)
        self.report_failure = self._create_report_failure(tables)
        self.log_group = self._create_log_group()
        self.role = self._create_role()
        policy = self._create_policy(lake)
        self.state_machine = self._create_state_machine(lake, policy)
        self._permit_distributed_map()
        self.watch = ExecutionWatch(
            f"{name}-workflow",
            state_machine=self.state_machine,
            report_failure=self.report_failure,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"state_machine_arn": self.state_machine.arn})

    def may_start_and_stop(self) -> Grant:
        """Grant starting a run, and stopping it."""
        executions = self.state_machine.arn.apply(lambda arn: f"{_executions(arn)}:*")
        return Grant(
            [
                Statement(["states:StartExecution"], [self.state_machine.arn]),
                Statement(["states:StopExecution"], [executions]),
            ],
            {settings.STATE_MACHINE_ARN: self.state_machine.arn},
        )

    def _create_plan(self, lake: DataLake, tables: Tables) -> PythonFunction:
        return self._create_function(
            "plan",
            layers=["base", "numeric"],
            grants=[lake.may_read(layout.SERIES), lake.may_write(layout.CHUNKS), tables.runs.may("GetItem")],
            memory=1_769,
            timeout=60,
            environment={settings.WORKERS: str(self._configuration.max_concurrency)},
        )

    def _create_simulate(self, lake: DataLake) -> PythonFunction:
        return self._create_function(
            "simulate",
            layers=["base", "numeric"],
            grants=[
                lake.may_read(layout.CHUNKS),
                lake.may_read_versions(layout.BARS),
                lake.may_write(layout.CHUNKS),
            ],
            memory=self._configuration.simulate_memory,
            timeout=60,
        )

    def _create_reduce(self, lake: DataLake, tables: Tables) -> PythonFunction:
        return self._create_function(
            "reduce",
            layers=["base", "numeric"],
            grants=[
                lake.may_read(layout.CHUNKS),
                lake.may_read_versions(layout.BARS),
                lake.may_write(layout.RUNS),
                lake.may_write(layout.TRADES),
                lake.may_write(layout.EQUITY),
                lake.may_write(layout.RUNS_BY_SYMBOL),
                lake.may_write(layout.EQUITY_BY_SYMBOL),
                lake.may_write(layout.SWEEPS),
                lake.may_write(layout.WALK_FORWARD),
                tables.users.may("UpdateItem"),
                tables.runs.may("GetItem"),
            ],
            memory=self._configuration.reduce_memory,
            timeout=600,
        )

    def _create_report_failure(self, tables: Tables) -> PythonFunction:
        return self._create_function(
            "report_failure",
            layers=["base"],
            grants=[tables.users.may("UpdateItem"), tables.runs.may("GetItem")],
            memory=512,
            timeout=30,
        )

    def _create_function(
        self,
        module: str,
        *,
        layers: Sequence[Layer],
        grants: Sequence[Grant],
        memory: int,
        timeout: int,
        environment: Mapping[str, str] | None = None,
    ) -> PythonFunction:
        return PythonFunction(
            f"{self._name}-{module.replace('_', '-')}",
            module=f"backtests.{module}",
            package=self._package,
            layers=layers,
            grants=[*grants, self._tell],
            memory=memory,
            timeout=timeout,
            log_retention_days=self._configuration.log_retention_days,
            environment=environment,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-workflow-logs",
            # Under this prefix the account's one resource policy for log delivery does not grow with each log group.
            name=f"/aws/vendedlogs/states/{self._name}",
            retention_in_days=self._configuration.log_retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_role(self) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._name}-workflow-role",
            assume_role_policy=self.log_group.arn.apply(self._trust),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _trust(self, log_group_arn: str) -> str:
        """Trust Step Functions when it works for this machine, not for one of another account."""
        log_group = Arn.parse(log_group_arn)
        machine = log_group._replace(service="states", resource=f"stateMachine:{self._name}")
        # Executions of a Distributed Map belong to MACHINE/LABEL.
        sources = {"aws:SourceArn": [str(machine), f"{machine}/{_DISTRIBUTED_MAP}"]}
        condition = {"ArnEquals": sources, "StringEquals": {"aws:SourceAccount": log_group.account}}
        return trust_document("states.amazonaws.com", condition)

    def _create_policy(self, lake: DataLake) -> aws.iam.RolePolicy:
        functions = (self.plan, self.simulate, self.reduce)
        grants = [*(function.may_be_invoked() for function in functions), lake.may_read(layout.CHUNKS)]
        granted = [statement for grant in grants for statement in grant.statements]
        return aws.iam.RolePolicy(
            f"{self._name}-workflow-policy",
            role=self.role.id,
            policy=policy_document([*granted, *_observability()]),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_state_machine(self, lake: DataLake, policy: pulumi.Resource) -> aws.sfn.StateMachine:
        values = pulumi.Output.all(
            PlanFunctionArn=self.plan.alias.arn,
            SimulateFunctionArn=self.simulate.alias.arn,
            ReduceFunctionArn=self.reduce.alias.arn,
            Bucket=lake.bucket_name,
            MaxConcurrency=self._configuration.max_concurrency,
        )
        definition = read_definition(_DEFINITION)
        return aws.sfn.StateMachine(
            f"{self._name}-workflow",
            name=self._name,
            type="STANDARD",
            role_arn=self.role.arn,
            definition=values.apply(lambda known: json.dumps(fill(definition, known))),
            logging_configuration={
                "level": "ERROR",
                "include_execution_data": True,
                "log_destination": pulumi.Output.concat(self.log_group.arn, ":*"),
            },
            tracing_configuration={"enabled": True},
            # Step Functions tries the right to deliver logs when the machine is created.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _permit_distributed_map(self) -> None:
        """Let the machine run the children of its Distributed Map.

        A policy of its own: it names the machine, which itself waits for the role and the role's first policy.
        """
        aws.iam.RolePolicy(
            f"{self._name}-distributed-map-policy",
            role=self.role.id,
            policy=self.state_machine.arn.apply(
                lambda machine_arn: json.dumps(distributed_map_policy(machine_arn, _DISTRIBUTED_MAP))
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _executions(machine_arn: str) -> Arn:
    machine = Arn.parse(machine_arn)
    return machine._replace(resource=machine.resource.replace("stateMachine:", "execution:"))


def distributed_map_policy(machine_arn: str, label: str) -> dict[str, Any]:
    """Return what the role of a machine needs for its own Distributed Map that is labelled `label`."""
    machine = Arn.parse(machine_arn)
    machine_name = machine.resource.removeprefix("stateMachine:")
    executions = _executions(machine_arn)
    express_children = machine._replace(resource=f"express:{machine_name}/{label}:*:*")
    statements = [
        Statement(["states:StartExecution"], [machine_arn]),
        Statement(["states:DescribeExecution"], [f"{executions}:*", str(express_children)]),
        Statement(["states:StopExecution"], [f"{executions}:*"]),
        Statement(["states:RedriveExecution"], [f"{executions}/{label}:*"]),
    ]
    return {"Version": "2012-10-17", "Statement": [statement.document() for statement in statements]}


def _observability() -> list[Statement]:
    # None of these actions can be narrowed to a resource.
    deliver_logs = [
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    ]
    send_traces = [
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    ]
    return [Statement(deliver_logs, ["*"]), Statement(send_traces, ["*"])]
