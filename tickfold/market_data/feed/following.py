"""Following symbols: subscribing to their bars, and choosing which symbols the feed fetches."""

from dataclasses import dataclass
from typing import Final, assert_never

from tickfold.errors import RunError
from tickfold.market_data.feed.bar_messages import joined
from tickfold.market_data.feed.feed_state import FeedState
from tickfold.market_data.feed.hot_store import HotStore, message_of
from tickfold.market_data.feed.minute_bar import TIMEFRAME
from tickfold.market_data.feed.watch_list import Watched, WatchList
from tickfold.protocol import (
    AddFeedSymbols,
    Feed,
    FeedRequest,
    FeedSymbol,
    ListFeed,
    RemoveFeedSymbols,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
    dump,
)
from tickfold.protocol.symbol import parse_symbol
from tickfold.realtime import topics
from tickfold.realtime.caller import Caller
from tickfold.realtime.connections import Subscriptions
from tickfold.realtime.message_size import fitting

_BYTES_BESIDE_SYMBOLS: Final = 1_000


@dataclass(frozen=True)
class SymbolFollower:
    """Carries out the requests about symbols of the feed."""

    bars: HotStore
    watch_list: WatchList
    connections: Subscriptions

    def subscribe(self, caller: Caller, request: Subscribe) -> None:
        """Subscribe the caller to a symbol, and send the bars so far; later ones may come twice.

        Raises:
            RunError: the feed does not know the symbol, or has fewer bars than the caller says.
        """
        symbol = parse_symbol(request.id or "")
        state = self._state(symbol)
        if request.after is not None and request.after > state.sequence:
            raise RunError(
                f"after is {request.after:,}, but the last bar of {symbol} has number {state.sequence:,}; "
                "subscribe without after",
                "invalid",
            )
        self.connections.subscribe(caller.connection_id, caller.user, topics.of_symbol(symbol, TIMEFRAME))
        # Read after subscribing: what is stored from now on is delivered, what was stored before is sent from here.
        after = request.after
        bars = self.bars.last_session(symbol) if after is None else [*self.bars.bars_after(symbol, after)]
        after, last = (bars[0].sequence - 1, bars[-1].sequence) if bars else (state.sequence, state.sequence)
        caller.reply(Subscribed(topic="symbol", id=symbol, after=after, last_sequence=last))
        for text in joined(dump(message_of(symbol, [bar])) for bar in bars):
            if not caller.send(text):
                return

    def unsubscribe(self, caller: Caller, request: Unsubscribe) -> None:
        """Remove the caller's subscription to a symbol. Idempotent."""
        symbol = parse_symbol(request.id or "")
        self.connections.unsubscribe(caller.connection_id, topics.of_symbol(symbol, TIMEFRAME))
        caller.reply(Unsubscribed(topic="symbol", id=symbol))

    def feed(self, caller: Caller, request: FeedRequest) -> None:
        """Change which symbols the feed fetches, if that is requested, and send those that it fetches.

        Raises:
            RunError: they would be more than it can fetch.
        """
        match request:
            case AddFeedSymbols():
                self.watch_list.add(request.symbols, request.market, caller.user.user_id)
            case RemoveFeedSymbols():
                self.watch_list.remove(request.symbols)
            case ListFeed():
                pass
            case _:
                assert_never(request)
        self._send_feed(caller, after=(request.after if isinstance(request, ListFeed) else None) or "")

    def _state(self, symbol: str) -> FeedState:
        state = self.bars.state(symbol)
        if not state.sequence:
            self.watch_list.watched(symbol)
        return state

    def _send_feed(self, caller: Caller, after: str) -> None:
        """Send the symbols that follow `after`, as many as fit into a message."""
        watched = [each for each in self.watch_list.all() if each.symbol > after]
        states = self.bars.states([each.symbol for each in watched])
        listed = fitting((_listed(each, states[each.symbol]) for each in watched), reserved=_BYTES_BESIDE_SYMBOLS)
        following = listed[-1].symbol if len(listed) < len(watched) else None
        caller.reply(Feed(symbols=listed, next=following))


def _listed(watched: Watched, state: FeedState) -> FeedSymbol:
    return FeedSymbol(
        symbol=watched.symbol,
        market=watched.market,
        timeframe=TIMEFRAME,
        last_bar=int(state.last_time.timestamp()) * 1_000 if state.last_time else None,
        sequence=state.sequence,
        provider=state.provider,
        quarantined=state.quarantined,
    )
