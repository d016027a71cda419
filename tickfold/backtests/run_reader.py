"""Reads what an ended run left for people: its equity curve by window, its trades by page."""

from itertools import starmap
from math import isfinite
from typing import Final

import numpy as np

from tickfold.backtests.following import final_message
from tickfold.backtests.recorded_run import ClosedTrades, RecordedRun
from tickfold.backtests.run import Run
from tickfold.backtests.run_archive import read_run
from tickfold.backtests.run_store import RunStore
from tickfold.backtests.thinning import kept
from tickfold.engine.arrays import Ints
from tickfold.errors import RunError
from tickfold.protocol import Result
from tickfold.protocol.run_views import ClosedTrade, EquityPoint, EquityWindow, Trades, TradesPage
from tickfold.protocol.windows import Window
from tickfold.storage.bucket import Bucket
from tickfold.storage.byte_cache import ByteCache

MOST_BARS: Final = 5_000_000
"""Bars of a run that is read as a whole: 200 MB in memory, and as much again while it is read."""
_CACHED_BYTES: Final = 400_000_000


class RunReader:
    """Reads the files of ended runs; the last ones stay in memory, since files of a run never change."""

    def __init__(self, runs: RunStore, bucket: Bucket) -> None:
        self._runs = runs
        self._bucket = bucket
        self._read: ByteCache[RecordedRun] = ByteCache(_CACHED_BYTES, _bytes_of)

    def equity(self, run: Run, window: Window) -> EquityWindow:
        """Return a window of the run's equity curve, thinned to as many points as were asked for.

        Raises:
            RunError: the run has no result, or more bars than are read at once.
        """
        recorded = self._recorded(run)
        curve = recorded.curve
        first, stop = np.searchsorted(curve.timestamp, _bounds(window, curve.timestamp)).tolist()
        chosen = first + kept(curve.equity[first:stop], window.points, first)
        times, equity = (curve.timestamp[chosen] // 1_000).tolist(), curve.equity[chosen].tolist()
        drawdown, held = recorded.drawdown[chosen].tolist(), recorded.benchmark[chosen].tolist()
        points = starmap(EquityPoint, zip(times, equity, drawdown, map(_or_none, held), strict=True))
        return EquityWindow(run_id=run.run_id, bars=stop - first, points=list(points))

    def trades(self, run: Run, page: TradesPage) -> Trades:
        """Return a page of the run's closed trades.

        Raises:
            RunError: as `equity` does.
        """
        recorded = self._recorded(run)
        closed, total = recorded.trades, len(recorded.trades)
        last = min(page.after + page.limit, total)
        rows = closed[page.after : last]
        symbol = "" if recorded.symbols else recorded.result.symbol
        trades = [_trade(rows, row, page.after + row + 1, symbol) for row in range(len(rows))]
        return Trades(run_id=run.run_id, total=total, trades=trades, next=last if last < total else None)

    def _recorded(self, run: Run) -> RecordedRun:
        result = result_of(run)
        if result.bars > MOST_BARS:
            raise RunError(
                f"run {run.run_id} has {result.bars:,} bars; runs of at most {MOST_BARS:,} are read over HTTP: "
                "query its tables, or download its files",
                "conflict",
            )
        return self._read.get(run.run_id, lambda: read_run(self._runs, self._bucket, run.run_id))


def result_of(run: Run) -> Result:
    """Return the run's result.

    Raises:
        RunError: it is still going on, or ended without one.
    """
    final = final_message(run)
    if not isinstance(final, Result):
        how = "failed" if run.status == "failed" else "was cancelled"
        raise RunError(f"run {run.run_id} has no result: it {how}", "conflict")
    return final


def _bytes_of(run: RecordedRun) -> int:
    records = (run.curve, run.trades, *run.symbols.values())
    return sum(getattr(record, name).nbytes for record in records for name in record.columns())


def _bounds(window: Window, timestamp: Ints) -> tuple[int, int]:
    """Return the window's start and end in microseconds; those of the curve where it has none."""
    first, last = int(timestamp[0]), int(timestamp[-1])
    start = first if window.start is None else window.start * 1_000
    return start, last + 1 if window.end is None else window.end * 1_000


def _or_none(dollars: float) -> float | None:
    return dollars if isfinite(dollars) else None


def _trade(trades: ClosedTrades, row: int, number: int, symbol: str) -> ClosedTrade:
    return ClosedTrade(
        number=number,
        symbol=symbol,
        side="long" if trades.side[row] > 0 else "short",
        quantity=trades.quantity[row],
        entry_time=int(trades.entry_time[row]) // 1_000,
        entry_price=trades.entry_price[row],
        exit_time=int(trades.exit_time[row]) // 1_000,
        exit_price=trades.exit_price[row],
        pnl=trades.pnl[row],
        trade_return=trades.trade_return[row],
        commission=trades.commission[row],
        bars=int(trades.bars[row]),
        exit_reason=str(trades.exit_reason[row]),
    )
