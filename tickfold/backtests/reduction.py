"""The reduction of a run, step by step: its finished chunks become one outcome, and the run's files."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Final

from tickfold.backtests.finished import Finished
from tickfold.backtests.finished_chunks import FinishedChunks
from tickfold.backtests.folding import PART_BARS, RunFolding, fold_on
from tickfold.backtests.grid import expand
from tickfold.backtests.live_curve import publish_curve
from tickfold.backtests.manifest import Manifest
from tickfold.backtests.results_by_symbol import ResultsBySymbol
from tickfold.backtests.run_store import RunStore
from tickfold.backtests.settlement import settle
from tickfold.backtests.sweep_reduction import SweepReduction
from tickfold.engine.performance.portfolio import Sleeve, combine
from tickfold.protocol import BacktestConfig, SweepConfig
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Registry, Strategy

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

        Return whether all are folded. A universe is reduced only once all chunks are finished.
        """
        config, until = self.manifest.config, monotonic() + seconds
        if isinstance(config, SweepConfig):
            return self._of_sweep(config).fold_finished(self._finished_chunks, until)
        if config.is_universe:
            return False
        return fold_on(self._of_run(config), self._finished_chunks, until)

    def finish(self, *, seconds: float = STEP_SECONDS) -> Finished | None:
        """Return the outcome of a run all of whose chunks are finished, or None if another step must go on."""
        self.runs.publish_all_done(self.manifest.run_id, self.manifest.chunks)
        config, until = self.manifest.config, monotonic() + seconds
        if isinstance(config, SweepConfig):
            return self._of_sweep(config).finish(self._finished_chunks, until)
        if config.is_universe:
            return self._reduce_universe(self.registry.create(config.strategy, config.parameters))
        folding = self._of_run(config)
        return folding.finished() if fold_on(folding, self._finished_chunks, until) else None

    @property
    def _finished_chunks(self) -> FinishedChunks:
        return FinishedChunks(self.bucket, self.manifest.run_id, self.manifest.symbol)

    def _of_run(self, config: BacktestConfig) -> RunFolding:
        strategy = self.registry.create(config.strategy, config.parameters)
        return RunFolding(self.bucket, self.runs, self.manifest, strategy, part_bars=self.part_bars)

    def _of_sweep(self, config: SweepConfig) -> SweepReduction:
        grid = expand(config, self.registry)
        return SweepReduction(self.bucket, self.runs, self.manifest, config, grid, self.part_bars)

    def _reduce_universe(self, strategy: Strategy) -> Finished:
        """Settle the symbols one by one, so that only one symbol's bars are in memory, and combine them."""
        by_symbol, run_id = ResultsBySymbol(), self.manifest.run_id

        def sleeves() -> Iterator[Sleeve]:
            for planned in self.manifest.sleeves:
                settled = settle(self.bucket, self.manifest, planned, strategy)
                by_symbol.add(planned, settled.bars, settled.outcome, settled.replayed_bars)
                yield Sleeve(settled.bars, settled.outcome.statement)

        portfolio = combine(sleeves(), self.manifest.uninvested)
        by_symbol.put(self.bucket, run_id, portfolio)
        publish_curve(self.runs, run_id, portfolio.timestamp, portfolio.equity, portfolio.benchmark)
        return Finished.of_several(self.manifest, by_symbol, portfolio, strategy.model_dump())
