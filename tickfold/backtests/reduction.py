"""The reduction of a run, step by step: its finished chunks become one outcome, and the run's files."""

from dataclasses import dataclass
from time import monotonic
from typing import Final

from tickfold.backtests.finished import Finished
from tickfold.backtests.finished_chunks import FinishedChunks
from tickfold.backtests.folding import PART_BARS, RunFolding, fold_on
from tickfold.backtests.grid import expand
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.run_store import RunStore
from tickfold.backtests.sweep_reduction import SweepReduction
from tickfold.backtests.universe_folding import UniverseFolding
from tickfold.protocol import SweepConfig
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Registry

STEP_SECONDS: Final = 60.0
"""How long a step goes on with further parts: far below its time-out, and long enough for few steps in all."""


@dataclass(frozen=True)
class Reduction:
    """The reduction of the run of `manifest`, in parts of so many bars.

    Its steps are idempotent: each may be repeated, and two may run at once.
    """

    bucket: Bucket
    runs: RunStore
    registry: Registry
    manifest: Manifest
    part_bars: int = PART_BARS

    def fold_finished(self, *, seconds: float = STEP_SECONDS) -> bool:
        """Fold the chunks that are finished, while others are simulated, for about so many `seconds`.

        Return whether all are folded.
        """
        return self._work.fold_finished(self._finished_chunks, monotonic() + seconds)

    def finish(self, *, seconds: float = STEP_SECONDS) -> Finished | None:
        """Return the outcome of a run all of whose chunks are finished, or None if another step must go on."""
        self.runs.publish_all_done(self.manifest.run_id, self.manifest.chunks)
        return self._work.finish(self._finished_chunks, monotonic() + seconds)

    @property
    def _finished_chunks(self) -> FinishedChunks:
        return FinishedChunks(self.bucket, self.manifest.run_id)

    @property
    def _work(self) -> "RunReduction | SweepReduction":
        config, part_bars = self.manifest.config, self.part_bars
        if isinstance(config, SweepConfig):
            grid = expand(config, self.registry)
            return SweepReduction(self.bucket, self.runs, self.manifest, config, grid, part_bars)
        strategy = self.registry.create(config.strategy, config.parameters)
        kind = UniverseFolding if config.is_universe else RunFolding
        return RunReduction(kind(self.bucket, self.runs, self.manifest, strategy, part_bars=part_bars))


@dataclass(frozen=True)
class RunReduction:
    """The reduction of a run that is not a sweep: its folding."""

    folding: RunFolding | UniverseFolding

    def fold_finished(self, finished: FinishedChunks, until: float) -> bool:
        """Fold what is `finished`, as `fold_on` does."""
        return fold_on(self.folding, finished, until)

    def finish(self, finished: FinishedChunks, until: float) -> Finished | None:
        """Fold all, and return the outcome; or None, if `until` has passed meanwhile."""
        return self.folding.finished() if self.fold_finished(finished, until) else None
