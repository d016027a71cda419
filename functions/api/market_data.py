"""Market data: the series of the data lake, their bars, and the symbols of the feed."""

from functions.api.operation import Area, Call
from tickfold.protocol import AddFeedSymbols, Feed, ListFeed, RemoveFeedSymbols
from tickfold.protocol.market_data import FeedPage, FeedTerms
from tickfold.protocol.series import BarsWindow, FeedSymbolName, SeriesList, SeriesName, SeriesPage
from tickfold.protocol.windows import Window

area = Area("market-data", "The series of the data lake and their bars; the symbols that the feed fetches.")


@area.operation("GET", "/v1/series", answer=SeriesList)
def list_series(call: Call, query: SeriesPage) -> SeriesList:
    """List the series of the data lake, by symbol and timeframe."""
    return call.services.series_reader.list(query)


@area.operation("GET", "/v1/series/{symbol}/{timeframe}/bars", answer=BarsWindow, refusals=("not_found",))
def get_bars(call: Call, path: SeriesName, query: Window) -> BarsWindow:
    """Get a window of a series' bars, combined to as many as you ask for; minutes of the feed included."""
    return call.services.series_reader.window(path.symbol, path.timeframe, query)


@area.operation("GET", "/v1/feed", answer=Feed)
def list_feed(call: Call, query: FeedPage) -> str:
    """List the symbols that the feed fetches, by name."""
    return call.reply_to(ListFeed(after=query.after), call.services.symbols.feed)


@area.operation("PUT", "/v1/feed/symbols/{symbol}", answer=Feed, refusals=("limit",))
def add_feed_symbol(call: Call, path: FeedSymbolName, body: FeedTerms) -> str:
    """Have the feed fetch a symbol from its next tick on. Idempotent."""
    return call.reply_to(AddFeedSymbols(symbols=[path.symbol], market=body.market), call.services.symbols.feed)


@area.operation("DELETE", "/v1/feed/symbols/{symbol}", answer=Feed)
def remove_feed_symbol(call: Call, path: FeedSymbolName) -> str:
    """Have the feed fetch a symbol no longer; its bars stay. Idempotent."""
    return call.reply_to(RemoveFeedSymbols(symbols=[path.symbol]), call.services.symbols.feed)
