"""Series: which there are, and their bars by window."""

from typing import Annotated, Final, NamedTuple

from pydantic import BeforeValidator, Field

from tickfold.engine.timeframe import TIMEFRAME_PATTERN
from tickfold.protocol.backtest_config import parse_timeframe
from tickfold.protocol.symbol import Symbol
from tickfold.protocol.wire import Wire

MOST_SERIES: Final = 200


class SeriesPage(Wire):
    """Which page of the series, by symbol and timeframe."""

    after: Annotated[
        str | None, Field(max_length=80, description="`next` of the previous answer, to get the following page.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=MOST_SERIES, description="Maximum number of series in the answer.")] = 100


class SeriesSummary(Wire):
    """A series in the data lake."""

    symbol: str
    timeframe: str
    source: Annotated[str, Field(description="The file or the providers that the bars are from.")]
    bars: Annotated[int, Field(ge=1)]
    first: Annotated[int, Field(description="Start of the first bar, in milliseconds since 1970 UTC.")]
    last: Annotated[int, Field(description="Start of the last bar, in milliseconds since 1970 UTC.")]
    adjustment: Annotated[
        str | None, Field(description="What prices are adjusted for: raw, splits or all; null: as they were loaded.")
    ]


class SeriesList(Wire):
    """A page of the series in the data lake, by symbol and timeframe."""

    series: list[SeriesSummary]
    next: Annotated[str | None, Field(description="`after` of the next page; null on the last.")]


class SeriesName(Wire):
    """A series."""

    symbol: Annotated[Symbol, Field(description="The symbol; a slash in it may be written as it is.")]
    timeframe: Annotated[
        str, Field(pattern=TIMEFRAME_PATTERN, description="Such as 1m, 1h, 1d, 1mo."), BeforeValidator(parse_timeframe)
    ]


class FeedSymbolName(Wire):
    """A symbol of the feed."""

    symbol: Annotated[Symbol, Field(description="The symbol; a slash in it may be written as it is.")]


class Candle(NamedTuple):
    """Consecutive bars as one, as an array: the first's start in milliseconds since 1970 UTC and its open, the highest
    high, the lowest low, the last's close, and all their volume."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class BarsWindow(Wire):
    """A window of a series' bars, those that the feed has stored last included.

    Combined only if it has more bars than points were asked for: `barsEach` consecutive bars are then one; the first
    and the last one may be of fewer.
    """

    symbol: str
    timeframe: str
    bars: Annotated[int, Field(ge=0, description="Bars in the window.")]
    bars_each: Annotated[int, Field(ge=1, description="Bars that are combined into one: a power of two.")]
    candles: Annotated[
        list[Candle],
        Field(
            description="Arrays: start of the first bar in milliseconds since 1970 UTC, its open, the highest high, "
            "the lowest low, the close of the last bar, the sum of the volumes."
        ),
    ]
