"""The folding of a run of one symbol: its finished chunks are folded in order, from one checkpoint to the next.

The run is cut into parts of some chunks. After a part its files are written, and then a checkpoint, which has all that
the next part depends on. All of it follows from the run's manifest and its chunks' files alone, so a step that is
repeated, or runs twice at once, writes the same bytes under the same keys, and publishes nothing twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from tickfold.backtests import results
from tickfold.backtests.chunk_files import ChunkFiles
from tickfold.backtests.finished import Finished
from tickfold.backtests.finished_chunks import FinishedChunks
from tickfold.backtests.live_curve import LiveCurve, publish
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import account_of, orders_of
from tickfold.backtests.run_store import RunStore
from tickfold.backtests.settlement import read_bars
from tickfold.engine import checkpoint
from tickfold.engine.accounting.ledger import Ledger, LedgerState, Postings
from tickfold.engine.bars import Bars
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.engine.performance.measurement import Measurement
from tickfold.storage import layout, parquet
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Strategy

PART_BARS = 1_000_000
"""A part is as many chunks as have so many bars: a file that SQL reads well, and work that is soon repeated."""


@dataclass
class Progress:
    """A run after some of its bars.

    Attributes:
        ledger: the account.
        measurement: what the metrics need of the curve and the trades.
        curve: the curve as it is published.
        first_close: dollars, for the benchmark.
    """

    ledger: LedgerState
    measurement: Measurement
    curve: LiveCurve
    first_close: float


def parts_of(edges: Sequence[int], bars: int) -> list[range]:
    """Return the chunks of each part of a run, given the bounds of its chunks, and the `bars` that make a part."""
    parts, first = [], 0
    for stop in range(1, len(edges)):
        if edges[stop] - edges[first] >= bars or stop == len(edges) - 1:
            parts.append(range(first, stop))
            first = stop
    return parts


class Folding:
    """The folding of the run of `manifest`, whose `strategy` is that of its config."""

    def __init__(
        self, bucket: Bucket, runs: RunStore, manifest: Manifest, strategy: Strategy, *, part_bars: int = PART_BARS
    ) -> None:
        self._bucket, self._runs, self._manifest, self._strategy = bucket, runs, manifest, strategy
        (self._sleeve,) = manifest.sleeves
        self._account, self._orders = account_of(manifest.config), orders_of(manifest.config)
        self._files = ChunkFiles(bucket, manifest.run_id)
        self.parts = parts_of(self._sleeve.edges, part_bars)

    @property
    def part(self) -> int:
        """The part that is to be folded next: all before it are."""
        prefix = layout.checkpoints_prefix(self._manifest.run_id)
        done = 0
        while keys := self._bucket.page_after(prefix, layout.checkpoint_key(self._manifest.run_id, done)):
            done = layout.part_of(keys[-1])
        return done

    def fold(self, part: int, finished: FinishedChunks) -> bool:
        """Fold the chunks of `part`; return False, as if nothing had been done, if one of them is not `finished`.

        Pieces of the curve are published as soon as their chunks are folded.
        """
        progress = self._progress(part)
        ledger = Ledger(self._account, self._orders, progress.ledger)
        equity, trades, symbol = [], [], self._manifest.symbol
        for number in self.parts[part]:
            if not finished.includes(number):
                return False
            bars = self._bars(number)
            posted = self._post(ledger, number, bars)
            progress.measurement.update(bars.timestamp, posted.equity, bars.close, posted.trades)
            self._publish(progress, bars, posted)
            equity.append(results.equity_table(bars, posted))
            trades.append(results.trades_table(symbol, posted.trades, (posted.entry_time, posted.exit_time)))
        progress.ledger = ledger.state
        run_id = self._manifest.run_id
        self._bucket.put(layout.equity_key(run_id, part), parquet.encode(pa.concat_tables(equity).combine_chunks()))
        self._bucket.put(layout.trades_key(run_id, part), parquet.encode(pa.concat_tables(trades).combine_chunks()))
        self._bucket.put(layout.checkpoint_key(run_id, part + 1), checkpoint.encode(progress))
        return True

    def finished(self) -> Finished:
        """Return the outcome of the run, all of whose parts are folded."""
        progress = self._progress(len(self.parts))
        ledger = Ledger(self._account, self._orders, progress.ledger)
        lookback, uses_volume = self._strategy.lookback, getattr(self._strategy, "uses_volume", False)
        return Finished(
            start=self._manifest.config.start_date,
            end=self._manifest.config.end_date,
            bars=self._sleeve.bars,
            parameters=self._strategy.model_dump(),
            metrics=progress.measurement.metrics(ledger.open_trade, ledger.slippage_cost),
            replayed_bars=ledger.state.replayed_bars,
            sequential_bars=ledger.state.sequential_bars,
            symbols=[],
            no_trades=results.told(ledger.no_trades(lookback=lookback, uses_volume=uses_volume)),
            parts=len(self.parts),
        )

    def _progress(self, part: int) -> Progress:
        """Return the run before `part`."""
        if part:
            return checkpoint.decode(Progress, self._bucket.get(layout.checkpoint_key(self._manifest.run_id, part)))
        first = self._bars(0)
        return Progress(
            ledger=Ledger(self._account, self._orders).state,
            measurement=Measurement.start(self._account.capital, first.sessions),
            curve=LiveCurve(self._sleeve.bars),
            first_close=float(first.close[0]),
        )

    def _bars(self, number: int) -> Bars:
        chunk = self._sleeve.chunks[number]
        return read_bars(self._bucket, self._sleeve, chunk.start, chunk.stop)

    def _post(self, ledger: Ledger, number: int, bars: Bars) -> Postings:
        chunk = self._sleeve.chunks[number]
        speculation = self._files.get(self._sleeve.series.symbol, number, chunk).of(0)
        return ledger.post(bars, speculation.decisions_within, last=chunk.stop == self._sleeve.bars)

    def _publish(self, progress: Progress, bars: Bars, posted: Postings) -> None:
        market = buy_and_hold(bars.close, self._account.capital, progress.first_close)
        publish(self._runs, self._manifest.run_id, progress.curve.add(bars.timestamp, posted.equity, market))
