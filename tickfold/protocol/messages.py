"""Every message from the server, and how one is parsed.

A run's messages carry its id and a sequence number, a symbol's bars their symbol and theirs, and so do the entries of a
portfolio's journal. Amounts are dollars,
ratios fractions (0.21, not 21), dates UTC days, times milliseconds since 1970 UTC.
"""

from typing import Annotated, get_args

from pydantic import Field, TypeAdapter

from tickfold.protocol.alerts import Alert, AlertAnswer
from tickfold.protocol.backtests import (
    Accepted,
    Cancelled,
    Failed,
    Fetching,
    Partial,
    Planned,
    Progress,
    Reopened,
    Result,
    Resumed,
    Runs,
)
from tickfold.protocol.bots import BotAnswer
from tickfold.protocol.connection import Error, IdentityMessage, Pong
from tickfold.protocol.journal import JournalEntry
from tickfold.protocol.market_data import Feed, SymbolBars
from tickfold.protocol.portfolios import (
    JournalPage,
    OrdersState,
    OrderState,
    Portfolios,
    PortfolioState,
    TradesState,
)
from tickfold.protocol.subscriptions import Subscribed, Unsubscribed
from tickfold.protocol.sweeps import Sweep, WalkForward
from tickfold.protocol.wire import Message

RunEvent = (
    Accepted | Fetching | Planned | Progress | Partial | Sweep | WalkForward | Result | Failed | Cancelled | Reopened
)
Final = Result | Failed | Cancelled
"""A run's last message; only `reopened` may follow `failed`."""
PortfolioAnswer = PortfolioState | Portfolios | OrderState | OrdersState | TradesState | JournalPage
Answer = (
    Resumed
    | Runs
    | Subscribed
    | Unsubscribed
    | Feed
    | PortfolioAnswer
    | BotAnswer
    | AlertAnswer
    | IdentityMessage
    | Error
    | Pong
)
ServerMessage = RunEvent | SymbolBars | JournalEntry | Alert | Answer
MESSAGES: tuple[type[Message], ...] = get_args(ServerMessage)
_SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(Annotated[ServerMessage, Field(discriminator="type")])


def parse_message(text: str | bytes) -> ServerMessage:
    """Parse a message from the server.

    Raises:
        ValidationError: it is not a message of this version.
    """
    return _SERVER_MESSAGE.validate_json(text)
