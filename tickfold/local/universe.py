"""`tickfold.universe`: one run of several symbols, each with its share of the capital."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from tickfold.backtests import results, results_by_symbol
from tickfold.backtests.finished import Finished
from tickfold.backtests.manifest import PlannedSleeve
from tickfold.backtests.results_by_symbol import SettledSymbol
from tickfold.engine.backtest import Outcome
from tickfold.engine.calendar import SessionCalendar
from tickfold.engine.performance.portfolio import Sleeve, combine
from tickfold.errors import RunError
from tickfold.local.finished_run import finish, finish_one_symbol, manifest_of, now
from tickfold.local.progress import shown
from tickfold.local.request import BACKTEST, Request, request_of
from tickfold.local.result import BacktestResult
from tickfold.local.simulation import outcome_of, signals_on
from tickfold.local.universe_result import UniverseResult
from tickfold.market_data.bar_frame import by_symbol, is_frame
from tickfold.strategies import Strategy


@BACKTEST.on
def universe(
    bars: Any,
    /,
    strategy: str | Path | Strategy | type[Strategy] = "buy_and_hold",
    *,
    shares: Mapping[str, Any] | None = None,
    timeframe: str | None = None,
    calendar: str | SessionCalendar | None = None,
    parameters: Mapping[str, Any] | None = None,
    **options: Any,
) -> UniverseResult:
    """Backtest `strategy` on several symbols as one account, in which each symbol has its share of the capital.

    `bars` has the frame or the file of each symbol; or it is one frame, with a column `symbol` or, of pandas, with two
    levels of column names, as `yfinance` returns several tickers. `shares` are fractions of the capital by symbol,
    equal ones by default. Other arguments are those of `tickfold.backtest`.

    Example:
        tickfold.universe({"AAPL": aapl, "IBM": ibm}, "momentum", shares={"AAPL": 0.5, "IBM": "30%"})

    Raises:
        RunError: the request, the bars or the strategy is wrong; one line says what was expected.
    """
    request = request_of(
        BACKTEST,
        _sources(bars),
        strategy,
        options,
        timeframe=timeframe,
        calendar=calendar,
        parameters=parameters,
        shares=shares,
        is_universe=True,
    )
    return _combined(request)


def _sources(bars: Any) -> Mapping[Any, Any]:
    if isinstance(bars, Mapping) and bars:
        return bars
    if is_frame(bars) and (found := by_symbol(bars)):
        return found
    raise RunError(
        f"bars is {'empty' if isinstance(bars, Mapping) else f'a {type(bars).__name__}'}: expected the bars of each "
        'symbol, such as {"AAPL": a, "IBM": b}'
    )


def _combined(request: Request) -> UniverseResult:
    begun, config = now(), request.config
    manifest = manifest_of(config, request.ranges, begun)
    strategy = request.choice.registry.create(config.strategy, config.parameters)
    settled: list[SettledSymbol] = []
    trades, equity, alone = [], [], {}

    def sleeves() -> Iterator[Sleeve]:
        for at, sleeve in enumerate(shown(manifest.sleeves, len(manifest.sleeves), "symbols")):
            used, symbol = request.bars(at), sleeve.series.symbol
            (signals,) = signals_on(used, [strategy])
            outcome = outcome_of(config, used, strategy, signals, sleeve.share)
            statement = outcome.statement
            settled.append(_settled(sleeve, outcome))
            trades.append(results.trades_table(symbol, statement.trades, results.times_of(used, statement.trades)))
            equity.append(results_by_symbol.equity_table(symbol, used, statement))
            alone[symbol] = _alone(request, at, outcome, begun, strategy)
            yield Sleeve(used, statement)

    portfolio = combine(sleeves(), manifest.uninvested)
    finished = Finished.of_several(manifest, settled, portfolio, strategy.model_dump())
    tables = {
        "equity": results_by_symbol.portfolio_table(portfolio),
        "trades": pa.concat_tables(trades),
        "runs_by_symbol": results_by_symbol.runs_table(settled),
        "equity_by_symbol": pa.concat_tables(equity),
    }
    run = finish(manifest, config, finished, benchmark=portfolio.benchmark, tables=tables, notes=request.notes)
    return UniverseResult(run, alone)


def _settled(sleeve: PlannedSleeve, outcome: Outcome) -> SettledSymbol:
    statement = outcome.statement
    return SettledSymbol.of(
        sleeve,
        statement.capital,
        outcome.metrics,
        outcome.no_trades,
        replayed_bars=0,
        sequential_bars=statement.sequential_bars,
    )


def _alone(request: Request, at: int, outcome: Outcome, begun: datetime, strategy: Strategy) -> BacktestResult:
    """Return the result of one symbol, as a run of its own with its share of the capital would have it."""
    market = request.markets[at]
    capital = outcome.statement.capital
    own = request.config.model_copy(update={"stock": market.series.symbol, "start_capital": capital})
    run = finish_one_symbol(
        manifest_of(own, [request.ranges[at]], begun),
        own,
        request.bars(at),
        outcome,
        parameters=strategy.model_dump(),
        notes=market.notes,
    )
    return BacktestResult(run)
