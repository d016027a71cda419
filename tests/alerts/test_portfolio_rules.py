"""Rules on portfolios as folds over their journal: what alerts, in any batches, and with which words."""

from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.alerts.journals import condition, entry, has_bars, joined, journal_of, renumbered, seen
from tests.alerts.rules import fold, rule
from tests.portfolios.random_trading import SESSIONS
from tests.portfolios.trading import Trading
from tickfold.alerts.evaluation import Firing, initial_state
from tickfold.alerts.evaluator import recorded
from tickfold.alerts.journal_events import seen_in
from tickfold.alerts.observation import PORTFOLIOS, last_number_of, of_portfolio
from tickfold.alerts.wording import MOST_REASON, title_of
from tickfold.portfolios.journal import blank
from tickfold.portfolios.portfolio import equity
from tickfold.protocol.alerts import Alert, AlertTerms
from tickfold.protocol.journal import (
    Allocated,
    AllocationReturned,
    BarSeen,
    BotStep,
    Deposit,
    JournalEntry,
    Killed,
    Lifted,
    OrderCancelled,
    PositionKept,
    RiskLimits,
    Withdrawal,
)

CONDITIONS: list[dict[str, Any]] = [
    condition("equity", below=9_990, hysteresis=20),
    condition("cash", above=10_000),
    condition("profit", below=-10),
    condition("drawdown", above=0.001, hysteresis=0.0005),
    condition("position", symbol="GOOG", above=1_000, hysteresis=100),
    condition("orders", outcomes=["filled", "partly_filled", "rejected", "expired", "cancelled"]),
    condition("limit_breached"),
    condition("killed"),
]
TERMS = st.fixed_dictionaries(
    {"frequency": st.sampled_from(["once", "daily", "always"]), "coolDownMinutes": st.integers(0, 3)}
)
PROPERTY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def alerts(asked: dict[str, Any], journal: list[JournalEntry], **terms: Any) -> list[Alert]:
    """Return the alerts of a rule that was made before the portfolio."""
    return [recorded(each).alert for each in fold(rule(asked, **terms), seen(journal))[1]]


def texts(asked: dict[str, Any], journal: list[JournalEntry], **terms: Any) -> list[str]:
    return [each.text for each in alerts(asked, journal, **terms)]


@PROPERTY
@given(SESSIONS, st.sampled_from(CONDITIONS), TERMS, st.data())
def test_any_batches_of_which_some_fail_midway_and_come_again_give_one_pass(
    trading: Trading, asked: dict[str, Any], terms: dict[str, Any], data: st.DataObject
) -> None:
    of, journal = rule(asked, **terms), journal_of(trading)
    state, found, portfolio = initial_state(of), dict[str, Firing](), blank("growth-1")
    while left := journal[portfolio.revision :]:
        batch = left[: data.draw(st.integers(1, len(left)))]
        after, events = seen_in(portfolio, batch)
        done = data.draw(st.integers(0, len(events)))
        for part in (events[:done], events):  # killed after some, and all once more
            state, firings = fold(of, part, state)
            found |= {each.alert_id: each for each in firings}
        portfolio = after
    expected_state, expected = fold(of, seen(journal))
    assert state == expected_state
    assert list(found.values()) == expected


@PROPERTY
@given(SESSIONS, st.sampled_from(CONDITIONS), TERMS)
def test_trader_that_was_away_and_writes_many_bars_at_once_gives_the_same_alerts(
    trading: Trading, asked: dict[str, Any], terms: dict[str, Any]
) -> None:
    journal = journal_of(trading)
    groups = [list(group) for _, group in groupby(journal, has_bars)]
    at_once = [each for group in groups for each in ([joined(group)] if has_bars(group[0]) else group)]

    def told(entries: list[JournalEntry]) -> list[tuple[object, ...]]:
        return [(each.title, each.text, each.at, each.value) for each in alerts(asked, entries, **terms)]

    assert told(renumbered(at_once)) == told(journal)


@PROPERTY
@given(SESSIONS)
def test_drawdown_alerts_when_the_equity_at_a_bar_or_payment_comes_to_be_so_far_below_its_peak(
    trading: Trading,
) -> None:
    settled = (BarSeen, Deposit, Withdrawal, Allocated, AllocationReturned, Lifted)
    expected, was_below = list[str](), False
    for each in seen(journal := journal_of(trading)):
        if isinstance(each.event, settled) and (peak := each.after.peak_equity) > 0:
            is_below = (peak - equity(each.after)) / peak >= 0.002
            expected += [each.occurrence] if is_below and not was_below else []
            was_below = is_below
    firings = fold(rule(condition("drawdown", above=0.002)), seen(journal))[1]
    assert [each.seen.occurrence for each in firings] == expected


@pytest.fixture
def trading() -> Trading:
    return Trading(cash=10_000)


def test_entries_before_the_rule_do_not_count(trading: Trading) -> None:
    trading.place("a", "buy", 10)
    trading.bar(100, 101, 99, 100)
    revision = trading.portfolio.revision
    trading.place("b", "buy", 10)
    trading.bar(100, 101, 99, 100)
    of = rule(condition("orders"))
    begun = initial_state(of, ((of_portfolio("growth-1"), last_number_of(revision)),))
    (firing,) = fold(of, seen(journal_of(trading)), begun)[1]
    assert recorded(firing).alert.title == "growth-1 order b filled"


def test_fills_are_told_whole_or_in_part() -> None:
    trading = Trading(terms={"participation": 0.1, "commission": {"fixed": 1.0}})
    trading.place("a", "buy", 15)
    trading.bar(100, 101, 99, 100, volume=100)
    trading.bar(100, 101, 99, 100, volume=100)
    journal = journal_of(trading)
    assert texts(condition("orders"), journal) == ["Order a bought 5 GOOG at $100.00, commission $1.00."]
    assert texts(condition("orders", outcomes=["partly_filled"]), journal) == [
        "Order a bought 10 GOOG at $100.00, commission $1.00. 10 of 15 have filled."
    ]
    assert texts(condition("orders", symbol="AAPL"), journal) == []


def test_every_order_that_a_bar_fills_is_told_with_an_id_of_its_own(trading: Trading) -> None:
    for order_id in "abc":
        trading.place(order_id, "buy", 10)
    trading.bar(100, 101, 99, 100)
    found = alerts(condition("orders"), journal_of(trading))
    assert [each.title for each in found] == [f"growth-1 order {order_id} filled" for order_id in "abc"]
    assert [each.alert_id for each in found] == [f"r0123456789abcdef-growth-1-5-{place}" for place in range(3)]


def test_alert_of_an_order_says_which_and_when(trading: Trading) -> None:
    trading.place("a", "buy", 10)
    trading.bar(100, 101, 99, 100)
    (alert,) = alerts(condition("orders"), journal_of(trading))
    assert (alert.kind, alert.portfolio, alert.symbol, alert.value) == ("orders", "growth-1", "GOOG", None)
    assert alert.alert_id == "r0123456789abcdef-growth-1-3-0"
    assert alert.at == 1_769_783_460_000  # the end of the bar


def test_rejected_and_expired_orders_are_told_and_what_their_owner_cancels_is_not(trading: Trading) -> None:
    trading.place("a", "buy", 90)
    trading.place("b", "buy", 1, kind="limit", limit=50)
    trading.place("c", "buy", 1, kind="limit", limit=50, time_in_force="day")
    trading.cancel("b")
    trading.bar(120, 120, 120, 120)
    trading.time = trading.time.replace(hour=20, minute=59)
    trading.bar(120, 120, 120, 120)
    rejected, expired = texts(condition("orders"), journal_of(trading))
    assert rejected.startswith("Order a to buy 90 GOOG in growth-1 was rejected: it costs $10,800.00, commission")
    assert expired == "Order c to buy 1 GOOG in growth-1 has expired with its session."


def test_what_many_bars_of_one_entry_did_has_the_time_of_its_bar() -> None:
    trading = Trading(limits=RiskLimits(drawdown=0.05))
    trading.place("a", "buy", 90)
    trading.place("b", "buy", 1, kind="limit", limit=50, time_in_force="day")
    trading.place("c", "buy", 1, kind="limit", limit=50)
    trading.bar(100, 100, 100, 100)
    trading.place("d", "sell", 1, kind="limit", limit=500, time_in_force="day", reduce_only=True)
    first = len(trading.journal)
    trading.bar(100, 100, 90, 90)
    trading.time = trading.time.replace(hour=21, minute=0)
    trading.bar(90, 90, 90, 90)
    journal = journal_of(trading)
    found = alerts(condition("orders"), [*journal[:first], joined(journal[first:])])
    minute = 60_000
    assert [(each.title.split()[2], (each.at - 1_769_783_400_000) // minute) for each in found] == [
        ("a", 1),
        ("b", 2),
        ("c", 2),
        ("d", 391),
    ]


def test_orders_that_the_trader_cancels_are_told_but_for_exits_that_follow_another(trading: Trading) -> None:
    trading.place("a", "buy", 10, stop_loss=90, take_profit=110)
    trading.bar(100, 101, 99, 100)
    trading.place("b", "sell", 5, reduce_only=True, kind="limit", limit=150)
    trading.bar(100, 112, 100, 111)
    journal = journal_of(trading)
    assert any(isinstance(event, OrderCancelled) and event.order_id == "a.stop" for event in journal[-1].events)
    assert texts(condition("orders", outcomes=["cancelled"]), journal) == [
        "Order b to sell 5 GOOG in growth-1 was cancelled: its position is closed."
    ]
    profit = "Order a.target sold 10 GOOG at $110.00, commission $0.00, with a profit of $100.00."
    assert texts(condition("orders"), journal)[1] == profit


def test_amounts_are_those_after_the_bar_and_payments_are_no_profit(trading: Trading) -> None:
    trading.place("a", "buy", 50)
    trading.bar(100, 101, 90, 98)
    trading.write([Deposit(amount=1_000.0)])
    trading.bar(98, 98, 96, 96)
    journal = journal_of(trading)
    (alert,) = alerts(condition("profit", below=-150), journal)
    assert (alert.title, alert.value) == ("growth-1 profit below -$150.00", -200.0)
    assert alert.text == (
        "growth-1 was worth $10,800.00, $6,000.00 of it in cash, at 2026-01-30 14:32 UTC: a profit of -$200.00, "
        "and 1.82 % below its peak of $11,000.00."
    )
    assert [each.value for each in alerts(condition("cash", below=5_000), journal)] == [5_000.0]
    assert [each.value for each in alerts(condition("equity", above=10_850), journal)] == [10_900.0]


def test_cash_that_a_bot_is_given_and_gives_back_counts_as_such(trading: Trading) -> None:
    trading.write([Allocated(bot="cross", symbol="GOOG", amount=4_000.0)])
    trading.write([AllocationReturned(bot="cross", amount=4_100.0)])
    journal = journal_of(trading)
    assert [each.value for each in alerts(condition("cash", below=9_000), journal)] == [6_000.0]
    assert [each.value for each in alerts(condition("cash", above=10_000), journal)] == [10_000.0, 10_100.0]
    assert [each.value for each in alerts(condition("profit", above=50), journal)] == [pytest.approx(100)]


def test_what_a_bot_leaves_to_the_portfolio_counts_at_once(trading: Trading) -> None:
    trading.write([Allocated(bot="cross", symbol="GOOG", amount=4_000.0)])
    trading.bar(100, 100, 100, 100)
    trading.write([PositionKept(bot="cross", symbol="GOOG", quantity=30.0, price=100.0, cash=1_000.0)])
    journal = journal_of(trading)
    assert [each.value for each in alerts(condition("cash", above=6_500), journal)] == [10_000.0, 7_000.0]
    assert [each.value for each in alerts(condition("position", symbol="GOOG", above=2_000), journal)] == [3_000.0]


def test_drawdown_alerts_again_once_it_has_recovered_by_the_hysteresis(trading: Trading) -> None:
    trading.place("a", "buy", 100)
    for close in (100, 95, 96, 95, 99, 94):
        trading.bar(close, close, close, close)
    asked = condition("drawdown", above=0.05, hysteresis=0.03)
    assert [each.value for each in alerts(asked, journal_of(trading))] == [0.05, 0.06]
    assert len(alerts(asked, journal_of(trading), coolDownMinutes=10)) == 1
    assert [each.value for each in alerts(asked, journal_of(trading), frequency="once")] == [0.05]


def test_position_is_measured_in_dollars_long_or_short(trading: Trading) -> None:
    trading.place("a", "sell", 20)
    trading.bar(100, 100, 100, 100)
    trading.bar(101, 101, 101, 101)
    (alert,) = alerts(condition("position", symbol="GOOG", above=2_010), journal_of(trading))
    assert (alert.title, alert.symbol, alert.value) == ("growth-1 position in GOOG above $2,010.00", "GOOG", 2_020.0)
    assert alert.text == "growth-1 held -20 GOOG, worth -$2,020.00, at 2026-01-30 14:32 UTC."


def test_limit_that_is_breached_and_trading_that_is_stopped_are_told() -> None:
    trading = Trading(limits=RiskLimits(drawdown=0.05))
    trading.place("a", "buy", 90)
    trading.place("b", "buy", 1, kind="limit", limit=50)
    trading.bar(100, 100, 90, 90)
    journal = [*journal_of(trading)]
    (breached,) = alerts(condition("limit_breached"), journal)
    assert breached.title == "growth-1 limit breached"
    assert breached.text.startswith("growth-1 is paused until you lift that: equity $9,100.00 is 9 % below $10,000.00")
    assert breached.at == 1_769_783_460_000
    assert [each.at for each in alerts(condition("orders", outcomes=["cancelled"]), journal)] == [breached.at]


def test_trading_that_a_person_stops_is_told_at_that_time(trading: Trading) -> None:
    journal = [*journal_of(trading), entry(2, Killed(reason="storm"), by="ada", time=1_769_783_500_000)]
    (alert,) = alerts(condition("killed"), journal)
    assert (alert.title, alert.at) == ("growth-1 trading stopped", 1_769_783_500_000)
    assert alert.text == "All trading of growth-1 was stopped: storm."
    assert alerts(condition("limit_breached"), journal) == []


STEP: dict[str, Any] = {"bot": "cross", "symbol": "GOOG", "time": 1_769_783_400_000}
REASON = "strategy cross failed: ZeroDivisionError: no such average"


@pytest.mark.parametrize(
    ("step", "asked", "text"),
    [
        ({"what": "paused", "reason": REASON}, {}, f"Bot cross on GOOG in growth-1 is paused: {REASON}."),
        ({"what": "paused", "reason": "no equity is left."}, {"bot": "cross"}, "…is paused: no equity is left."),
        ({"what": "paused", "reason": "x" * 999}, {}, "…is paused: " + "x" * MOST_REASON + "…."),
        ({"what": "stopped"}, {}, "Bot cross on GOOG in growth-1 has stopped."),
        ({"what": "stopped"}, {"outcomes": ["paused"]}, None),
        ({"what": "paused", "reason": REASON}, {"bot": "other"}, None),
        ({"what": "resumed"}, {}, None),
    ],
)
def test_bots_that_are_paused_or_stopped_are_told_with_the_reason(
    trading: Trading, step: dict[str, Any], asked: dict[str, Any], text: str | None
) -> None:
    journal = [*journal_of(trading), entry(2, BotStep(**STEP, **step), time=1_769_783_500_000)]
    found = alerts(condition("bots", **asked), journal)
    assert [each.text for each in found] == (
        [] if text is None else [text.replace("…is", "Bot cross on GOOG in growth-1 is")]
    )
    assert [each.title for each in found] == ([] if text is None else [f"growth-1 bot cross {step['what']}"])
    assert all(each.at == 1_769_783_500_000 for each in found)


def test_every_rule_on_a_portfolio_is_found_by_it_and_among_all() -> None:
    for asked in CONDITIONS:
        assert rule(asked).sources == ("portfolio#growth-1", PORTFOLIOS)


def test_titles_name_the_portfolio_and_not_its_id() -> None:
    asked = AlertTerms.model_validate({"condition": {**CONDITIONS[3], "portfolio": "my-fund-0123456789ab"}})
    assert title_of(asked.condition) == "my-fund drawdown above 0.10 %"
