"""Planning: checks what a client asked for, and cuts it into chunks."""

from dataclasses import dataclass, fields

from tickfold.engine.account import Account, Commission, Sizing
from tickfold.engine.chunk import Chunk, cut
from tickfold.engine.orders import Orders
from tickfold.errors import RunError
from tickfold.protocol import BacktestConfig
from tickfold.storage.catalog import Series
from tickfold.strategies import create

MOST_CHUNKS = 10_000


@dataclass(frozen=True)
class Request:
    """A request that can be met: its series, and the positions in it of the first bar and the one after the last."""

    series: Series
    first: int
    stop: int


def check(config: BacktestConfig, series: Series) -> Request:
    """Return what `config` asks for of `series`.

    Raises:
        RunError: the strategy, a parameter, the range or the number of chunks is wrong.
    """
    create(config.strategy, config.parameters)
    first, stop = series.span(config.start_date, config.end_date)
    most = min(stop - first, MOST_CHUNKS)
    if config.chunks is not None and config.chunks > most:
        raise RunError(f"chunks {config.chunks:,} is too many; these {stop - first:,} bars can be cut into {most:,}")
    return Request(series, first, stop)


def chunks_of(config: BacktestConfig, request: Request, workers: int) -> list[Chunk]:
    """Cut the range that `request` found, for `workers` that can run at once."""
    lookback = create(config.strategy, config.parameters).lookback
    return cut(request.stop - request.first, lookback, workers, config.chunks)


def account_of(config: BacktestConfig) -> Account:
    """Return the account that `config` trades with."""
    return Account(
        capital=config.start_capital,
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
