"""The folding of a universe: symbol after symbol, each as a run of its own is folded, and added to the portfolio.

Of all symbols only the portfolio's curve is kept, and of the one that is folded, its own; other rows are written.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tickfold.backtests import results, results_by_symbol
from tickfold.backtests.checkpoints import Checkpoints
from tickfold.backtests.chunk_files import ChunkFiles
from tickfold.backtests.finished import Finished
from tickfold.backtests.finished_chunks import FinishedChunks
from tickfold.backtests.live_curve import publish_curve
from tickfold.backtests.manifest import Manifest, PlannedSleeve
from tickfold.backtests.planning import account_of, orders_of
from tickfold.backtests.results_by_symbol import SettledSymbol
from tickfold.backtests.run_store import RunStore
from tickfold.backtests.sleeve_bars import read_stretch
from tickfold.engine.accounting.ledger import Postings
from tickfold.engine.backtest import BLOCK
from tickfold.engine.bars import Bars
from tickfold.engine.carried_run import CarriedRun, RunState
from tickfold.engine.decisions.chunk import Stretch, decisions_over, stretches
from tickfold.engine.performance.benchmark import buy_and_hold
from tickfold.engine.performance.portfolio import PortfolioSum, Steps
from tickfold.storage import layout, parquet, tables
from tickfold.storage.bucket import Bucket
from tickfold.strategies import Strategy

PARTS_OF_A_RUN = 4
"""A part has so many times the bars of a run's: the portfolio's curve, which its checkpoint has, is long."""


@dataclass
class OpenSleeve:
    """A symbol some of whose chunks are folded: its run, its cash, equity and benchmark, and its first close."""

    run: RunState
    steps: Steps
    first_close: float


@dataclass
class Universe:
    """A universe after some of its chunks: what the symbols so far add up to and came to, and the one in work."""

    portfolio: PortfolioSum
    settled: list[SettledSymbol] = field(default_factory=list)
    open: OpenSleeve | None = None


class UniverseFolding:
    """The folding of the run of `manifest`, whose `strategy` is that of its config."""

    def __init__(
        self, bucket: Bucket, runs: RunStore, manifest: Manifest, strategy: Strategy, *, part_bars: int
    ) -> None:
        self.checkpoints = Checkpoints(bucket, manifest.run_id, "symbols")
        self._bucket, self._runs, self._manifest, self._strategy = bucket, runs, manifest, strategy
        self._orders = orders_of(manifest.config)
        self._files = ChunkFiles(bucket, manifest.run_id)
        self._parts = list(_parts(manifest, part_bars * PARTS_OF_A_RUN))

    @property
    def parts(self) -> int:
        return len(self._parts)

    def fold(self, part: int, finished: FinishedChunks) -> bool:
        chunks = self._parts[part]
        if not all(finished.includes(sleeve.series.symbol, numbers[-1]) for sleeve, numbers in chunks):
            return False
        universe, run_id = self._universe(part), self._manifest.run_id
        equity, trades = parquet.Writer(tables.EQUITY_BY_SYMBOL), parquet.Writer(tables.TRADES)
        stretched = ((sleeve, some) for sleeve, each in chunks for some in stretches(sleeve.chunks, each, BLOCK))
        for sleeve, some in stretched:
            bars, posted = self._fold(universe, sleeve, some)
            symbol, times = sleeve.series.symbol, (posted.entry_time, posted.exit_time)
            equity.add(results_by_symbol.equity_table(symbol, bars, posted))
            trades.add(results.trades_table(symbol, posted.trades, times))
        self._bucket.put(layout.equity_by_symbol_key(run_id, part), equity.close())
        self._bucket.put(layout.trades_key(run_id, part), trades.close())
        self.checkpoints.put(part + 1, universe)
        return True

    def finished(self) -> Finished:
        """Write and publish the portfolio's curve, and return the outcome; all parts are folded."""
        universe, run_id = self._universe(self.parts), self._manifest.run_id
        portfolio = universe.portfolio.portfolio()
        curve = results_by_symbol.portfolio_table(portfolio)
        edges = [len(curve) * part // self.parts for part in range(self.parts + 1)]
        for part, first in enumerate(edges[:-1]):
            some = curve.slice(first, edges[part + 1] - first)
            self._bucket.put(layout.equity_key(run_id, part), parquet.encode(some))
        rows = results_by_symbol.runs_table(universe.settled)
        self._bucket.put(layout.runs_by_symbol_key(run_id), parquet.encode(rows))
        publish_curve(self._runs, run_id, portfolio.timestamp, portfolio.equity, portfolio.benchmark)
        parameters = self._strategy.model_dump()
        return Finished.of_several(self._manifest, universe.settled, portfolio, parameters, parts=self.parts)

    def _universe(self, part: int) -> Universe:
        """Return the universe before `part`."""
        return self.checkpoints.get(Universe, part) if part else Universe(PortfolioSum.start(self._manifest.uninvested))

    def _fold(self, universe: Universe, sleeve: PlannedSleeve, some: Stretch) -> tuple[Bars, Postings]:
        """Fold some chunks of `sleeve`; return their bars, and what was posted over them."""
        bars = read_stretch(self._bucket, sleeve, some)
        account = account_of(self._manifest.config, sleeve.share)
        opened = universe.open or self._begin(sleeve, bars)
        run, last = CarriedRun(account, self._orders, opened.run), some.stop == sleeve.bars
        speculations = [file.of(0) for file in self._files.get_some(sleeve, some.numbers)]
        decisions = decisions_over(bars, speculations, self._orders)
        posted = run.post(bars, decisions, run.market.update(bars.close), last=last)
        cash, _ = posted.holdings.at_closes(len(bars))
        market = buy_and_hold(bars.close, account.capital, opened.first_close)
        opened.steps = opened.steps.then(bars.timestamp, cash, posted.equity, market)
        universe.portfolio.pass_over(posted.trades)
        universe.open = None if last else opened
        if last:
            sessions = run.state.measurement.curve.ends.calendar
            universe.portfolio.add(opened.steps, account.capital, run.activity(), run.slippage_cost, sessions)
            universe.settled.append(self._settled(sleeve, run, account.capital))
        return bars, posted

    def _begin(self, sleeve: PlannedSleeve, bars: Bars) -> OpenSleeve:
        account = account_of(self._manifest.config, sleeve.share)
        run = CarriedRun.start(account, self._orders, bars.sessions)
        return OpenSleeve(run.state, Steps.constant(3, account.capital), float(bars.close[0]))

    def _settled(self, sleeve: PlannedSleeve, run: CarriedRun, capital: float) -> SettledSymbol:
        return SettledSymbol.of(
            sleeve,
            capital,
            run.metrics(),
            run.no_trades(self._strategy),
            replayed_bars=run.state.ledger.replayed_bars,
            sequential_bars=run.state.ledger.sequential_bars,
        )


def _parts(manifest: Manifest, bars: int) -> Iterator[list[tuple[PlannedSleeve, range]]]:
    """Yield the chunks of each part, symbol after symbol: as many as have so many `bars`."""
    part: list[tuple[PlannedSleeve, range]] = []
    waiting = 0
    for sleeve in manifest.sleeves:
        first, count = 0, len(sleeve.chunks)
        for number, chunk in enumerate(sleeve.chunks):
            waiting += chunk.stop - chunk.start
            if waiting >= bars:
                yield [*part, (sleeve, range(first, number + 1))]
                part, waiting, first = [], 0, number + 1
        if first < count:
            part.append((sleeve, range(first, count)))
    if part:
        yield part
