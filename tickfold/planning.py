"""Planning: checks what a client asked for, and cuts it into chunks."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from tickfold.engine.account import Account, Commission, Sizing
from tickfold.engine.chunk import Chunk, cut
from tickfold.engine.orders import Orders
from tickfold.errors import RunError
from tickfold.protocol import BacktestConfig
from tickfold.storage.catalog import Series
from tickfold.strategies import create

MOST_CHUNKS = 10_000
"""In one run, those of all its symbols together."""


@dataclass(frozen=True)
class Range:
    """The bars of one symbol that a run is about: from position `first` of its series to `stop` (exclusive)."""

    series: Series
    first: int
    stop: int

    @property
    def bars(self) -> int:
        return self.stop - self.first


def check(config: BacktestConfig, found: Sequence[Series]) -> list[Range]:
    """Return what `config` asks for of the series `found`, one for each of its symbols.

    Raises:
        RunError: the strategy, a parameter, a range or the number of chunks is wrong, or the timeframes differ.
    """
    create(config.strategy, config.parameters)
    _check_timeframes(found)
    ranges = [Range(series, *series.span(config.start_date, config.end_date)) for series in found]
    if config.chunks is not None:
        _check_chunks(config.chunks, ranges)
    return ranges


def _check_timeframes(found: Sequence[Series]) -> None:
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


def chunks_of(config: BacktestConfig, ranges: Sequence[Range], workers: int) -> list[list[Chunk]]:
    """Cut each of `ranges`, for `workers` that can run at once: each symbol has its part of them, by its bars."""
    lookback = create(config.strategy, config.parameters).lookback
    bars = sum(found.bars for found in ranges)
    return [cut(found.bars, lookback, max(1, workers * found.bars // bars), config.chunks) for found in ranges]


def account_of(config: BacktestConfig, share: float = 1.0) -> Account:
    """Return the account that `config` trades with, or the one of a symbol that has `share` of the capital."""
    return Account(
        capital=config.start_capital * share,
        commission=Commission(**config.commission.model_dump()),
        spread=config.spread,
        slippage=config.slippage,
        sizing=Sizing(**config.sizing.model_dump()),
        fractional_shares=config.fractional_shares,
        close_at_end=config.close_at_end,
    )


def orders_of(config: BacktestConfig) -> Orders:
    """Return the terms of the orders that `config` asks for."""
    return Orders(**{field.name: getattr(config, field.name) for field in fields(Orders)})
