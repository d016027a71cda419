"""The grants of the table of alerts allow exactly what the methods of the store call."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from components.aws.grant import Grant
from components.stores.alert_store import AlertTable
from tests.alerts.rules import closes, fold, price, rule
from tests.components.stores.rights import dynamodb_with, granted, recorded
from tickfold.alerts.alert_store import AlertStore, Standing, UserPreferences
from tickfold.alerts.evaluation import initial_state
from tickfold.alerts.evaluator import recorded as recorded_alert
from tickfold.alerts.watched import is_watched
from tickfold.portfolios.journal import blank
from tickfold.protocol.alerts import Preferences

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

RULE = rule(price(above=10))
OTHER = rule({"kind": "spread", "symbol": "IBM", "minus": "AAPL", "above": 1})
ON_PORTFOLIO = replace(rule({"kind": "drawdown", "portfolio": "growth-1", "above": 0.1}), rule_id="r0000000000000001")
ADA = UserPreferences(Preferences(email="ada@example.com"), "unconfirmed")
STATE, (FIRING,) = fold(RULE, closes(11))
ALERT = recorded_alert(FIRING)


def grants() -> dict[str, Grant]:
    table = AlertTable("probe", protect=False)
    return {
        "evaluate": table.may_evaluate(),
        "follow bars": table.may_follow_bars(),
        "follow journals": table.may_follow_journals(),
        "know what is watched": table.may_know_watched(),
        "send": table.may_send(),
        "follow links": table.may_follow_links(),
        "manage": table.may_manage(),
    }


STACK, GRANTED = granted(grants)


def evaluate(store: AlertStore) -> None:
    (standing,) = store.watching("symbol#GOOG")
    assert store.rule("ada", RULE.rule_id) == standing
    store.advance(standing, STATE, [ALERT])


def send(store: AlertStore) -> None:
    store.preferences("ada")
    store.rule("ada", RULE.rule_id)
    store.deliveries(ALERT)
    store.note_delivery(ALERT, "email", "sent")


def manage(store: AlertStore) -> None:
    store.set_preferences("ada", store.preferences("ada"))
    standing = store.rule("ada", RULE.rule_id)
    assert standing
    assert store.change(standing, Standing(OTHER, initial_state(OTHER)))
    for each in store.rules_of("ada"):
        store.delete(each.rule)
    assert store.create(Standing(RULE, initial_state(RULE)))
    store.record(ALERT)
    store.alerts_of("ada", 1)
    store.follow(blank("growth-1"))


def follow_bars(store: AlertStore) -> None:
    assert store.evaluated_to("symbol#GOOG") == 0
    store.note_evaluated("symbol#GOOG", 1)


def follow_journals(store: AlertStore) -> None:
    assert store.watches("portfolio#growth-1")
    assert store.watched_portfolios() == ["growth-1"]
    assert store.evaluated_portfolio("growth-1") is None
    store.note_evaluated_portfolio(blank("growth-1"))


CALLS: dict[str, tuple[str, Callable[[AlertStore], object]]] = {
    "evaluated_to and note_evaluated": ("follow bars", follow_bars),
    "watches, watched_portfolios, evaluated_portfolio and note_evaluated_portfolio": (
        "follow journals",
        follow_journals,
    ),
    "watching, rule and advance": ("evaluate", evaluate),
    "preferences, rule, deliveries and note_delivery": ("send", send),
    "preferences and set_email_state": (
        "follow links",
        lambda store: store.set_email_state("ada", "ada@example.com", "confirmed"),
    ),
    "preferences, set_preferences, rule, rules_of, create, change, delete, record, alerts_of and follow": (
        "manage",
        manage,
    ),
}


@pytest.fixture
def dynamodb() -> Iterator["DynamoDBServiceResource"]:
    with dynamodb_with(STACK) as resource:
        store = AlertStore(resource.Table("probe-alerts"))
        store.set_preferences("ada", ADA)
        for each in (RULE, ON_PORTFOLIO):
            store.create(Standing(each, initial_state(each)))
        yield resource


@pytest.mark.parametrize("methods", CALLS)
def test_grant_allows_exactly_what_the_store_calls(dynamodb: "DynamoDBServiceResource", methods: str) -> None:
    grant, call = CALLS[methods]
    store = AlertStore(dynamodb.Table("probe-alerts"))
    if grant == "send":
        store.record(ALERT)
    with recorded(dynamodb) as called:
        call(store)
    assert called == GRANTED[grant]


def test_asking_what_is_watched_is_granted(dynamodb: "DynamoDBServiceResource") -> None:
    with recorded(dynamodb) as called:
        assert not is_watched(dynamodb.Table("probe-alerts"), "portfolio#income-1")
    assert called == GRANTED["know what is watched"]


def test_every_public_method_has_a_grant() -> None:
    covered = {name for methods in CALLS for name in methods.replace(" and ", ", ").split(", ")}
    assert covered == {name for name in vars(AlertStore) if not name.startswith("_")}
