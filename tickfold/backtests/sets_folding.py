"""The folding of a sweep: all sets of parameters are folded side by side, chunk by chunk; only metrics are kept."""

from dataclasses import dataclass

from tickfold.backtests.checkpoints import Checkpoints
from tickfold.backtests.chunk_files import ChunkFiles
from tickfold.backtests.finished_chunks import FinishedChunks
from tickfold.backtests.folding import parts_of
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.planning import account_of, orders_of
from tickfold.backtests.sleeve_bars import read_chunk, read_stretch
from tickfold.engine.backtest import BLOCK
from tickfold.engine.carried_run import CarriedRun, RunState, share_market
from tickfold.engine.decisions.chunk import Stretch, decisions_over, stretches
from tickfold.storage.bucket import Bucket

RUNS_A_PART = 64
"""A part is as much work as so many runs over the bars of one: seconds, beside which its checkpoint is small."""


@dataclass
class Sets:
    """The runs of all sets of parameters after some of their bars."""

    runs: list[RunState]


class SetsFolding:
    """The folding of so many `sets` of parameters of the sweep of `manifest`."""

    def __init__(self, bucket: Bucket, manifest: Manifest, sets: int, *, part_bars: int) -> None:
        self.checkpoints = Checkpoints(bucket, manifest.run_id, "sets")
        self._bucket, self._sets = bucket, sets
        (self._sleeve,) = manifest.sleeves
        self._account, self._orders = account_of(manifest.config), orders_of(manifest.config)
        self._files = ChunkFiles(bucket, manifest.run_id)
        self._parts = parts_of(self._sleeve.edges, part_bars * RUNS_A_PART // sets)

    @property
    def parts(self) -> int:
        return len(self._parts)

    def fold(self, part: int, finished: FinishedChunks) -> bool:
        chunks = self._parts[part]
        if not finished.includes(self._sleeve.series.symbol, chunks[-1]):
            return False
        runs = self._runs(part)
        for some in stretches(self._sleeve.chunks, chunks, BLOCK):
            self._post(runs, some)
        self.checkpoints.put(part + 1, Sets([run.state for run in runs]))
        return True

    def finished(self) -> list[CarriedRun]:
        """Return the runs of all sets, all of whose parts are folded."""
        return self._runs(self.parts)

    def _runs(self, part: int) -> list[CarriedRun]:
        """Return the runs before `part`."""
        if part:
            states = self.checkpoints.get(Sets, part).runs
            return [CarriedRun(self._account, self._orders, state) for state in states]
        sessions = read_chunk(self._bucket, self._sleeve, 0).sessions
        return [CarriedRun.start(self._account, self._orders, sessions) for _ in range(self._sets)]

    def _post(self, runs: list[CarriedRun], some: Stretch) -> None:
        bars = read_stretch(self._bucket, self._sleeve, some)
        files = self._files.get_some(self._sleeve, some.numbers, self._sets)
        returns = share_market(runs).update(bars.close)
        for at, run in enumerate(runs):
            decisions = decisions_over(bars, [file.of(at) for file in files], self._orders)
            run.post(bars, decisions, returns, last=some.stop == self._sleeve.bars)
