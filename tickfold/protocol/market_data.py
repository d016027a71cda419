"""Market data: the bars that the feed pushes to the subscribers of a symbol, and the symbols that it fetches."""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from tickfold.protocol.symbol import Symbol
from tickfold.protocol.wire import ClientRequest, Message, Wire

Market = Literal["XNYS", "24/7"]
MOST_FEED_SYMBOLS = 50
"""Symbols that one request may name."""


class PushedBar(NamedTuple):
    """One bar, as an array: its start in milliseconds since 1970 UTC, prices in dollars, shares, and its indicators.

    `sma9` is null for the first eight bars of a series, `vwap` before any volume of the session.
    """

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    sma9: float | None
    vwap: float | None


class SymbolBars(Message):
    """Bars of a subscribed symbol, in order: one as soon as it is stored, or many for a late subscriber.

    `sequence` is the number of the last of them; those of a series are 1, 2, 3 … without gaps.
    """

    type: Literal["bars"] = "bars"
    symbol: str
    timeframe: str
    first: Annotated[int, Field(ge=1, description="The number of the first of these bars.")]
    bars: Annotated[
        list[PushedBar],
        Field(
            description="`time` is the bar's start in milliseconds since 1970 UTC, prices are in dollars. `sma9` is "
            "the mean of the last nine closes, null for the first eight bars of a series; `vwap` is the session's "
            "volume-weighted average price, null before any volume."
        ),
    ]


class FeedPage(Wire):
    """Which page of the symbols that the feed fetches, by name."""

    after: Annotated[Symbol | None, Field(description="`next` of the previous reply, to get the following page.")] = (
        None
    )


class ListFeed(FeedPage, ClientRequest):
    """Get the symbols that the feed fetches, by name. Reply: `feed`."""

    type: Literal["list_feed"] = "list_feed"


class FeedTerms(Wire):
    """How the feed fetches a symbol."""

    market: Annotated[
        Market, Field(description="When they trade: sessions of the New York Stock Exchange, or around the clock.")
    ] = "XNYS"


class AddFeedSymbols(FeedTerms, ClientRequest):
    """Have the feed fetch these symbols from its next tick on. Idempotent. Reply: `feed`."""

    type: Literal["add_feed_symbols"] = "add_feed_symbols"
    symbols: Annotated[list[Symbol], Field(min_length=1, max_length=MOST_FEED_SYMBOLS)]


class RemoveFeedSymbols(ClientRequest):
    """Have the feed fetch these symbols no longer; their bars stay. Idempotent. Reply: `feed`."""

    type: Literal["remove_feed_symbols"] = "remove_feed_symbols"
    symbols: Annotated[list[Symbol], Field(min_length=1, max_length=MOST_FEED_SYMBOLS)]


class FeedSymbol(Wire):
    """A symbol that the feed fetches, and how far it is."""

    symbol: str
    market: Market
    timeframe: str
    last_bar: Annotated[int | None, Field(description="Start of its last bar, in milliseconds since 1970 UTC.")]
    sequence: Annotated[int, Field(ge=0, description="The number of its last bar.")]
    provider: Annotated[str | None, Field(description="Who gave the last bar.")]
    quarantined: Annotated[int, Field(ge=0, description="Bars that were held back, since they cannot be right.")]


class Feed(Message):
    """The symbols that the feed fetches, by name."""

    type: Literal["feed"] = "feed"
    symbols: list[FeedSymbol]
    next: Annotated[str | None, Field(description="`after` of the request for the next page; null on the last.")] = None
