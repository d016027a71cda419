"""Trading: the table of portfolios, and the trader that steps them over the feed's bars."""

import pulumi

from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.package import Package
from components.aws.python_function import PythonFunction
from components.aws.schedule import Schedule
from components.configuration import Configuration
from components.data_lake import DataLake
from components.market_data import MarketData
from components.stores.trading_store import TradingTable
from components.subsystem import Subsystem

_SECONDS = 300
_MINUTES = 15
"""How often portfolios are stepped that no event has told of: an event is a hint, which may be lost."""


class Trading(Subsystem):
    """The trading table, and the function that steps what is in it."""

    table: TradingTable
    dead_letters: DeadLetterQueue
    trade: PythonFunction
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
        super().__init__("tickfold:index:Trading", name, configuration=configuration, package=package, opts=opts)
        self.table = TradingTable(name, protect=configuration.protect_data, opts=self._child)
        self.dead_letters = DeadLetterQueue(f"{name}-trading-dead-letters", opts=self._child)
        self.trade = self._create_trade(lake, market_data)
        market_data.invoke_on_bars(
            self.trade, dead_letters=self.dead_letters, oldest_seconds=_SECONDS, opts=self._child
        )
        self.schedule = self._schedule()
        self.dead_letters.accept_events_of([market_data.bars_stored, self.schedule.rule])
        self.register_outputs({"trading_table": self.table.table_name})

    def _create_trade(self, lake: DataLake, market_data: MarketData) -> PythonFunction:
        function = self._create_function(
            f"{self._name}-trade",
            module="trading.trade",
            layers=["base", "numeric"],
            grants=[
                self.table.may_step(),
                market_data.bars.may_list(),
                market_data.bars.may_read_bars(),
                lake.may_find_series(),
                lake.may_read_bars(),
                self.dead_letters.may_send(),
            ],
            memory=1_769,
            timeout=_SECONDS,
        )
        self.dead_letters.keep_failed_events_of(function, retries=2, oldest_seconds=_SECONDS)
        return function

    def _schedule(self) -> Schedule:
        return Schedule(
            f"{self._name}-trade",
            description="Steps portfolios whose bars were not told of",
            minutes=_MINUTES,
            function=self.trade,
            dead_letters=self.dead_letters,
            opts=self._child,
        )
