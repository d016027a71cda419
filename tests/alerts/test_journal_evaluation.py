"""The evaluator on the tables: journals are pulled by number, once, wherever it is killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.alerts.journals import condition, has_bars
from tests.alerts.rules import rule
from tests.aws import ALERTS, TRADING
from tests.portfolios.trading import Trading
from tickfold.alerts.alert_store import AlertStore, Standing
from tickfold.alerts.evaluation import initial_state
from tickfold.alerts.evaluator import Evaluator
from tickfold.alerts.observation import last_number_of, of_portfolio
from tickfold.alerts.rule import Rule
from tickfold.portfolios.journal import blank
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol.journal import TRADER, Deposit, JournalEntry
from tickfold.protocol.portfolios import Portfolio

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

FILLS = rule(condition("orders"))
DRAWDOWN = replace(rule(condition("drawdown", above=0.004, hysteresis=0.002)), rule_id="r0000000000000001")
WRITES = ("TransactWriteItems", "PutItem")


class Killed(BaseException):
    """The process has ended."""


@pytest.fixture
def portfolios(dynamodb: "DynamoDBServiceResource") -> PortfolioStore:
    return PortfolioStore(dynamodb.Table(TRADING))


def write(portfolios: PortfolioStore, entries: list[JournalEntry]) -> Portfolio:
    """Append what a session has done."""
    portfolio = portfolios.get("growth-1") or blank("growth-1")
    for each in entries:
        portfolio = portfolios.append(portfolio, each.events, TRADER if has_bars(each) else "ada")
    return portfolio


def session() -> list[JournalEntry]:
    """Return a journal on which both rules alert twice, after the first entry."""
    trading = Trading()
    for order_id, close in (("a", 100), ("b", 97), ("c", 101)):
        trading.place(order_id, "buy", 20)
        trading.bar(close, close, close, close)
    trading.bar(96, 96, 96, 96)
    return trading.journal


def begin(store: AlertStore, of: Rule, portfolio: Portfolio) -> None:
    """Make a rule, as its owner's request does."""
    store.follow(portfolio)
    numbers = ((of_portfolio("growth-1"), last_number_of(portfolio.revision)),)
    assert store.create(Standing(of, initial_state(of, numbers)))


def recorded(store: AlertStore) -> list[str]:
    return sorted(each.alert.alert_id for each in store.alerts_of("ada", 50)[0])


def fired(store: AlertStore) -> int:
    return sum(each.state.fired for each in store.rules_of("ada"))


@contextmanager
def killed_at(dynamodb: "DynamoDBServiceResource", when: str, number: int) -> Iterator[list[int]]:
    """End the process at its write of that number, before it is sent or after it is carried out; yield the writes."""
    events, writes = dynamodb.meta.client.meta.events, [0]

    def count(**_: Any) -> None:
        writes[0] += 1
        if writes[0] == number:
            raise Killed

    for name in WRITES:
        events.register_first(f"{when}.dynamodb.{name}", count)
    try:
        yield writes
    finally:
        for name in WRITES:
            events.unregister(f"{when}.dynamodb.{name}", count)


@pytest.mark.parametrize("when", ["before-call", "after-call"])
def test_evaluator_that_is_killed_at_each_write_loses_no_alert_and_doubles_none(
    dynamodb: "DynamoDBServiceResource", store: AlertStore, portfolios: PortfolioStore, when: str
) -> None:
    opened, *rest = session()
    start, evaluator = write(portfolios, [opened]), Evaluator(store)
    for of in (FILLS, DRAWDOWN):
        begin(store, of, start)
    write(portfolios, rest)
    kills, number = 0, 1
    while True:
        with killed_at(dynamodb, when, number) as writes:
            try:
                evaluator.evaluate_journal("growth-1", portfolios)
            except Killed:
                kills += 1
        if writes[0] < number:
            break
        if when == "before-call":
            number = 2  # the write before which it was killed is the first one now, and is to be carried out
    assert kills == 3  # two rules, and how far they were evaluated
    fills = [f"{FILLS.rule_id}-growth-1-{sequence}-0" for sequence in (3, 5, 7)]
    falls = [f"{DRAWDOWN.rule_id}-growth-1-{at}" for at in ("5-1", "8-0")]
    assert recorded(store) == sorted(fills + falls)
    assert fired(store) == 5
    assert store.evaluated_portfolio("growth-1") == portfolios.get("growth-1")


def test_entries_that_nobody_told_of_are_made_up_for_and_none_is_evaluated_twice(
    store: AlertStore, portfolios: PortfolioStore
) -> None:
    first, *rest = session()
    begin(store, FILLS, write(portfolios, [first]))
    write(portfolios, rest[:-1])
    assert [Evaluator(store).evaluate_journal("growth-1", portfolios) for _ in range(2)] == [3, 0]
    write(portfolios, rest[-1:])
    assert Evaluator(store).evaluate_journal("growth-1", portfolios) == 0
    assert len(recorded(store)) == 3


def test_two_evaluators_at_once_give_each_alert_once(
    dynamodb: "DynamoDBServiceResource", store: AlertStore, portfolios: PortfolioStore
) -> None:
    """Between what one has read and its first write, another evaluates the same entries."""
    first, *rest = session()
    begin(store, FILLS, write(portfolios, [first]))
    write(portfolios, rest)
    events, others = dynamodb.meta.client.meta.events, list[int]()

    def overtake(**_: Any) -> None:
        if not others:
            others.append(0)
            others[0] = Evaluator(AlertStore(dynamodb.Table(ALERTS))).evaluate_journal("growth-1", portfolios)

    events.register_first("before-call.dynamodb.TransactWriteItems", overtake)
    try:
        assert Evaluator(store).evaluate_journal("growth-1", portfolios) == 0
    finally:
        events.unregister("before-call.dynamodb.TransactWriteItems", overtake)
    assert others == [3]
    assert fired(store) == len(recorded(store)) == 3


def test_portfolio_without_rules_costs_one_look_and_nothing_of_it_is_read(
    dynamodb: "DynamoDBServiceResource", store: AlertStore, portfolios: PortfolioStore
) -> None:
    write(portfolios, session())
    calls, events = list[str](), dynamodb.meta.client.meta.events

    def note(model: Any, **_: Any) -> None:
        calls.append(model.name)

    events.register_first("before-call.dynamodb", note)
    try:
        assert Evaluator(store).evaluate_journal("growth-1", portfolios) == 0
    finally:
        events.unregister("before-call.dynamodb", note)
    assert calls == ["Query"]
    assert store.watched_portfolios() == []


def test_rule_that_is_made_long_after_the_last_was_deleted_begins_with_the_portfolio_as_it_is(
    store: AlertStore, portfolios: PortfolioStore
) -> None:
    first, *rest = session()
    start = write(portfolios, [first])
    begin(store, FILLS, start)
    store.delete(FILLS)
    now = write(portfolios, rest)
    begin(store, DRAWDOWN, now)
    assert store.evaluated_portfolio("growth-1") == now
    store.note_evaluated_portfolio(start)
    assert store.evaluated_portfolio("growth-1") == now
    assert store.watched_portfolios() == ["growth-1"]


def test_second_rule_skips_nothing_that_the_first_is_still_to_be_evaluated_on(
    store: AlertStore, portfolios: PortfolioStore
) -> None:
    first, *rest = session()
    begin(store, FILLS, write(portfolios, [first]))
    begin(store, DRAWDOWN, write(portfolios, rest))
    assert Evaluator(store).evaluate_journal("growth-1", portfolios) == 3
    assert {name.partition("-")[0] for name in recorded(store)} == {FILLS.rule_id}


def test_long_journal_is_evaluated_from_its_first_entry_where_nothing_was_noted(
    store: AlertStore, portfolios: PortfolioStore
) -> None:
    portfolio = write(portfolios, session()[:1])
    assert store.create(Standing(FILLS, initial_state(FILLS)))
    cash = replace(rule(condition("cash", above=10_004)), rule_id="r0000000000000002")
    assert store.create(Standing(cash, initial_state(cash)))
    for _ in range(5):
        portfolio = portfolios.append(portfolio, [Deposit(amount=1.0)], "ada")
    assert Evaluator(store, most_entries=2).evaluate_journal("growth-1", portfolios) == 1
    assert recorded(store) == [f"{cash.rule_id}-growth-1-5-0"]
    assert store.evaluated_portfolio("growth-1") == portfolio
