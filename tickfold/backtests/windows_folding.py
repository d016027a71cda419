"""The folding of a walk-forward: window by window, the best set of parameters is chosen in sample and traded after it.

The out-of-sample runs, one after the other, are the run that the walk-forward ends with.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tickfold.backtests import results
from tickfold.backtests.checkpoints import Checkpoints
from tickfold.backtests.finished import Finished
from tickfold.backtests.finished_chunks import FinishedChunks
from tickfold.backtests.live_curve import LiveCurve, publish
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import account_of, orders_of
from tickfold.backtests.run_files import RunFiles
from tickfold.backtests.run_store import RunStore
from tickfold.backtests.sets_folding import RUNS_A_PART
from tickfold.backtests.signal_blocks import SignalBlocks
from tickfold.backtests.sleeve_bars import read_chunk
from tickfold.backtests.sweep_results import WindowResult
from tickfold.engine.accounting.no_trades import NoTrades
from tickfold.engine.arrays import Floats
from tickfold.engine.calendar import SessionCalendar, date_of, session_dates
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.engine.performance.measurement import Measurement
from tickfold.engine.walk_forward import Step, Walker, Window, windows
from tickfold.protocol import SweepConfig
from tickfold.storage.bucket import Bucket


@dataclass
class Walked:
    """A walk-forward after some of its windows.

    Attributes:
        capital: dollars that the next out-of-sample run begins with.
        measurement: what the metrics of the out-of-sample runs, as one, need.
        curve: their equity as it is published.
        first_close: dollars, for the benchmark.
        windows: what each came to.
        files: how many files of each table are written.
        slippage_cost: dollars.
        sequential_bars: bars that were decided in sequence.
        no_trades: why the first window has no trades.
        opened: whether any has opened a position.
    """

    capital: float
    measurement: Measurement
    curve: LiveCurve
    first_close: float
    windows: list[WindowResult] = field(default_factory=list)
    files: int = 0
    slippage_cost: float = 0.0
    sequential_bars: int = 0
    no_trades: NoTrades | None = None
    opened: bool = False


class WindowsFolding:
    """The folding of the walk-forward of `manifest` and `config` over so many `sets` of parameters."""

    def __init__(
        self, bucket: Bucket, runs: RunStore, manifest: Manifest, config: SweepConfig, sets: int, *, part_bars: int
    ) -> None:
        assert config.walk_forward  # noqa: S101 - a sweep without windows is folded otherwise
        self.checkpoints = Checkpoints(bucket, manifest.run_id, "windows")
        self._bucket, self._runs, self._manifest, self._config = bucket, runs, manifest, config
        (self._sleeve,) = manifest.sleeves
        asked = config.walk_forward
        self._windows = windows(self._sleeve.bars, asked.in_sample, asked.out_of_sample)
        self._sets, self._part_bars = sets, part_bars
        of_work, of_bars = part_bars * RUNS_A_PART // (asked.in_sample * sets), part_bars // asked.out_of_sample
        self._windows_a_part = max(1, min(of_work, of_bars))
        self._blocks = SignalBlocks(bucket, manifest, sets)

    @property
    def parts(self) -> int:
        return -(-len(self._windows) // self._windows_a_part)

    @property
    def unused_bars(self) -> int:
        """Bars after the last window."""
        return self._sleeve.bars - self._windows[-1].stop

    def fold(self, part: int, finished: FinishedChunks) -> bool:
        first = part * self._windows_a_part
        now = self._windows[first : first + self._windows_a_part]
        if not finished.includes(self._manifest.symbol, self._blocks.chunk_of(now[-1].stop - 1)):
            return False
        walked = self.walked(part)
        files = RunFiles(self._bucket, self._manifest.run_id, self._manifest.symbol, walked.files)
        for window in now:
            self._walk(walked, window, files)
        if files.bars:
            files.put()
        walked.files = files.written
        self.checkpoints.put(part + 1, walked)
        return True

    def walked(self, part: int) -> Walked:
        """Return the walk-forward before `part`."""
        if part:
            return self.checkpoints.get(Walked, part)
        capital, calendar = self._walker.account.capital, self._walker.calendar
        start, stop = self._windows[0].split, self._windows[-1].stop
        (bars, _) = next(iter(self._blocks(start, start + 1)))
        return Walked(capital, Measurement.start(capital, calendar), LiveCurve(stop - start), float(bars.close[0]))

    def finished(self, walked: Walked) -> Finished:
        """Return the outcome of the out-of-sample runs of `walked`, all of whose parts are folded."""
        times = np.array([walked.windows[0].out_of_sample.start, walked.windows[-1].out_of_sample.end])
        first, last = session_dates(times, self._sleeve.series.calendar or SessionCalendar())
        return Finished(
            start=date_of(int(first)),
            end=date_of(int(last)),
            bars=walked.measurement.curve.bars,
            parameters={},
            metrics=walked.measurement.metrics(None, walked.slippage_cost),
            replayed_bars=0,
            sequential_bars=walked.sequential_bars,
            symbols=[],
            no_trades=None if walked.opened else results.told(walked.no_trades),
            parts=walked.files,
        )

    @cached_property
    def _walker(self) -> Walker:
        account, orders = account_of(self._config), orders_of(self._config)
        sessions = read_chunk(self._bucket, self._sleeve, 0).sessions
        return Walker(self._blocks, self._sets, sessions, account, orders, self._config.rank_by)

    def _walk(self, walked: Walked, window: Window, files: RunFiles) -> None:
        chosen, in_sample = self._walker.choose(window)
        run, before = self._walker.run(walked.capital), walked.measurement.curve.bars
        for bars, posted in self._walker.trade(run, chosen, window):
            trades, market = posted.trades.later(before), self._benchmark(bars.close, walked.first_close)
            walked.measurement.update(bars.timestamp, posted.equity, bars.close, trades)
            publish(self._runs, self._manifest.run_id, walked.curve.add(bars.timestamp, posted.equity, market))
            files.add(bars, posted)
            if files.bars >= self._part_bars:
                files.put()
        step = Step(window, chosen, in_sample, run.metrics())
        times = [self._blocks.time_of(bar) for bar in window.edge_bars]
        walked.windows.append(WindowResult.of(step, times, self._config.rank_by))
        walked.capital = run.cash
        walked.slippage_cost += run.state.ledger.slippage_cost
        walked.sequential_bars += run.state.ledger.sequential_bars
        no_trades = run.no_trades()
        walked.no_trades = walked.no_trades or no_trades
        walked.opened = walked.opened or no_trades is None

    def _benchmark(self, close: Floats, first_close: float) -> Floats:
        return buy_and_hold(close, self._walker.account.capital, first_close)
