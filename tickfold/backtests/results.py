"""What remains of a run: its trades and its equity curve, one Parquet file each, and one row in the table of runs."""

import json
from collections.abc import Mapping
from datetime import UTC
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tickfold.backtests.manifest import Manifest
from tickfold.engine.accounting.ledger import Trades
from tickfold.engine.backtest import Outcome
from tickfold.engine.bars import Bars, Floats, Ints
from tickfold.engine.decisions.orders import REASONS
from tickfold.protocol import Result
from tickfold.storage import layout, parquet

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

EQUITY = pa.schema(
    [pa.field("timestamp", parquet.type_of_timestamps, nullable=False)]
    + [pa.field(name, pa.float64(), nullable=False) for name in ("equity", "cash", "shares", "close")]
)
TRADES = pa.schema(
    [
        pa.field("symbol", pa.string(), nullable=False),
        pa.field("side", pa.string(), nullable=False),
        pa.field("quantity", pa.float64(), nullable=False),
        pa.field("entry_time", parquet.type_of_timestamps, nullable=False),
        pa.field("entry_price", pa.float64(), nullable=False),
        pa.field("exit_time", parquet.type_of_timestamps, nullable=False),
        pa.field("exit_price", pa.float64(), nullable=False),
        pa.field("pnl", pa.float64(), nullable=False),
        pa.field("trade_return", pa.float64(), nullable=False),
        pa.field("commission", pa.float64(), nullable=False),
        pa.field("bars", pa.int32(), nullable=False),
        pa.field("exit_reason", pa.string(), nullable=False),
    ]
)
RUNS = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("symbol", pa.string(), nullable=False),
        pa.field("timeframe", pa.string(), nullable=False),
        pa.field("strategy", pa.string(), nullable=False),
        pa.field("parameters", pa.string(), nullable=False),
        pa.field("start_date", pa.date32(), nullable=False),
        pa.field("end_date", pa.date32(), nullable=False),
        pa.field("start_capital", pa.float64(), nullable=False),
        pa.field("bars", pa.int64(), nullable=False),
        pa.field("chunks", pa.int32(), nullable=False),
        pa.field("replayed_bars", pa.int64(), nullable=False),
        pa.field("trades", pa.int32(), nullable=False),
        pa.field("final_equity", pa.float64(), nullable=False),
        pa.field("total_return", pa.float64(), nullable=False),
        pa.field("sharpe", pa.float64()),
        pa.field("max_drawdown", pa.float64(), nullable=False),
        pa.field("created_at", parquet.type_of_timestamps, nullable=False),
        pa.field("duration_seconds", pa.float64(), nullable=False),
        pa.field("metrics", pa.string(), nullable=False),
    ]
)


def defined(metrics: Mapping[str, float]) -> dict[str, int | float | None]:
    """Return `metrics` with None for what is undefined, as JSON has neither NaN nor infinity."""
    return {name: value if isfinite(value) else None for name, value in metrics.items()}


def equity_table(bars: Bars, outcome: Outcome) -> pa.Table:
    """Return the equity curve, a row a bar."""
    statement = outcome.statement
    values = (bars.timestamp, statement.equity, statement.cash, statement.shares, bars.close)
    columns = [parquet.array(column, field.type) for column, field in zip(values, EQUITY, strict=True)]
    return pa.Table.from_arrays(columns, schema=EQUITY)


def trades_table(symbol: str, bars: Bars, trades: Trades) -> pa.Table:
    """Return the closed trades, a row a trade, in the order of their exits."""
    columns: dict[str, Any] = {
        "symbol": [symbol] * len(trades),
        "side": ["long" if side > 0 else "short" for side in trades.side.tolist()],
        "quantity": trades.quantity,
        "entry_time": bars.timestamp[trades.entry_bar],
        "entry_price": trades.entry_price,
        "exit_time": bars.timestamp[trades.exit_bar],
        "exit_price": trades.exit_price,
        "pnl": trades.pnl,
        "trade_return": trades.trade_return,
        "commission": trades.commission,
        "bars": (trades.exit_bar - trades.entry_bar).astype(np.int32),
        "exit_reason": [REASONS[reason] for reason in trades.reason.tolist()],
    }
    arrays = []
    for field in TRADES:
        values = columns[field.name]
        kind = field.type
        arrays.append(parquet.column(values, kind) if isinstance(values, list) else parquet.array(values, kind))
    return pa.Table.from_arrays(arrays, schema=TRADES)


def put_curves(s3: "S3Client", bucket: str, manifest: Manifest, bars: Bars, outcome: Outcome) -> None:
    """Write the run's equity and trades; writing them again replaces them."""
    run_id = manifest.run_id
    equity = parquet.encode(equity_table(bars, outcome))
    s3.put_object(Bucket=bucket, Key=layout.equity_key(run_id), Body=equity)
    trades = parquet.encode(trades_table(manifest.symbol, bars, outcome.statement.trades))
    s3.put_object(Bucket=bucket, Key=layout.trades_key(run_id), Body=trades)


def put_run(s3: "S3Client", bucket: str, manifest: Manifest, result: Result) -> None:
    """Write the run's row in the table of runs; writing it again replaces it."""
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
        "duration_seconds": result.duration_seconds,
        "metrics": json.dumps(result.metrics),
    }
    data = parquet.encode(parquet.table([row], RUNS))
    s3.put_object(Bucket=bucket, Key=layout.run_key(manifest.run_id, manifest.day), Body=data)


def thin(timestamp: Ints, equity: Floats, most: int) -> list[tuple[int, float]]:
    """Return at most `most` + 1 points (milliseconds since 1970 UTC, dollars) of the curve, its last among them."""
    last = len(timestamp) - 1
    step = -(-len(timestamp) // most)
    kept = np.unique(np.append(np.arange(0, last + 1, step), last))
    return list(zip((timestamp[kept] // 1000).tolist(), equity[kept].tolist(), strict=True))
