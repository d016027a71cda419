"""The files of a universe: the portfolio's trades and equity, and the metrics and equity of each symbol.

Symbols are added one by one, and only the encoded columns of each are kept in memory.
"""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from tickfold.backtests import results
from tickfold.backtests.manifest import PlannedSleeve
from tickfold.engine.accounting.no_trades import NoTrades
from tickfold.engine.arrays import Ints
from tickfold.engine.backtest import Outcome
from tickfold.engine.bars import Bars
from tickfold.engine.performance.portfolio import Portfolio, exit_order
from tickfold.protocol import HEADLINE_METRICS, SymbolResult
from tickfold.storage import layout, parquet, tables
from tickfold.storage.bucket import Bucket


class ResultsBySymbol:
    """The results of the symbols added so far."""

    def __init__(self) -> None:
        self.symbols: list[SymbolResult] = []
        self.replayed_bars = self.sequential_bars = 0
        self._no_trades: list[NoTrades | None] = []
        self._rows: list[dict[str, object]] = []
        self._trades: list[pa.Table] = []
        self._exit_times: list[Ints] = []
        self._equity = io.BytesIO()
        self._equity_file = pq.ParquetWriter(self._equity, tables.EQUITY_BY_SYMBOL, compression="zstd")

    def add(self, sleeve: PlannedSleeve, bars: Bars, outcome: Outcome, replayed_bars: int) -> None:
        """Add the outcome of `sleeve`."""
        symbol, trades, no_trades = sleeve.series.symbol, outcome.statement.trades, outcome.no_trades
        self._no_trades.append(no_trades)
        metrics = results.defined(outcome.metrics.as_dict())
        headline = {name: metrics[name] for name in HEADLINE_METRICS}
        self.symbols.append(
            SymbolResult(
                symbol=symbol,
                share=sleeve.share,
                bars=sleeve.bars,
                metrics=headline,
                no_trades=no_trades.cause if no_trades else None,
            )
        )
        self.replayed_bars += replayed_bars
        self.sequential_bars += outcome.statement.sequential_bars
        self._rows.append(
            {
                "symbol": symbol,
                "share": sleeve.share,
                "start_capital": outcome.statement.capital,
                "bars": sleeve.bars,
                "chunks": len(sleeve.chunks),
                "replayed_bars": replayed_bars,
                **headline,
                "metrics": json.dumps(metrics),
                "no_trades": no_trades.reason if no_trades else None,
            }
        )
        self._trades.append(results.trades_table(symbol, trades, results.times_of(bars, trades)))
        self._exit_times.append(bars.timestamp[trades.exit_bar])
        curve = results.equity_table(bars, outcome.statement)
        field = tables.EQUITY_BY_SYMBOL.field("symbol")
        named = curve.add_column(0, field, parquet.column([symbol] * len(curve), field.type))
        self._equity_file.write_table(named, parquet.ROWS_A_GROUP)

    @property
    def no_trades(self) -> NoTrades | None:
        """Why no symbol has a trade: the first one's reason, and how many more there are; None if any has one."""
        first = self._no_trades[0]
        if first is None or not all(self._no_trades):
            return None
        others = len(self.symbols) - 1
        more = f"; and {others:,} more without trades, each with its own cause" if others else ""
        return NoTrades(first.cause, f"{self.symbols[0].symbol}: {first.reason}{more}")

    def put(self, bucket: Bucket, run_id: str, portfolio: Portfolio) -> None:
        """Write the run's files. Idempotent; no symbol can be added afterwards."""
        keys = {
            "equity": layout.equity_key,
            "trades": layout.trades_key,
            "runs_by_symbol": layout.runs_by_symbol_key,
            "equity_by_symbol": layout.equity_by_symbol_key,
        }
        for table, body in self.files(portfolio).items():
            bucket.put(keys[table](run_id), body)

    def files(self, portfolio: Portfolio) -> dict[str, bytes]:
        """Return the run's files, by the names of their tables; no symbol can be added afterwards."""
        self._equity_file.close()
        return {
            "equity": parquet.encode(portfolio_table(portfolio)),
            "trades": parquet.encode(self._all_trades()),
            "runs_by_symbol": parquet.encode(parquet.table(self._rows, tables.RUNS_BY_SYMBOL)),
            "equity_by_symbol": self._equity.getvalue(),
        }

    def _all_trades(self) -> pa.Table:
        """Return the trades of all symbols, in the order of their exits."""
        order = exit_order(self._exit_times)
        return pa.concat_tables(self._trades).take(parquet.array(order, pa.int64()))


def portfolio_table(portfolio: Portfolio) -> pa.Table:
    """Return the portfolio's equity curve, a row a timestamp at which any symbol has a bar."""
    values = (portfolio.timestamp, portfolio.equity, portfolio.cash)
    known = [parquet.array(column, field.type) for column, field in zip(values, tables.PORTFOLIO_EQUITY, strict=False)]
    unknown = pa.nulls(len(portfolio.timestamp), pa.float64())
    return pa.Table.from_arrays([*known, unknown, unknown], schema=tables.PORTFOLIO_EQUITY)
