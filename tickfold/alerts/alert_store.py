"""The table of alerts: rules with their state, who watches what, the alerts so far, and preferences.

A rule's state and the alerts that it gives are written in one transaction, on condition that nobody has changed the
state since it was read; an alert has a key of its own. So each is recorded once, however often its bar is evaluated.
The table's stream delivers it to the owner's browsers, and by the other channels.

Of a portfolio that rules watch there is also what it was at the last entry of its journal that they were evaluated on:
what follows is told by its journal.
"""

import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from boto3.dynamodb.conditions import Attr, Key

from tickfold.alerts import watched
from tickfold.alerts.observation import PORTFOLIOS, of_portfolio
from tickfold.alerts.rule import Rule, RuleState
from tickfold.protocol.alerts import Alert, AlertTerms, PortfolioCondition, Preferences
from tickfold.protocol.portfolios import Portfolio
from tickfold.realtime import topics
from tickfold.realtime.message_size import encode
from tickfold.storage.dynamodb import ConditionFailedError, Write, transact, update
from tickfold.storage.query import get_all, query_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

EmailState = Literal["none", "unconfirmed", "confirmed", "unsubscribed"]

ALERTS_LIVE_SECONDS: Final = 400 * 24 * 3_600
MOST_ALERTS_AT_ONCE: Final = 50
"""Alerts of one rule that are recorded in one transaction, which has at most 100 writes."""
_IS_NEW = "attribute_not_exists(entry)"
_RULE, _ALERT, _PREFERENCES, _EVALUATED = watched.RULE, "alert#", "preferences", "evaluated"


@dataclass(frozen=True)
class UserPreferences:
    """How a user wants alerts, whether the e-mail address is confirmed, and the key that signs the user's links.

    `confirmations` are the messages that were sent on `confirmed_on`, an ISO date, to have an address confirmed.
    """

    preferences: Preferences = field(default_factory=Preferences)
    email_state: EmailState = "none"
    link_key: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    confirmed_on: str = ""
    confirmations: int = 0


@dataclass(frozen=True)
class Standing:
    """A rule and its state, as of `revision`."""

    rule: Rule
    state: RuleState
    revision: int = 1


@dataclass(frozen=True)
class RecordedAlert:
    """An alert of the history: its key in the table, its message, by which channels it goes, and what became of it."""

    owner: str
    alert: Alert
    channels: tuple[str, ...]
    deliveries: Mapping[str, str] = field(default_factory=dict)

    @property
    def entry(self) -> str:
        """The sort key: alerts sort by time."""
        return f"{_ALERT}{self.alert.at:015d}#{self.alert.alert_id}"


class AlertStore:
    """The table of alerts."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    # --- preferences -------------------------------------------------------------------------------------------------

    def preferences(self, owner: str) -> UserPreferences:
        """Return how a user wants alerts; the defaults, with a new key, of a user who has not said."""
        item = self._table.get_item(Key=_key(owner, _PREFERENCES), ConsistentRead=True).get("Item")
        return _preferences(item) if item else UserPreferences()

    def set_preferences(self, owner: str, wanted: UserPreferences) -> None:
        """Store how a user wants alerts."""
        row = asdict(wanted) | {"preferences": _json(wanted.preferences)}
        self._table.put_item(Item={**_key(owner, _PREFERENCES), **row})

    def set_email_state(self, owner: str, email: str, state: EmailState) -> bool:
        """Set whether a user's address is confirmed; return False if it is another address by now."""
        known = self.preferences(owner)
        if known.preferences.email != email:
            return False
        try:
            update(
                self._table,
                Key=_key(owner, _PREFERENCES),
                UpdateExpression="SET email_state = :state",
                ConditionExpression=Attr("link_key").eq(known.link_key) & Attr("preferences").exists(),
                ExpressionAttributeValues={":state": state},
            )
        except self._table.meta.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    # --- rules -------------------------------------------------------------------------------------------------------

    def create(self, standing: Standing) -> bool:
        """Store a new rule; return False if there is one of its id already."""
        try:
            transact(self._table, [self._put(_rule_row(standing), _IS_NEW), *self._watch(standing)])
        except ConditionFailedError:
            return False
        return True

    def change(self, before: Standing, after: Standing) -> bool:
        """Store a rule in place of `before`; return False if that has changed meanwhile."""
        gone = set(before.rule.sources) - set(after.rule.sources)
        row = _rule_row(replace(after, revision=before.revision + 1))
        put = self._put(row, "revision = :read", {":read": before.revision})
        try:
            transact(self._table, [put, *self._watch(after), *self._unwatch(before.rule, gone)])
        except ConditionFailedError:
            return False
        return True

    def delete(self, rule: Rule) -> None:
        """Delete a rule. Idempotent."""
        delete = {"Delete": {"TableName": self._table.name, "Key": _key(rule.owner, _RULE + rule.rule_id)}}
        transact(self._table, [delete, *self._unwatch(rule, rule.sources)])

    def rule(self, owner: str, rule_id: str) -> Standing | None:
        """Return a user's rule."""
        keys = [_key(owner, _RULE + rule_id), _key(owner, _PREFERENCES)]
        return next(iter(_standings(get_all(self._table, keys))), None)

    def rules_of(self, owner: str) -> list[Standing]:
        """Return a user's rules, by id."""
        condition = Key("holder").eq(_user(owner)) & Key("entry").begins_with(_RULE)
        items = [*query_all(self._table, KeyConditionExpression=condition, ConsistentRead=True)]
        preferences = self.preferences(owner).preferences
        return [_standing(item, preferences) for item in items]

    def watching(self, source: str) -> list[Standing]:
        """Return the rules of all users that watch a source."""
        condition = Key("holder").eq(watched.partition_of(source))
        watches = query_all(self._table, KeyConditionExpression=condition, ConsistentRead=True)
        found = [(item["owner"], item["entry"]) for item in watches if item["entry"] != _EVALUATED]
        keys = [_key(owner, entry) for owner, entry in found]
        return _standings(get_all(self._table, [*keys, *(_key(owner, _PREFERENCES) for owner, _ in found)]))

    def evaluated_to(self, source: str) -> int:
        """Return the number of the last bar of a source that the rules were evaluated on; 0 if none was."""
        key = {"holder": watched.partition_of(source), "entry": _EVALUATED}
        item = self._table.get_item(Key=key, ConsistentRead=True).get("Item")
        return int(str(item["number"])) if item else 0

    def note_evaluated(self, source: str, number: int) -> None:
        """Note the number of a bar that the rules were evaluated on, unless a later one is noted."""
        with suppress(self._table.meta.client.exceptions.ConditionalCheckFailedException):
            update(
                self._table,
                Key={"holder": watched.partition_of(source), "entry": _EVALUATED},
                UpdateExpression="SET #number = :number",
                ConditionExpression="attribute_not_exists(#number) OR #number < :number",
                ExpressionAttributeNames={"#number": "number"},
                ExpressionAttributeValues={":number": number},
            )

    # --- portfolios --------------------------------------------------------------------------------------------------

    def follow(self, portfolio: Portfolio) -> None:
        """Have a portfolio's journal evaluated from what it is now, unless rules watch it already.

        To be called with what was read before a rule on it is made.
        """
        if not self.watches(of_portfolio(portfolio.portfolio)):
            self.note_evaluated_portfolio(portfolio)

    def watches(self, source: str) -> bool:
        """Return whether any rule watches a source."""
        return watched.is_watched(self._table, source)

    def watched_portfolios(self) -> list[str]:
        """Return the ids of the portfolios that rules watch."""
        conditions = [each.rule.terms.condition for each in self.watching(PORTFOLIOS)]
        return sorted({each.portfolio for each in conditions if isinstance(each, PortfolioCondition)})

    def evaluated_portfolio(self, portfolio: str) -> Portfolio | None:
        """Return a portfolio as of the last entry of its journal that the rules were evaluated on; None if of none."""
        key = {"holder": watched.partition_of(of_portfolio(portfolio)), "entry": _EVALUATED}
        item = self._table.get_item(Key=key, ConsistentRead=True).get("Item")
        return Portfolio.model_validate_json(str(item["body"])) if item else None

    def note_evaluated_portfolio(self, portfolio: Portfolio) -> None:
        """Note a portfolio as of an entry that the rules were evaluated on, unless a later one is noted."""
        key = {"holder": watched.partition_of(of_portfolio(portfolio.portfolio)), "entry": _EVALUATED}
        with suppress(self._table.meta.client.exceptions.ConditionalCheckFailedException):
            self._table.put_item(
                Item={**key, "number": portfolio.revision, "body": portfolio.model_dump_json(by_alias=True)},
                ConditionExpression=Attr("number").not_exists() | Attr("number").lt(portfolio.revision),
            )

    # --- alerts ------------------------------------------------------------------------------------------------------

    def advance(self, before: Standing, state: RuleState, alerts: Sequence[RecordedAlert] = ()) -> None:
        """Store a rule's state, and the alerts that it gave on the way, all or nothing.

        Raises:
            ConditionFailedError: 0 is among its `writes` if the rule has changed meanwhile, else their positions from
                1 on are those of alerts that are recorded already.
        """
        change = {
            "Update": {
                "TableName": self._table.name,
                "Key": _key(before.rule.owner, _RULE + before.rule.rule_id),
                "UpdateExpression": "SET #state = :state, revision = :next",
                "ConditionExpression": "revision = :read",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": {
                    ":state": _state_text(state),
                    ":read": before.revision,
                    ":next": before.revision + 1,
                },
            }
        }
        transact(self._table, [change, *(self._put(_alert_row(each), _IS_NEW) for each in alerts)])

    def record(self, alert: RecordedAlert) -> None:
        """Record an alert that no rule gave: a test."""
        self._table.put_item(Item=_alert_row(alert))

    def alerts_of(self, owner: str, limit: int, before: str | None = None) -> tuple[list[RecordedAlert], str | None]:
        """Return a user's alerts, the latest first, and where the next page begins."""
        entries = Key("entry").begins_with(_ALERT) if before is None else Key("entry").between(_ALERT, before)
        found = query_all(
            self._table,
            KeyConditionExpression=Key("holder").eq(_user(owner)) & entries,
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit + 2,
        )
        recorded: list[RecordedAlert] = []
        for item in found:
            if item["entry"] != before:
                recorded.append(alert_in(item))
            if len(recorded) > limit:
                return recorded[:limit], recorded[limit - 1].entry
        return recorded, None

    def deliveries(self, alert: RecordedAlert) -> Mapping[str, str]:
        """Return what has become of an alert by now."""
        item: Mapping[str, Any] = self._table.get_item(Key=_key(alert.owner, alert.entry), ConsistentRead=True).get(
            "Item", {}
        )
        found: Mapping[str, str] = item.get("deliveries", {})
        return found

    def note_delivery(self, alert: RecordedAlert, channel: str, outcome: str) -> None:
        """Note what has become of an alert by a channel: `sent`, or why it was not."""
        update(
            self._table,
            Key=_key(alert.owner, alert.entry),
            UpdateExpression="SET deliveries.#channel = :outcome",
            ExpressionAttributeNames={"#channel": channel},
            ExpressionAttributeValues={":outcome": outcome},
        )

    # --- rows --------------------------------------------------------------------------------------------------------

    def _put(self, row: Mapping[str, Any], condition: str, values: Mapping[str, Any] | None = None) -> Write:
        put = {"TableName": self._table.name, "Item": row, "ConditionExpression": condition}
        return {"Put": put | ({"ExpressionAttributeValues": values} if values else {})}

    def _watch(self, standing: Standing) -> list[Write]:
        rule = standing.rule
        rows = [{**_watch_key(source, rule), "owner": rule.owner} for source in rule.sources]
        return [{"Put": {"TableName": self._table.name, "Item": row}} for row in rows]

    def _unwatch(self, rule: Rule, sources: Iterable[str]) -> list[Write]:
        return [{"Delete": {"TableName": self._table.name, "Key": _watch_key(source, rule)}} for source in sources]


def alert_in(row: Mapping[str, Any]) -> RecordedAlert:
    """Return the alert that a row of the table holds."""
    alert = Alert.model_validate_json(row["body"])
    return RecordedAlert(row["owner"], alert, tuple(row["channels"]), dict(row["deliveries"]))


def _alert_row(recorded: RecordedAlert) -> dict[str, Any]:
    """Return the row of an alert, with all that its delivery needs."""
    to_browser = [topics.of_alerts(recorded.owner)] if "browser" in recorded.channels else []
    return {
        **_key(recorded.owner, recorded.entry),
        "owner": recorded.owner,
        "body": encode(recorded.alert),
        "topics": to_browser,
        "channels": list(recorded.channels),
        "deliveries": dict(recorded.deliveries),
        "expires_at": int(time.time()) + ALERTS_LIVE_SECONDS,
    }


def _rule_row(standing: Standing) -> dict[str, Any]:
    rule = standing.rule
    return {
        **_key(rule.owner, _RULE + rule.rule_id),
        "owner": rule.owner,
        "rule_id": rule.rule_id,
        "terms": _json(rule.terms),
        "created_at": rule.created_at.isoformat(),
        "secret": rule.secret,
        "state": _state_text(standing.state),
        "revision": standing.revision,
    }


def _standings(items: Iterable[Mapping[str, Any]]) -> list[Standing]:
    """Return the rules among `items`, with their owners' preferences among them."""
    listed = sorted(items, key=lambda item: (item["holder"], item["entry"]))
    preferences = {item["holder"]: _preferences(item).preferences for item in listed if item["entry"] == _PREFERENCES}
    rules = (item for item in listed if item["entry"].startswith(_RULE))
    return [_standing(item, preferences.get(item["holder"], Preferences())) for item in rules]


def _standing(item: Mapping[str, Any], preferences: Preferences) -> Standing:
    rule = Rule(
        rule_id=item["rule_id"],
        owner=item["owner"],
        terms=AlertTerms.model_validate_json(item["terms"]),
        created_at=datetime.fromisoformat(item["created_at"]),
        preferences=preferences,
        secret=item["secret"],
    )
    return Standing(rule, _state(item["state"]), int(item["revision"]))


def _preferences(item: Mapping[str, Any]) -> UserPreferences:
    return UserPreferences(
        preferences=Preferences.model_validate_json(item["preferences"]),
        email_state=item["email_state"],
        link_key=item["link_key"],
        confirmed_on=item["confirmed_on"],
        confirmations=int(item["confirmations"]),
    )


def _state_text(state: RuleState) -> str:
    """Return a state as JSON, whose numbers are read back as the same floats."""
    return json.dumps(asdict(state) | {"fired_at": state.fired_at and state.fired_at.isoformat()})


def _state(text: str) -> RuleState:
    known = json.loads(text)
    return RuleState(
        armed=known["armed"],
        done=known["done"],
        fired=known["fired"],
        fired_at=datetime.fromisoformat(known["fired_at"]) if known["fired_at"] else None,
        numbers=tuple((source, number) for source, number in known["numbers"]),
        memory=tuple((symbol, time, price) for symbol, time, price in known["memory"]),
    )


def _json(model: AlertTerms | Preferences) -> str:
    return model.model_dump_json(by_alias=True)


def _user(owner: str) -> str:
    return f"user#{owner}"


def _key(owner: str, entry: str) -> dict[str, str]:
    return {"holder": _user(owner), "entry": entry}


def _watch_key(source: str, rule: Rule) -> dict[str, str]:
    return {"holder": watched.partition_of(source), "entry": _RULE + rule.rule_id}
