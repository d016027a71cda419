"""Planning: a config is checked against the series that there are, and its bars are cut into chunks."""

from collections.abc import Sequence
from dataclasses import dataclass

from tickfold.backtests.grid import LONGEST_CHUNK, check_size, expand, fewest_chunks
from tickfold.backtests.manifest import PlannedSleeve
from tickfold.engine.accounting.account import Account, Commission, Sizing
from tickfold.engine.decisions.chunk import Chunk, cut
from tickfold.engine.decisions.entries import MARKET_ENTRY, LimitEntry
from tickfold.engine.decisions.exits import EXITS
from tickfold.engine.decisions.orders import MARKET_FILLS, Orders
from tickfold.errors import RunError
from tickfold.market_data.adjustment import actions_within, adjusts, check_stored, factors_of
from tickfold.market_data.corporate_actions import CorporateAction
from tickfold.market_data.series import Series
from tickfold.protocol import Config, SweepConfig
from tickfold.protocol.backtest_config import PriceAdjustment
from tickfold.strategies import Registry, Strategy
from tickfold.strategies.evaluation import lookback_of

MOST_CHUNKS = 10_000
"""Chunks of one run, over all its symbols."""


@dataclass(frozen=True)
class Range:
    """The bars of one symbol in a run: positions `first` to `stop` (exclusive) of its series.

    As they are read, prices are adjusted for `actions`, which is what `adjustment` says; None: they are as stored.
    """

    series: Series
    first: int
    stop: int
    adjustment: PriceAdjustment | None = None
    actions: tuple[CorporateAction, ...] = ()

    @property
    def bars(self) -> int:
        return self.stop - self.first


def strategies_of(config: Config, registry: Registry) -> list[Strategy]:
    """Return the strategy of a run, or one for each of a sweep's sets of parameters.

    Raises:
        RunError: there is no such strategy or parameter, a value is out of its bounds, or there are too many sets.
    """
    if isinstance(config, SweepConfig):
        return expand(config, registry).strategies
    return [registry.create(config.strategy, config.parameters)]


def check(config: Config, found: Sequence[Series], registry: Registry) -> list[Range]:
    """Return the range of each symbol of `config`, of which `found` are the series.

    Raises:
        RunError: the strategy, a parameter, a range, the adjustment, the number of chunks or the size of a sweep is
            wrong, or the timeframes differ.
    """
    strategies = strategies_of(config, registry)
    check_timeframes(found)
    ranges = [_range(config, series) for series in found]
    if isinstance(config, SweepConfig):
        check_size(config, sum(found.bars for found in ranges), registry)
    if config.chunks is not None:
        _check_chunks(config.chunks, ranges)
        for each in ranges:
            _check_fewest_chunks(config.chunks, each.bars, len(strategies))
    _check_length(ranges)
    return ranges


def _range(config: Config, series: Series) -> Range:
    first, stop = series.span(config.start_date, config.end_date)
    if not adjusts(series):
        check_stored(series, config.adjustment)
        return Range(series, first, stop)
    actions = actions_within(series, config.adjustment, config.start_date, config.end_date)
    factors_of(actions)  # or an error, before anything is simulated
    return Range(series, first, stop, config.adjustment, tuple(actions))


def check_timeframes(found: Sequence[Series]) -> None:
    """Check that all series are of one timeframe.

    Raises:
        RunError: they differ.
    """
    if len({series.timeframe for series in found}) > 1:
        coarsest = ", ".join(f"{series.symbol} {series.timeframe}" for series in found)
        raise RunError(f"the symbols' coarsest timeframes differ ({coarsest}); name one that all of them have")


def _check_chunks(chunks: int, ranges: Sequence[Range]) -> None:
    shortest = min(ranges, key=lambda found: found.bars)
    of = f" of {shortest.series.symbol}" if len(ranges) > 1 else ""
    most = min(shortest.bars, MOST_CHUNKS)
    if chunks > most:
        raise RunError(f"chunks {chunks:,} is too many; these {shortest.bars:,} bars{of} can be cut into {most:,}")
    if chunks * len(ranges) > MOST_CHUNKS:
        raise RunError(
            f"chunks {chunks:,} for each of {len(ranges)} symbols is too many; a run may have {MOST_CHUNKS:,} in all"
        )


def _check_fewest_chunks(chunks: int, bars: int, sets: int) -> None:
    if chunks < (fewest := fewest_chunks(bars, sets)):
        combinations, what = (f" with {sets:,} combinations", "sweep") if sets > 1 else ("", "run")
        raise RunError(f"chunks {chunks:,} is too few for {bars:,} bars{combinations}; the {what} needs {fewest:,}")


def _check_length(ranges: Sequence[Range]) -> None:
    bars = sum(found.bars for found in ranges)
    if sum(fewest_chunks(found.bars, 1) for found in ranges) > MOST_CHUNKS:
        raise RunError(f"the run is too long: {bars:,} bars; a run may have {MOST_CHUNKS * LONGEST_CHUNK:,}")


def chunks_of(config: Config, ranges: Sequence[Range], workers: int, registry: Registry) -> list[list[Chunk]]:
    """Cut each of `ranges` into chunks for `workers` that run at once, which symbols share in proportion to bars."""
    strategies = strategies_of(config, registry)
    bars, lookback = sum(found.bars for found in ranges), lookback_of(strategies)

    def cut_one(own: int) -> list[Chunk]:
        share = max(1, workers * own // bars)
        chunks, fewest = cut(own, lookback, share, config.chunks), fewest_chunks(own, len(strategies))
        return chunks if len(chunks) >= fewest else cut(own, lookback, share, fewest)

    return [cut_one(found.bars) for found in ranges]


def plan_sleeves(config: Config, found: Sequence[Series], workers: int, registry: Registry) -> list[PlannedSleeve]:
    """Pin and cut the bars of each symbol of `config`, of which `found` are the series, for so many workers.

    Raises:
        RunError: as `check` does.
    """
    ranges = check(config, found, registry)
    return [
        PlannedSleeve(
            series=wanted.series,
            share=allocation.share,
            first=wanted.first,
            edges=[0, *(chunk.stop for chunk in chunks)],
            adjustment=wanted.adjustment,
            actions=list(wanted.actions),
        )
        for allocation, wanted, chunks in zip(
            config.allocations, ranges, chunks_of(config, ranges, workers, registry), strict=True
        )
    ]


def account_of(config: Config, share: float = 1.0) -> Account:
    """Return the account of a run, or of a symbol that has `share` of the capital."""
    return Account(
        capital=config.start_capital * share,
        commission=Commission(**config.commission.model_dump()),
        spread=config.spread,
        slippage=config.slippage,
        sizing=Sizing(**config.sizing.model_dump()),
        fractional_shares=config.fractional_shares,
        close_at_end=config.close_at_end,
    )


def orders_of(config: Config) -> Orders:
    """Return the orders of the run that `config` describes."""
    exits = [(kind, getattr(config, kind.name)) for kind in EXITS]
    return Orders(
        direction=config.direction,
        fill=MARKET_FILLS[config.fill],
        entry=MARKET_ENTRY if config.limit is None else LimitEntry(config.limit, config.limit_bars),
        exits=tuple(kind(value) for kind, value in exits if value is not None),
    )
