"""Backtests: the tables of runs, the workflow that carries a run out, its functions, and the report of failures."""

from pathlib import Path

import pulumi

from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.execution_watch import ExecutionWatch
from components.aws.grant import Grant
from components.aws.package import Package
from components.aws.python_function import PythonFunction
from components.aws.schedule import Schedule
from components.aws.state_machine import StateMachine
from components.configuration import Configuration
from components.data_lake import DataLake
from components.market_data import MarketData
from components.stores.quota import QuotaTable
from components.stores.run_store import RunTable
from components.subsystem import Subsystem
from functions import settings

_DEFINITION = Path(__file__).resolve().parent.parent / "statemachines" / "backtest.asl.json"

_REPORT_SECONDS = 3_600
"""How long a failure is worth reporting: the reconciler has found it by then."""
_RECONCILE_MINUTES = 5


class Backtests(Subsystem):
    """Tables, functions and state machine of backtests."""

    runs: RunTable
    users: QuotaTable
    fetch: PythonFunction
    plan: PythonFunction
    simulate: PythonFunction
    reduce: PythonFunction
    report_failure: PythonFunction
    reconcile: PythonFunction
    dead_letters: DeadLetterQueue
    workflow: StateMachine
    watch: ExecutionWatch
    reconciliation: Schedule

    def __init__(
        self,
        name: str,
        *,
        configuration: Configuration,
        package: Package,
        lake: DataLake,
        market_data: MarketData,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("tickfold:index:Backtests", name, configuration=configuration, package=package, opts=opts)
        self._lake = lake
        self.runs = RunTable(name, protect=configuration.protect_data, opts=self._child)
        self.users = QuotaTable(name, protect=configuration.protect_data, opts=self._child)
        self.dead_letters = DeadLetterQueue(f"{name}-backtests-dead-letters", opts=self._child)
        self.fetch = self._create_fetch(market_data)
        self.plan = self._create_plan()
        self.simulate = self._create_simulate()
        self.reduce = self._create_reduce()
        self.report_failure = self._create_report_failure()
        self.workflow = self._create_workflow()
        self.watch = self._create_watch()
        self.reconcile = self._create_reconcile()
        self.reconciliation = self._schedule_reconcile()
        self.dead_letters.accept_events_of([self.watch.rule, self.reconciliation.rule])
        self.register_outputs({"state_machine_arn": self.workflow.arn})

    def may_start_runs(self) -> Grant:
        """Grant recording a run within its user's limits, and starting its execution."""
        limits = {
            settings.RUNNING_LIMIT: str(self._configuration.max_running_runs),
            settings.DAILY_LIMIT: str(self._configuration.max_daily_runs),
            settings.REDUCE_MEMORY: str(self._configuration.reduce_memory),
        }
        return Grant.union(self.runs.may_create(), self.users.may_start(), self.workflow.may_start(), Grant([], limits))

    def may_end_runs(self) -> Grant:
        """Grant ending or reopening a run, which counts for its user."""
        return Grant.union(self.runs.may_publish(), self.users.may_end())

    def may_cancel_runs(self) -> Grant:
        """Grant ending a run and stopping its execution."""
        return Grant.union(self.may_end_runs(), self.workflow.may_stop())

    def may_read_runs(self) -> Grant:
        """Grant reading a run's record and its messages, and listing a user's runs."""
        return Grant.union(self.runs.may_read(), self.runs.may_read_messages(), self.runs.may_list())

    def _create_fetch(self, market_data: MarketData) -> PythonFunction:
        return self._create_function(
            f"{self._name}-fetch",
            module="market_data.fetch",
            layers=["base", "numeric"],
            grants=[
                self._lake.may_load_bars(),
                market_data.may_use_providers(),
                market_data.bars.may_list(),
                market_data.bars.may_read(),
                market_data.bars.may_find_uncompacted(),
                market_data.bars.may_note_compaction(),
                self.runs.may_publish(),
            ],
            memory=1_769,
            timeout=600,
        )

    def _create_plan(self) -> PythonFunction:
        return self._create_function(
            f"{self._name}-plan",
            module="backtests.plan",
            layers=["base", "numeric"],
            grants=[
                self._lake.may_read_series(),
                self._lake.may_write_chunks(),
                self.runs.may_publish(),
                self.users.may_activate(),
            ],
            memory=1_769,
            timeout=60,
            environment={
                settings.WORKERS: str(self._configuration.max_concurrency),
                settings.ACTIVE_LIMIT: str(self._configuration.max_active_runs),
                settings.REDUCE_MEMORY: str(self._configuration.reduce_memory),
            },
        )

    def _create_simulate(self) -> PythonFunction:
        return self._create_function(
            f"{self._name}-simulate",
            module="backtests.simulate",
            layers=["base", "numeric"],
            grants=[
                self._lake.may_read_chunks(),
                self._lake.may_read_bars(),
                self._lake.may_write_chunks(),
                self.runs.may_publish(),
            ],
            memory=self._configuration.simulate_memory,
            timeout=60,
            reserved_concurrency=self._configuration.simulate_concurrency,
        )

    def _create_reduce(self) -> PythonFunction:
        return self._create_function(
            f"{self._name}-reduce",
            module="backtests.reduce",
            layers=["base", "numeric"],
            grants=[
                self._lake.may_read_chunks(),
                self._lake.may_find_chunks(),
                self._lake.may_write_chunks(),
                self._lake.may_read_bars(),
                self._lake.may_write_results(),
                self.runs.may_fold(),
                self.may_end_runs(),
            ],
            memory=self._configuration.reduce_memory,
            timeout=600,
        )

    def _create_report_failure(self) -> PythonFunction:
        function = self._create_function(
            f"{self._name}-report-failure",
            module="backtests.report_failure",
            layers=["base"],
            grants=[self.may_end_runs(), self.dead_letters.may_send()],
            memory=512,
            timeout=30,
        )
        self.dead_letters.keep_failed_events_of(function, retries=2, oldest_seconds=_REPORT_SECONDS)
        return function

    def _create_workflow(self) -> StateMachine:
        steps = (self.fetch, self.plan, self.simulate, self.reduce)
        return StateMachine(
            f"{self._name}-backtest",
            definition=_DEFINITION,
            values={
                "FetchFunctionArn": self.fetch.alias.arn,
                "PlanFunctionArn": self.plan.alias.arn,
                "SimulateFunctionArn": self.simulate.alias.arn,
                "ReduceFunctionArn": self.reduce.alias.arn,
                "Bucket": self._lake.bucket.bucket_name,
                "MaxConcurrency": self._configuration.max_concurrency,
            },
            grants=[*(step.may_be_invoked() for step in steps), self._lake.may_read_chunks()],
            variable=settings.STATE_MACHINE_ARN,
            log_retention_days=self._configuration.log_retention_days,
            opts=self._child,
        )

    def _create_watch(self) -> ExecutionWatch:
        return ExecutionWatch(
            f"{self._name}-backtest",
            state_machine_arn=self.workflow.arn,
            function=self.report_failure,
            dead_letters=self.dead_letters,
            opts=self._child,
        )

    def _create_reconcile(self) -> PythonFunction:
        function = self._create_function(
            f"{self._name}-reconcile",
            module="backtests.reconcile",
            layers=["base"],
            grants=[
                self.runs.may_find_running(),
                self.workflow.may_describe(),
                self.may_end_runs(),
                self.dead_letters.may_send(),
            ],
            memory=512,
            timeout=60 * _RECONCILE_MINUTES,
        )
        self.dead_letters.keep_failed_events_of(function, retries=0, oldest_seconds=60 * _RECONCILE_MINUTES)
        return function

    def _schedule_reconcile(self) -> Schedule:
        return Schedule(
            f"{self._name}-reconcile",
            description="Ends runs whose execution is not running",
            minutes=_RECONCILE_MINUTES,
            function=self.reconcile,
            dead_letters=self.dead_letters,
            opts=self._child,
        )
