"""The results of a universe's symbols: a row for each, and the tables in which rows bear their symbols' names."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pyarrow as pa

from tickfold.backtests import results
from tickfold.backtests.manifest import PlannedSleeve
from tickfold.backtests.results import Posted
from tickfold.engine.accounting.no_trades import NoTrades
from tickfold.engine.bars import Bars
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.performance.portfolio import Portfolio
from tickfold.protocol import HEADLINE_METRICS, SymbolResult
from tickfold.storage import parquet, tables


@dataclass(frozen=True)
class SettledSymbol:
    """What a symbol's share of the capital came to; `no_trades` is None if it opened a position."""

    symbol: str
    share: float
    capital: float
    bars: int
    chunks: int
    replayed_bars: int
    sequential_bars: int
    metrics: Metrics
    no_trades: NoTrades | None

    @classmethod
    def of(
        cls,
        sleeve: PlannedSleeve,
        capital: float,
        metrics: Metrics,
        no_trades: NoTrades | None,
        *,
        replayed_bars: int,
        sequential_bars: int,
    ) -> Self:
        """Return what `sleeve`, which began with `capital` dollars, came to."""
        return cls(
            symbol=sleeve.series.symbol,
            share=sleeve.share,
            capital=capital,
            bars=sleeve.bars,
            chunks=len(sleeve.chunks),
            replayed_bars=replayed_bars,
            sequential_bars=sequential_bars,
            metrics=metrics,
            no_trades=no_trades,
        )

    @property
    def told(self) -> SymbolResult:
        """The result as a message has it."""
        metrics = results.defined(self.metrics.as_dict())
        return SymbolResult(
            symbol=self.symbol,
            share=self.share,
            bars=self.bars,
            metrics={name: metrics[name] for name in HEADLINE_METRICS},
            no_trades=self.no_trades.cause if self.no_trades else None,
        )


def why_no_trades(settled: Sequence[SettledSymbol]) -> NoTrades | None:
    """Return why no symbol has a trade: the first one's reason, and how many more there are; None if any has one."""
    first = settled[0].no_trades
    if first is None or not all(each.no_trades for each in settled):
        return None
    others = len(settled) - 1
    more = f"; and {others:,} more without trades, each with its own cause" if others else ""
    return NoTrades(first.cause, f"{settled[0].symbol}: {first.reason}{more}")


def runs_table(settled: Sequence[SettledSymbol]) -> pa.Table:
    """Return the table `runs_by_symbol`, one row a symbol."""
    return parquet.table([_row(each) for each in settled], tables.RUNS_BY_SYMBOL)


def _row(settled: SettledSymbol) -> dict[str, object]:
    metrics = results.defined(settled.metrics.as_dict())
    return {
        "symbol": settled.symbol,
        "share": settled.share,
        "start_capital": settled.capital,
        "bars": settled.bars,
        "chunks": settled.chunks,
        "replayed_bars": settled.replayed_bars,
        **{name: metrics[name] for name in HEADLINE_METRICS},
        "metrics": json.dumps(metrics),
        "no_trades": settled.no_trades.reason if settled.no_trades else None,
    }


def equity_table(symbol: str, bars: Bars, posted: Posted) -> pa.Table:
    """Return what `symbol` adds to the table `equity_by_symbol`, one row a bar."""
    curve, field = results.equity_table(bars, posted), tables.EQUITY_BY_SYMBOL.field("symbol")
    return curve.add_column(0, field, parquet.repeated(symbol, len(curve)))


def portfolio_table(portfolio: Portfolio) -> pa.Table:
    """Return the portfolio's equity curve, a row a timestamp at which any symbol has a bar."""
    values = (portfolio.timestamp, portfolio.equity, portfolio.cash)
    known = [parquet.array(column, field.type) for column, field in zip(values, tables.EQUITY_OF_SEVERAL, strict=False)]
    unknown = pa.nulls(len(portfolio.timestamp), pa.float64())
    return pa.Table.from_arrays([*known, unknown, unknown], schema=tables.EQUITY_OF_SEVERAL)
