"""A recorded run: its request, its result, and its curve and trades from Parquet."""

from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tickfold.engine.arrays import Floats, Ints
from tickfold.protocol import BacktestConfig, Result
from tickfold.storage import parquet


@dataclass(frozen=True, eq=False)
class Curve:
    """The account at each bar's close: `timestamp` in microseconds since 1970 UTC (the bar's opening), `equity` and
    `close` in dollars, `shares` negative when short. It began with `capital` dollars."""

    timestamp: Ints
    equity: Floats
    shares: Floats
    close: Floats
    capital: float

    def __len__(self) -> int:
        return len(self.timestamp)


@dataclass(frozen=True, eq=False)
class ClosedTrades:
    """The closed trades in the order of their exits: `side` is 1 or −1, times are microseconds since 1970 UTC, prices,
    `pnl` and `commission` dollars, `trade_return` a fraction of the value at entry, `exit_reason` a word for why it
    ended."""

    side: Ints
    quantity: Floats
    entry_time: Ints
    entry_price: Floats
    exit_time: Ints
    exit_price: Floats
    pnl: Floats
    trade_return: Floats
    commission: Floats
    bars: npt.NDArray[np.int32]
    exit_reason: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.side)

    def __getitem__(self, chosen: "Ints | npt.NDArray[np.bool_]") -> "ClosedTrades":
        return ClosedTrades(**{field.name: getattr(self, field.name)[chosen] for field in fields(self)})


@dataclass(frozen=True, eq=False)
class RecordedRun:
    """A finished run: what was asked for and when, what came out, and every bar and trade of it."""

    config: BacktestConfig
    created_at: datetime
    result: Result
    curve: Curve
    trades: ClosedTrades


def decode_curve(data: bytes, capital: float) -> Curve:
    """Return the curve in a file of the table of equity, of an account that began with `capital` dollars."""
    dollars = dict.fromkeys(("equity", "shares", "close"), np.float64)
    return Curve(**parquet.decode(data, {"timestamp": np.int64, **dollars}), capital=capital)


def decode_trades(data: bytes) -> ClosedTrades:
    """Return the trades in a file of the table of trades."""
    times = dict.fromkeys(("entry_time", "exit_time"), np.int64)
    floats = ("quantity", "entry_price", "exit_price", "pnl", "trade_return", "commission")
    numbers = parquet.decode(data, {**times, **dict.fromkeys(floats, np.float64), "bars": np.int32})
    words = pq.ParquetFile(pa.BufferReader(data)).read(columns=["side", "exit_reason"])
    side, exit_reason = (np.array(words.column(name).to_pylist(), dtype=np.str_) for name in words.column_names)
    return ClosedTrades(side=np.where(side == "long", 1, -1), exit_reason=exit_reason, **numbers)
