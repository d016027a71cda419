"""The bots of portfolios in the trading table: one item each, its definition and its state after its last step.

Items are written by transactions of the portfolio's journal only, which the portfolio's revision guards; so a bot is
never ahead of its portfolio, nor behind.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from boto3.dynamodb.conditions import Key

from tickfold.market_data.feed.feed_state import number
from tickfold.portfolios.keys import partition_of
from tickfold.storage.dynamodb import Write
from tickfold.storage.query import query_all
from tickfold.trading.bot import Bot
from tickfold.trading.bot_state import BotState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_BOT = "bot#"


@dataclass(frozen=True)
class BotFigures:
    """What people and SQL read of a bot's state. Dollars; of a stopped bot, what it had at its end.

    Attributes:
        last_bar: the start of its last bar, in milliseconds since 1970 UTC; None before its first.
        bars: how many it has stepped.
        equity: its cash and shares at the last bar's close.
        cash: dollars.
        shares: negative when short.
        entry_price: what was paid or received for each of them; 0 if it holds none.
        trades: how many were closed.
        peak: the most that it was worth since its losses count.
        day_start: what it was worth before the first bar of its last day.
    """

    last_bar: int | None
    bars: int
    equity: float
    cash: float
    shares: float
    entry_price: float
    trades: int
    peak: float
    day_start: float

    @classmethod
    def of(cls, state: BotState) -> Self:
        """Return the figures of a state."""
        return cls(
            last_bar=state.last_bar // 1_000 if state.run.bars else None,
            bars=state.run.bars,
            equity=state.equity,
            cash=state.cash,
            shares=state.shares,
            entry_price=state.entry_price,
            trades=state.trades,
            peak=state.peak,
            day_start=state.day_start,
        )


@dataclass(frozen=True)
class StoredBot:
    """A bot, its figures, and its state as bytes: who cannot read the state can still say so."""

    bot: Bot
    figures: BotFigures
    state: bytes


class BotStore:
    """The bots of all portfolios."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def of(self, portfolio: str) -> Iterator[StoredBot]:
        """Yield the bots of a portfolio by id, those that have ended included."""
        condition = Key("portfolio").eq(partition_of(portfolio)) & Key("entry").begins_with(_BOT)
        return map(_stored, query_all(self._table, KeyConditionExpression=condition, ConsistentRead=True))

    def get(self, portfolio: str, bot: str) -> StoredBot | None:
        """Return a bot of a portfolio, or None."""
        key = {"portfolio": partition_of(portfolio), "entry": f"{_BOT}{bot}"}
        item = self._table.get_item(Key=key, ConsistentRead=True).get("Item")
        return _stored(item) if item else None

    def put(self, bot: Bot, state: BotState) -> Write:
        """Return the write that stores a bot, as part of a transaction."""
        return {"Put": {"TableName": self._table.name, "Item": bot_row(bot, state)}}

    def put_definition(self, bot: Bot) -> Write:
        """Return the write that stores a bot whose state stays as it is."""
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": _key(bot),
                "UpdateExpression": "SET #definition = :definition, #status = :status",
                "ExpressionAttributeNames": {"#definition": "definition", "#status": "status"},
                "ExpressionAttributeValues": {":definition": _definition(bot), ":status": bot.status},
            }
        }


def bot_row(bot: Bot, state: BotState) -> dict[str, Any]:
    """Return the item of a bot; beside its state it has the figures."""
    figures = asdict(BotFigures.of(state))
    return {
        **_key(bot),
        "definition": _definition(bot),
        "status": bot.status,
        "state": state.encoded(),
        **{name: number(value) if isinstance(value, float) else value for name, value in figures.items()},
    }


def _key(bot: Bot) -> dict[str, str]:
    return {"portfolio": partition_of(bot.portfolio), "entry": f"{_BOT}{bot.bot}"}


def _definition(bot: Bot) -> str:
    return bot.model_dump_json(by_alias=True)


def _stored(item: Mapping[str, Any]) -> StoredBot:
    figures = BotFigures(
        last_bar=None if item["last_bar"] is None else int(item["last_bar"]),
        bars=int(item["bars"]),
        equity=float(item["equity"]),
        cash=float(item["cash"]),
        shares=float(item["shares"]),
        entry_price=float(item["entry_price"]),
        trades=int(item["trades"]),
        peak=float(item["peak"]),
        day_start=float(item["day_start"]),
    )
    return StoredBot(Bot.model_validate(json.loads(item["definition"])), figures, bytes(item["state"]))
