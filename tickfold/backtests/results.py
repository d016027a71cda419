"""The files of a run: its trades and its equity curve, one Parquet file each, and its row in the table of runs."""

import json
from collections.abc import Mapping
from datetime import UTC
from math import isfinite
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from tickfold.backtests.manifest import Manifest
from tickfold.engine.accounting import no_trades
from tickfold.engine.accounting.holdings import Holdings
from tickfold.engine.accounting.trades import Trades
from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.exits import REASONS
from tickfold.protocol import NoTrades, Result
from tickfold.protocol.wire import unsigned_zero
from tickfold.storage import layout, parquet, tables
from tickfold.storage.bucket import Bucket


def defined(metrics: Mapping[str, float]) -> dict[str, int | float | None]:
    """Return `metrics` with None for NaN and infinity, which JSON does not have, and 0.0 for −0.0."""
    return {name: unsigned_zero(value) if isfinite(value) else None for name, value in metrics.items()}


def told(found: no_trades.NoTrades | None) -> NoTrades | None:
    """Return why a run has no trades, as a message has it."""
    return NoTrades(cause=found.cause, reason=found.reason) if found else None


class Posted(Protocol):
    """What an account did over some bars: a `Statement`, or the `Postings` of a block."""

    @property
    def holdings(self) -> Holdings: ...

    @property
    def equity(self) -> Floats: ...


def equity_table(bars: Bars, posted: Posted) -> pa.Table:
    """Return the equity curve over `bars`, one row a bar."""
    values = (bars.timestamp, posted.equity, *posted.holdings.at_closes(len(bars)), bars.close)
    columns = [parquet.array(column, field.type) for column, field in zip(values, tables.EQUITY, strict=True)]
    return pa.Table.from_arrays(columns, schema=tables.EQUITY)


def times_of(bars: Bars, trades: Trades) -> tuple[Ints, Ints]:
    """Return when each of `trades` was opened and closed, in microseconds since 1970 UTC."""
    return bars.timestamp[trades.entry_bar], bars.timestamp[trades.exit_bar]


def trades_table(symbol: str, trades: Trades, times: tuple[Ints, Ints]) -> pa.Table:
    """Return the closed trades in the order of their exits, one row each; `times` as in `times_of`."""
    opened, closed = times
    columns: dict[str, Any] = {
        "symbol": parquet.repeated(symbol, len(trades)),
        "side": parquet.named((trades.side > 0).astype(np.int8), ("short", "long")),
        "quantity": trades.quantity,
        "entry_time": opened,
        "entry_price": trades.entry_price,
        "exit_time": closed,
        "exit_price": trades.exit_price,
        "pnl": trades.pnl,
        "trade_return": trades.trade_return,
        "commission": trades.commission,
        "bars": (trades.exit_bar - trades.entry_bar).astype(np.int32),
        "exit_reason": parquet.named(trades.reason, REASONS),
    }
    arrays = []
    for field in tables.TRADES:
        values = columns[field.name]
        arrays.append(parquet.array(values, field.type) if isinstance(values, np.ndarray) else values)
    return pa.Table.from_arrays(arrays, schema=tables.TRADES)


def put_run(bucket: Bucket, manifest: Manifest, result: Result) -> None:
    """Write the run's row in the table of runs. Idempotent."""
    row = {
        "run_id": manifest.run_id,
        "symbol": result.symbol,
        "timeframe": result.timeframe,
        "strategy": result.strategy,
        "parameters": json.dumps(result.parameters),
        "start_date": result.start,
        "end_date": result.end,
        "start_capital": manifest.config.start_capital,
        "bars": result.bars,
        "chunks": result.chunks,
        "replayed_bars": result.replayed_bars,
        "trades": int(result.metrics["trades"] or 0),
        "final_equity": result.metrics["final_equity"],
        "total_return": result.metrics["total_return"],
        "sharpe": result.metrics["sharpe"],
        "max_drawdown": result.metrics["max_drawdown"],
        "created_at": manifest.created_at.astimezone(UTC).replace(tzinfo=None),
        "day": manifest.day,
        "duration_seconds": result.duration_seconds,
        "metrics": json.dumps(result.metrics),
        "no_trades": result.no_trades.reason if result.no_trades else None,
        "adjustment": result.adjustment,
    }
    bucket.put(layout.run_key(manifest.run_id, manifest.day), parquet.encode(parquet.table([row], tables.RUNS)))
