"""What a run has come to, before it is stored or told: its curves and metrics, and the result that says so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Self

from tickfold.backtests import results
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.results_by_symbol import SettledSymbol, why_no_trades
from tickfold.engine.backtest import Outcome
from tickfold.engine.bars import Bars
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.performance.portfolio import Portfolio
from tickfold.protocol import NoTrades, Number, Result, SymbolResult
from tickfold.storage import layout


@dataclass(frozen=True, eq=False)
class Finished:
    """The outcome of a run from the day `start` to `end`, whose trades and curves are written, in so many `parts`.

    `bars` counts those of all symbols; `symbols` is empty unless several were requested. `no_trades` is None if a
    position was opened.
    """

    start: date
    end: date
    bars: int
    parameters: dict[str, Number]
    metrics: Metrics
    replayed_bars: int
    sequential_bars: int
    symbols: list[SymbolResult]
    no_trades: NoTrades | None = None
    parts: int = 1

    @classmethod
    def of_one_symbol(
        cls,
        bars: Bars,
        outcome: Outcome,
        *,
        days: tuple[date, date],
        parameters: dict[str, Number],
        replayed_bars: int,
    ) -> Self:
        """Return the outcome of a run of one symbol over `bars`."""
        return cls(
            start=days[0],
            end=days[1],
            bars=len(bars),
            parameters=parameters,
            metrics=outcome.metrics,
            replayed_bars=replayed_bars,
            sequential_bars=outcome.statement.sequential_bars,
            symbols=[],
            no_trades=results.told(outcome.no_trades),
        )

    @classmethod
    def of_several(
        cls,
        manifest: Manifest,
        settled: Sequence[SettledSymbol],
        portfolio: Portfolio,
        parameters: dict[str, Number],
        *,
        parts: int = 1,
    ) -> Self:
        """Return the outcome of a run of several symbols, which together are `portfolio`."""
        return cls(
            start=manifest.config.start_date,
            end=manifest.config.end_date,
            bars=manifest.bars,
            parameters=parameters,
            metrics=portfolio.metrics,
            replayed_bars=sum(each.replayed_bars for each in settled),
            sequential_bars=sum(each.sequential_bars for each in settled),
            symbols=[each.told for each in settled],
            no_trades=results.told(why_no_trades(settled)),
            parts=parts,
        )


def result_of(manifest: Manifest, finished: Finished, uri: Callable[[str], str]) -> Result:
    """Return the result of a run that ends now; `uri` says where the file under a key of the bucket is."""
    run_id = manifest.run_id
    return Result(
        symbol=manifest.symbol,
        timeframe=manifest.timeframe,
        start=finished.start,
        end=finished.end,
        bars=finished.bars,
        strategy=manifest.config.strategy,
        parameters=finished.parameters,
        chunks=manifest.chunks,
        replayed_bars=finished.replayed_bars,
        sequential_bars=finished.sequential_bars,
        metrics=results.defined(finished.metrics.as_dict()),
        no_trades=finished.no_trades,
        sessions=manifest.sessions,
        adjustment=manifest.adjustment,
        splits=manifest.adjusted_for("split"),
        dividends=manifest.adjusted_for("dividend"),
        execution_arn=manifest.execution_arn,
        trades_uri=uri(layout.trades_key(run_id)),
        equity_uri=uri(layout.equity_key(run_id)),
        parts=finished.parts,
        duration_seconds=(datetime.now(UTC) - manifest.created_at).total_seconds(),
        symbols=finished.symbols,
        runs_by_symbol_uri=uri(layout.runs_by_symbol_key(run_id)) if finished.symbols else "",
        equity_by_symbol_uri=uri(layout.equity_by_symbol_key(run_id)) if finished.symbols else "",
    )
