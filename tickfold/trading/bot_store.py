"""The bots of portfolios in the trading table: one item each, its definition and its state after its last step.

Items are written by transactions of the portfolio's journal only, which the portfolio's revision guards; so a bot is
never ahead of its portfolio, nor behind.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from tickfold.market_data.feed.feed_state import iso, number
from tickfold.market_data.series import utc
from tickfold.portfolios.store import partition_of
from tickfold.storage.dynamodb import Write
from tickfold.storage.query import query_all
from tickfold.trading.bot import Bot
from tickfold.trading.bot_state import BotState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_BOT = "bot#"


@dataclass(frozen=True)
class StoredBot:
    """A bot, and its state as bytes: who cannot read the state can still say so."""

    bot: Bot
    state: bytes


class BotStore:
    """The bots of all portfolios."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def of(self, portfolio: str) -> Iterator[StoredBot]:
        """Yield the bots of a portfolio by id, those that have ended included."""
        condition = Key("portfolio").eq(partition_of(portfolio)) & Key("entry").begins_with(_BOT)
        return map(_stored, query_all(self._table, KeyConditionExpression=condition, ConsistentRead=True))

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
    """Return the item of a bot; beside its state it has what people and SQL read."""
    return {
        **_key(bot),
        "definition": _definition(bot),
        "status": bot.status,
        "state": state.encoded(),
        "last_bar": iso(utc(max(state.last_bar, 0))),
        "equity": number(state.equity),
        "cash": number(state.cash),
        "shares": number(state.shares),
        "trades": state.trades,
    }


def _key(bot: Bot) -> dict[str, str]:
    return {"portfolio": partition_of(bot.portfolio), "entry": f"{_BOT}{bot.bot}"}


def _definition(bot: Bot) -> str:
    return bot.model_dump_json(by_alias=True)


def _stored(item: Mapping[str, Any]) -> StoredBot:
    return StoredBot(Bot.model_validate(json.loads(item["definition"])), bytes(item["state"]))
