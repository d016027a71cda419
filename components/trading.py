"""Trading: the table of portfolios, and the trader that steps them over the feed's bars."""

import json

import pulumi
import pulumi_aws as aws

from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.package import Package
from components.aws.python_function import PythonFunction
from components.aws.rule_target import invoke_by_rule
from components.aws.schedule import Schedule
from components.configuration import Configuration
from components.data_lake import DataLake
from components.market_data import MarketData
from components.stores.trading_store import TradingTable
from functions.market_data.bars_announcement import BARS_STORED

_SECONDS = 300
_MINUTES = 15
"""How often portfolios are stepped that no event has told of: an event is a hint, which may be lost."""


class Trading(pulumi.ComponentResource):
    """The trading table, and the function that steps what is in it."""

    table: TradingTable
    dead_letters: DeadLetterQueue
    trade: PythonFunction
    bars_stored: aws.cloudwatch.EventRule
    schedule: Schedule

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
        super().__init__("tickfold:index:Trading", name, None, opts)
        self._name = name
        self._configuration = configuration
        self._child = pulumi.ResourceOptions(parent=self)
        self.table = TradingTable(name, protect=configuration.protect_data, opts=self._child)
        self.dead_letters = DeadLetterQueue(f"{name}-trading-dead-letters", opts=self._child)
        self.trade = self._create_trade(package, lake, market_data)
        self.bars_stored = self._trade_on_bars(market_data)
        self.schedule = self._schedule()
        self.dead_letters.accept_events_of([self.bars_stored, self.schedule.rule])
        self.register_outputs({"trading_table": self.table.table_name})

    def _create_trade(self, package: Package, lake: DataLake, market_data: MarketData) -> PythonFunction:
        function = PythonFunction(
            f"{self._name}-trade",
            package=package,
            log_retention_days=self._configuration.log_retention_days,
            module="trading.trade",
            layers=["base", "numeric"],
            grants=[
                self.table.may_step(),
                market_data.bars.may_list(),
                market_data.bars.may_read_bars(),
                lake.may_read_series(),
                lake.may_read_bars(),
                self.dead_letters.may_send(),
            ],
            memory=1_769,
            timeout=_SECONDS,
            opts=self._child,
        )
        self.dead_letters.keep_failed_events_of(function, retries=2, oldest_seconds=_SECONDS)
        return function

    def _trade_on_bars(self, market_data: MarketData) -> aws.cloudwatch.EventRule:
        """Step the portfolios that follow a symbol when bars of it are stored.

        The hot table's stream would tell too, but a shard serves two consumers, which it may have already.
        """
        pattern = {"source": [market_data.event_source], "detail-type": [BARS_STORED]}
        rule = aws.cloudwatch.EventRule(
            f"{self._name}-bars-stored",
            name=f"{self._name}-bars-stored",
            description="Bars of the feed were stored",
            event_pattern=json.dumps(pattern),
            opts=self._child,
        )
        invoke_by_rule(
            f"{self._name}-bars-stored",
            rule=rule,
            function=self.trade,
            target_id="trade",
            dead_letters=self.dead_letters,
            retries=2,
            oldest_seconds=_SECONDS,
            opts=self._child,
        )
        return rule

    def _schedule(self) -> Schedule:
        return Schedule(
            f"{self._name}-trade",
            description="Steps portfolios whose bars were not told of",
            minutes=_MINUTES,
            function=self.trade,
            dead_letters=self.dead_letters,
            opts=self._child,
        )
