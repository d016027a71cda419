"""A recorded run: its request, its result, and its curve and trades from Parquet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import fsum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tickfold.engine.arrays import ArrayRecord, Floats, Ints
from tickfold.engine.performance import portfolio
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.protocol import BacktestConfig, Result
from tickfold.storage import parquet

_OF_A_BAR: dict[str, type[np.generic]] = {"timestamp": np.int64} | dict.fromkeys(
    ("equity", "shares", "close"), np.float64
)


@dataclass(frozen=True, eq=False)
class Curve(ArrayRecord):
    """The account at each bar's close: `timestamp` in microseconds since 1970 UTC (the bar's opening), `equity` and
    `close` in dollars, `shares` negative when short. It began with `capital` dollars."""

    timestamp: Ints
    equity: Floats
    shares: Floats
    close: Floats
    capital: float


@dataclass(frozen=True, eq=False)
class ClosedTrades(ArrayRecord):
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


@dataclass(frozen=True, eq=False)
class RecordedRun:
    """A finished run: what was asked for and when, what came out, and every bar and trade of it.

    `symbols` are the curves of each symbol of a list, by its name, each of its share of the capital; `curve` is then
    that of the whole account, whose `shares` and `close` are NaN.
    """

    config: BacktestConfig
    created_at: datetime
    result: Result
    curve: Curve
    trades: ClosedTrades
    symbols: Mapping[str, Curve] = field(default_factory=dict)

    @property
    def drawdown(self) -> Floats:
        """How far equity is below its peak so far, at first the start capital, at each bar of `curve`: fractions."""
        peak = np.maximum.accumulate(np.append(self.config.start_capital, self.curve.equity))[1:]
        fallen: Floats = self.curve.equity / peak - 1
        return fallen

    @property
    def benchmark(self) -> Floats:
        """Buy and hold in dollars at each bar of `curve`; of a list, of the same allocation."""
        if not self.symbols:
            return buy_and_hold(self.curve.close, self.curve.capital)
        uninvested = self.config.start_capital * (1 - fsum(each.share for each in self.config.allocations))
        return portfolio.benchmark(
            ((each.timestamp, each.close, each.capital) for each in self.symbols.values()), uninvested
        )


def decode_run(
    config: BacktestConfig,
    created_at: datetime,
    result: Result,
    *,
    equity: Sequence[bytes],
    trades: Sequence[bytes],
    by_symbol: Sequence[bytes] = (),
) -> RecordedRun:
    """Return a run from all parts of its files: of equity, of trades, and of a list's `equity_by_symbol`."""
    capital, closed = config.start_capital, ClosedTrades.concatenate([decode_trades(part) for part in trades])
    if not by_symbol:
        curve = Curve.concatenate([decode_curve(part, capital) for part in equity])
        return RecordedRun(config, created_at, result, curve, closed)
    capitals = {each.symbol: capital * each.share for each in config.allocations}
    symbols = decode_curves_by_symbol(by_symbol, capitals)
    total = Curve.concatenate([_decode_total(part, capital) for part in equity])
    by_exit = np.argsort(closed.exit_time, kind="stable")  # files have them symbol after symbol
    return RecordedRun(config, created_at, result, total, closed[by_exit], symbols)


def decode_curve(data: bytes, capital: float) -> Curve:
    """Return the curve in a file of the table of equity, of an account that began with `capital` dollars."""
    return Curve(**parquet.decode(data, _OF_A_BAR), capital=capital)


def decode_curves_by_symbol(parts: Sequence[bytes], capitals: Mapping[str, float]) -> dict[str, Curve]:
    """Return the curves in files of the table `equity_by_symbol`, of accounts that began with `capitals` dollars."""
    found: dict[str, list[Curve]] = {symbol: [] for symbol in capitals}
    for data in parts:
        columns = parquet.decode(data, _OF_A_BAR)
        symbols = pq.ParquetFile(pa.BufferReader(data)).read(columns=["symbol"])["symbol"].combine_chunks()
        for symbol in symbols.unique().to_pylist():
            rows = np.flatnonzero(pc.equal(symbols, symbol).to_numpy(zero_copy_only=False))
            of_symbol = {name: column[rows] for name, column in columns.items()}
            found[symbol].append(Curve(**of_symbol, capital=capitals[symbol]))
    return {symbol: Curve.concatenate(curves) for symbol, curves in found.items()}


def _decode_total(data: bytes, capital: float) -> Curve:
    """Return the curve of a list: what it holds is no single number."""
    known = parquet.decode(data, {"timestamp": np.int64, "equity": np.float64})
    unknown = np.full(len(known["timestamp"]), np.nan)
    return Curve(**known, shares=unknown, close=unknown, capital=capital)


def decode_trades(data: bytes) -> ClosedTrades:
    """Return the trades in a file of the table of trades."""
    times = dict.fromkeys(("entry_time", "exit_time"), np.int64)
    floats = ("quantity", "entry_price", "exit_price", "pnl", "trade_return", "commission")
    numbers = parquet.decode(data, {**times, **dict.fromkeys(floats, np.float64), "bars": np.int32})
    words = pq.ParquetFile(pa.BufferReader(data)).read(columns=["side", "exit_reason"])
    side, exit_reason = (np.array(words.column(name).to_pylist(), dtype=np.str_) for name in words.column_names)
    return ClosedTrades(side=np.where(side == "long", 1, -1), exit_reason=exit_reason, **numbers)
