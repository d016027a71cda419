"""The folding of a run of one symbol: its finished chunks are folded in order, from one checkpoint to the next.

The run is cut into parts of some chunks. After a part its files are written, and then a checkpoint, which has all that
the next part depends on. All of it follows from the run's manifest and its chunks' files alone, so a step that is
repeated, or runs twice at once, writes the same bytes under the same keys, and publishes nothing twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from tickfold.backtests import results
from tickfold.backtests.checkpoints import Checkpoints
from tickfold.backtests.chunk_files import ChunkFiles
from tickfold.backtests.finished import Finished
from tickfold.backtests.finished_chunks import FinishedChunks
from tickfold.backtests.live_curve import LiveCurve, publish
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import account_of, orders_of
from tickfold.backtests.run_files import RunFiles
from tickfold.backtests.run_store import RunStore
from tickfold.backtests.sleeve_bars import read_chunk, read_stretch
from tickfold.engine.accounting.ledger import Postings
from tickfold.engine.backtest import BLOCK
from tickfold.engine.bars import Bars
from tickfold.engine.carried_run import CarriedRun, RunState
from tickfold.engine.decisions.chunk import Stretch, decisions_over, stretches
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Strategy

PART_BARS = 1_000_000
"""A part is as many chunks as have so many bars: a file that SQL reads well, and work that is soon repeated."""


class Folding(Protocol):
    """A folding in parts."""

    checkpoints: Checkpoints

    @property
    def parts(self) -> int:
        """How many there are."""
        ...

    def fold(self, part: int, finished: FinishedChunks) -> bool:
        """Fold the chunks of `part`; return False, as if nothing had been done, if one of them is not `finished`."""
        ...


def fold_on(folding: Folding, finished: FinishedChunks, until: float) -> bool:
    """Fold part after part from the last checkpoint, until that time of `monotonic`; return whether all are folded.

    At least one part is folded, if its chunks are `finished`.
    """
    for part in range(folding.checkpoints.latest, folding.parts):
        if not folding.fold(part, finished):
            return False
        if monotonic() > until and part + 1 < folding.parts:
            return False
    return True


def parts_of(edges: Sequence[int], bars: int) -> list[range]:
    """Return the chunks of each part of a run, given the bounds of its chunks, and the `bars` that make a part."""
    parts, first = [], 0
    for stop in range(1, len(edges)):
        if edges[stop] - edges[first] >= bars or stop == len(edges) - 1:
            parts.append(range(first, stop))
            first = stop
    return parts


@dataclass
class Progress:
    """A run after some of its bars.

    Attributes:
        run: the account, and what the metrics need.
        curve: the curve as it is published.
        first_close: dollars, for the benchmark.
    """

    run: RunState
    curve: LiveCurve
    first_close: float


class RunFolding:
    """The folding of the run of `manifest`, whose `strategy` is that of its config; or of a sweep's set of parameters.

    The set is `number` of so many `sets`.
    """

    def __init__(
        self,
        bucket: Bucket,
        runs: RunStore,
        manifest: Manifest,
        strategy: Strategy,
        *,
        number: int = 0,
        sets: int = 1,
        part_bars: int = PART_BARS,
    ) -> None:
        self.checkpoints = Checkpoints(bucket, manifest.run_id, "run")
        self._bucket, self._runs, self._manifest, self._strategy = bucket, runs, manifest, strategy
        self._number, self._sets = number, sets
        (self._sleeve,) = manifest.sleeves
        self._account, self._orders = account_of(manifest.config), orders_of(manifest.config)
        self._files = ChunkFiles(bucket, manifest.run_id)
        self._parts = parts_of(self._sleeve.edges, part_bars)

    @property
    def parts(self) -> int:
        return len(self._parts)

    def fold(self, part: int, finished: FinishedChunks) -> bool:
        """As `Folding.fold`; pieces of the curve are published as soon as their chunks are folded."""
        numbers, symbol = self._parts[part], self._manifest.symbol
        ready = numbers[: sum(finished.includes(symbol, number) for number in numbers)]
        if not ready:
            return False
        progress = self._progress(part)
        run = CarriedRun(self._account, self._orders, progress.run)
        files = RunFiles(self._bucket, self._manifest.run_id, symbol, part)
        for some in stretches(self._sleeve.chunks, ready, BLOCK):
            bars = read_stretch(self._bucket, self._sleeve, some)
            posted = self._post(run, some, bars)
            self._publish(progress, bars, posted)
            files.add(bars, posted)
        if ready != numbers:
            return False
        files.put()
        self.checkpoints.put(part + 1, progress)
        return True

    def finished(self) -> Finished:
        """Return the outcome of the run, all of whose parts are folded."""
        run = CarriedRun(self._account, self._orders, self._progress(self.parts).run)
        return Finished(
            start=self._manifest.config.start_date,
            end=self._manifest.config.end_date,
            bars=self._sleeve.bars,
            parameters=self._strategy.model_dump(),
            metrics=run.metrics(),
            replayed_bars=run.state.ledger.replayed_bars,
            sequential_bars=run.state.ledger.sequential_bars,
            symbols=[],
            no_trades=results.told(run.no_trades(self._strategy)),
            parts=self.parts,
        )

    def _progress(self, part: int) -> Progress:
        """Return the run before `part`."""
        if part:
            return self.checkpoints.get(Progress, part)
        first = read_chunk(self._bucket, self._sleeve, 0)
        run = CarriedRun.start(self._account, self._orders, first.sessions)
        return Progress(run.state, LiveCurve(self._sleeve.bars), float(first.close[0]))

    def _post(self, run: CarriedRun, some: Stretch, bars: Bars) -> Postings:
        speculations = [file.of(self._number) for file in self._files.get_some(self._sleeve, some.numbers, self._sets)]
        decisions, returns = decisions_over(bars, speculations, self._orders), run.market.update(bars.close)
        return run.post(bars, decisions, returns, last=some.stop == self._sleeve.bars)

    def _publish(self, progress: Progress, bars: Bars, posted: Postings) -> None:
        market = buy_and_hold(bars.close, self._account.capital, progress.first_close)
        publish(self._runs, self._manifest.run_id, progress.curve.add(bars.timestamp, posted.equity, market))
