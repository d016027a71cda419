"""The messages between a client and Tickfold, version 1: requests, replies, the messages of runs, and bars.

Each area has a file with its requests and its messages; `requests` and `messages` assemble them and parse.
"""

from typing import TYPE_CHECKING

from tickfold.lazy_names import lazy_names

if TYPE_CHECKING:
    from tickfold.protocol.backtest_config import BacktestConfig
    from tickfold.protocol.backtests import (
        Accepted,
        Cancel,
        Cancelled,
        Failed,
        GetResult,
        ListRuns,
        NoTrades,
        Partial,
        Planned,
        Progress,
        Reopened,
        Result,
        Resume,
        Resumed,
        Runs,
        RunSummary,
        Stage,
        StartBacktest,
        Status,
        SymbolResult,
    )
    from tickfold.protocol.config import TAGS, Config, parse_config
    from tickfold.protocol.connection import Error, IdentityMessage, Ping, Pong, Whoami
    from tickfold.protocol.costs import CommissionTerms
    from tickfold.protocol.frame import MAX_MESSAGE_BYTES, MAX_REQUEST_BYTES
    from tickfold.protocol.market_data import (
        AddFeedSymbols,
        Feed,
        FeedSymbol,
        ListFeed,
        Market,
        PushedBar,
        RemoveFeedSymbols,
        SymbolBars,
    )
    from tickfold.protocol.messages import MESSAGES, Answer, Final, RunEvent, ServerMessage, parse_message
    from tickfold.protocol.metrics import HEADLINE_METRICS
    from tickfold.protocol.parameters import Number, Range
    from tickfold.protocol.requests import REQUESTS, FeedRequest, Request, RequestError, parse_request
    from tickfold.protocol.sizing import SizingTerms
    from tickfold.protocol.stock import MOST_SYMBOLS, Allocation
    from tickfold.protocol.subscriptions import RunTopic, Subscribe, Subscribed, Topic, Unsubscribe, Unsubscribed
    from tickfold.protocol.sweep_config import SweepConfig, Windows
    from tickfold.protocol.sweeps import Ranked, Sample, StartSweep, Sweep, WalkForward, WindowOutcome
    from tickfold.protocol.symbol import SYMBOL_PATTERN
    from tickfold.protocol.wire import (
        LONGEST_REASON,
        VERSION,
        Message,
        PortfolioId,
        RunId,
        dump,
    )
else:
    __getattr__, __dir__ = lazy_names(
        globals(),
        {
            "backtest_config": ("BacktestConfig",),
            "backtests": (
                "Accepted",
                "Cancel",
                "Cancelled",
                "Failed",
                "GetResult",
                "ListRuns",
                "NoTrades",
                "Partial",
                "Planned",
                "Progress",
                "Reopened",
                "Result",
                "Resume",
                "Resumed",
                "Runs",
                "RunSummary",
                "Stage",
                "StartBacktest",
                "Status",
                "SymbolResult",
            ),
            "config": ("TAGS", "Config", "parse_config"),
            "connection": ("Error", "IdentityMessage", "Ping", "Pong", "Whoami"),
            "costs": ("CommissionTerms",),
            "frame": ("MAX_MESSAGE_BYTES", "MAX_REQUEST_BYTES"),
            "market_data": (
                "AddFeedSymbols",
                "Feed",
                "FeedSymbol",
                "ListFeed",
                "Market",
                "PushedBar",
                "RemoveFeedSymbols",
                "SymbolBars",
            ),
            "messages": ("MESSAGES", "Answer", "Final", "RunEvent", "ServerMessage", "parse_message"),
            "metrics": ("HEADLINE_METRICS",),
            "parameters": ("Number", "Range"),
            "requests": ("REQUESTS", "FeedRequest", "Request", "RequestError", "parse_request"),
            "sizing": ("SizingTerms",),
            "stock": ("MOST_SYMBOLS", "Allocation"),
            "subscriptions": ("RunTopic", "Subscribe", "Subscribed", "Topic", "Unsubscribe", "Unsubscribed"),
            "sweep_config": ("SweepConfig", "Windows"),
            "sweeps": ("Ranked", "Sample", "StartSweep", "Sweep", "WalkForward", "WindowOutcome"),
            "symbol": ("SYMBOL_PATTERN",),
            "wire": (
                "LONGEST_REASON",
                "VERSION",
                "Message",
                "PortfolioId",
                "RunId",
                "dump",
            ),
        },
    )

__all__ = [
    "HEADLINE_METRICS",
    "LONGEST_REASON",
    "MAX_MESSAGE_BYTES",
    "MAX_REQUEST_BYTES",
    "MESSAGES",
    "MOST_SYMBOLS",
    "REQUESTS",
    "SYMBOL_PATTERN",
    "TAGS",
    "VERSION",
    "Accepted",
    "AddFeedSymbols",
    "Allocation",
    "Answer",
    "BacktestConfig",
    "Cancel",
    "Cancelled",
    "CommissionTerms",
    "Config",
    "Error",
    "Failed",
    "Feed",
    "FeedRequest",
    "FeedSymbol",
    "Final",
    "GetResult",
    "IdentityMessage",
    "ListFeed",
    "ListRuns",
    "Market",
    "Message",
    "NoTrades",
    "Number",
    "Partial",
    "Ping",
    "Planned",
    "Pong",
    "PortfolioId",
    "Progress",
    "PushedBar",
    "Range",
    "Ranked",
    "RemoveFeedSymbols",
    "Reopened",
    "Request",
    "RequestError",
    "Result",
    "Resume",
    "Resumed",
    "RunEvent",
    "RunId",
    "RunSummary",
    "RunTopic",
    "Runs",
    "Sample",
    "ServerMessage",
    "SizingTerms",
    "Stage",
    "StartBacktest",
    "StartSweep",
    "Status",
    "Subscribe",
    "Subscribed",
    "Sweep",
    "SweepConfig",
    "SymbolBars",
    "SymbolResult",
    "Topic",
    "Unsubscribe",
    "Unsubscribed",
    "WalkForward",
    "Whoami",
    "WindowOutcome",
    "Windows",
    "dump",
    "parse_config",
    "parse_message",
    "parse_request",
]
