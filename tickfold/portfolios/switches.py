"""The switches of trading: settings of the stack that a person changes without a deployment, and who changed them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from boto3.dynamodb.conditions import Key

from tickfold.errors import RunError
from tickfold.storage.dynamodb import transact
from tickfold.storage.query import query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

SwitchName = Literal["TRADING_ENABLED", "PAPER_TRADING"]
TRADING_ENABLED: Final = "TRADING_ENABLED"
"""Whether orders that open positions are taken. Those that work go on, and positions can be closed."""
PAPER_TRADING: Final = "PAPER_TRADING"
"""Whether orders fill on paper."""

_PARTITION = "configuration"
_CHANGE = "change#"


@dataclass(frozen=True)
class Switch:
    """A change of a switch: who set it, when, from what and to what."""

    name: str
    before: bool
    after: bool
    by: str
    time: datetime


class Switches:
    """The switches, in the trading table. One that was never set is on."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def read(self) -> dict[SwitchName, bool]:
        """Return each switch."""
        return {TRADING_ENABLED: self._is_on(TRADING_ENABLED), PAPER_TRADING: self._is_on(PAPER_TRADING)}

    def check_orders(self) -> None:
        """Check that orders may be placed.

        Raises:
            RunError: trading is switched off, or is to be no paper trading, for which there is no broker.
        """
        switches = self.read()
        if not switches[TRADING_ENABLED]:
            reason = "trading is switched off in this stack (TRADING_ENABLED): only orders that close are taken"
            raise RunError(reason, "conflict")
        if not switches[PAPER_TRADING]:
            reason = "paper trading is switched off in this stack (PAPER_TRADING), and it has no broker"
            raise RunError(reason, "conflict")

    def set(self, name: SwitchName, value: bool, by: str) -> None:
        """Set a switch, and record who did. Idempotent: a value that it has already is no change."""
        before = self._is_on(name)
        if before == value:
            return
        time = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        change = {"name": name, "from": before, "to": value, "by": by, "time": time}
        rows = [_key(name) | {"value": value}, _key(f"{_CHANGE}{time}#{name}") | change]
        transact(self._table, [{"Put": {"TableName": self._table.name, "Item": row}} for row in rows])

    def changes(self) -> Iterator[Switch]:
        """Yield all changes, the latest first."""
        condition = Key("portfolio").eq(_PARTITION) & Key("entry").begins_with(_CHANGE)
        rows = query_all(self._table, KeyConditionExpression=condition, ScanIndexForward=False, ConsistentRead=True)
        return map(_switch, rows)

    def _is_on(self, name: str) -> bool:
        item = self._table.get_item(Key=_key(name), ConsistentRead=True).get("Item")
        return bool(item["value"]) if item else True


def _key(entry: str) -> dict[str, Any]:
    return {"portfolio": _PARTITION, "entry": entry}


def _switch(row: Mapping[str, Any]) -> Switch:
    return Switch(row["name"], bool(row["from"]), bool(row["to"]), row["by"], datetime.fromisoformat(row["time"]))
