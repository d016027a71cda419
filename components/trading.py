"""Trading: the table of portfolios, the trader that steps them over the feed's bars, and their way into the lake."""

import pulumi

from components.aws.dead_letter_queue import DeadLetterQueue
from components.aws.grant import Grant
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
_EXPORT_MINUTES = 60
_EXPORT_SECONDS = 900
"""The most that Lambda allows: what is left then, the next export does."""


class Trading(Subsystem):
    """The trading table, and the functions that step what is in it and put it into the lake."""

    table: TradingTable
    dead_letters: DeadLetterQueue
    trade: PythonFunction
    export_portfolios: PythonFunction
    schedules: list[Schedule]

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
        self.export_portfolios = self._create_export_portfolios(lake)
        self.schedules = [
            self._schedule("trade", "Steps portfolios whose bars were not told of", _MINUTES, self.trade),
            self._schedule("export-portfolios", "Puts journals into the lake", _EXPORT_MINUTES, self.export_portfolios),
        ]
        self.dead_letters.accept_events_of([market_data.bars_stored, *(each.rule for each in self.schedules)])
        self.register_outputs({"trading_table": self.table.table_name})

    def may_trade(self) -> Grant:
        """Grant carrying out users' requests about portfolios, orders and bots."""
        return Grant.union(
            self.table.may_append(),
            self.table.may_read(),
            self.table.may_list(),
            self.table.may_read_journal(),
            self.table.may_list_by_number(),
            self.table.may_read_switches(),
            self.table.may_read_bots(),
        )

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

    def _create_export_portfolios(self, lake: DataLake) -> PythonFunction:
        function = self._create_function(
            f"{self._name}-export-portfolios",
            module="trading.export_portfolios",
            layers=["base", "numeric"],
            grants=[self.table.may_read_journal(), lake.may_export_portfolios(), self.dead_letters.may_send()],
            memory=1_769,
            timeout=_EXPORT_SECONDS,
        )
        self.dead_letters.keep_failed_events_of(function, retries=1, oldest_seconds=60 * _EXPORT_MINUTES)
        return function

    def _schedule(self, work: str, description: str, minutes: int, function: PythonFunction) -> Schedule:
        return Schedule(
            f"{self._name}-{work}",
            description=description,
            minutes=minutes,
            function=function,
            dead_letters=self.dead_letters,
            opts=self._child,
        )
