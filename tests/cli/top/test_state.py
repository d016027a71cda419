"""What `tickfold top` shows, folded from messages: no terminal, no stack."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.cli.top.examples import (
    MINUTE,
    OPEN,
    Clock,
    alert,
    allocated,
    bar,
    entry,
    filled,
    milliseconds,
    opened,
    placed,
    seen,
    state_of,
    step,
    symbol,
)
from tickfold.cli.top.snapshot import BotRow, FeedRow, FillRow, PortfolioRow, PositionRow
from tickfold.cli.top.state import MOST_TOLD, SILENT_MINUTES, TopState
from tickfold.protocol import Trade
from tickfold.protocol.journal import AllocationReturned, LimitBreached

BOUGHT = (
    opened("growth", 10_000),
    entry(2, placed("a", 10), seen(100, at=OPEN)),
    entry(3, filled("a", 10, 101), seen(103)),
)


def feed_row(state: TopState) -> FeedRow:
    (row,) = state.snapshot().feed
    return row


def test_symbol_shows_price_and_change_since_the_open() -> None:
    state = TopState(Clock(OPEN + 2 * MINUTE + timedelta(seconds=7)))
    state.set_feed([symbol()])
    assert feed_row(state) == FeedRow("GOOG", None, None, None, None, None)
    state.add_bar("GOOG", bar(1, 101), is_live=False)
    state.add_bar("GOOG", bar(2, 103), is_live=False)
    assert feed_row(state) == FeedRow("GOOG", 103, 103 / 100 - 1, OPEN + 2 * MINUTE, 7, None)


def test_another_day_is_another_session() -> None:
    state = TopState()
    state.set_feed([symbol()])
    state.add_bar("GOOG", bar(1, 50), is_live=False)
    state.add_bar("GOOG", replace(bar(2, 55, time=OPEN + timedelta(days=3)), open=50.0), is_live=False)
    assert feed_row(state).change == pytest.approx(0.1)


def test_symbol_without_bars_here_is_as_old_as_the_feed_says() -> None:
    state = TopState(Clock(OPEN + 3 * MINUTE))
    state.set_feed([symbol().model_copy(update={"last_bar": milliseconds(OPEN)})])
    assert feed_row(state) == FeedRow("GOOG", None, None, OPEN + MINUTE, 120, None)


@pytest.mark.parametrize(
    ("market", "since", "silent"),
    [
        ("XNYS", SILENT_MINUTES * MINUTE, SILENT_MINUTES),
        ("XNYS", SILENT_MINUTES * MINUTE - MINUTE, None),
        ("XNYS", timedelta(hours=9), None),
        ("24/7", timedelta(hours=9), 540),
        ("24/7", timedelta(days=6), None),
    ],
)
def test_silence_counts_in_the_session_of_a_live_feed(market: str, since: timedelta, silent: int | None) -> None:
    state = TopState(Clock(OPEN + MINUTE + since))
    state.set_feed([symbol(market=market)])
    state.add_bar("GOOG", bar(1), is_live=True)
    assert feed_row(state).silent_minutes == silent


def test_replayed_bar_is_as_old_as_it_is_here() -> None:
    clock = Clock(OPEN + timedelta(days=300))
    state = TopState(clock)
    state.set_feed([symbol()])
    state.add_bar("GOOG", bar(1), is_live=True)
    clock.now += timedelta(seconds=4)
    assert feed_row(state).age_seconds == 4
    state.add_bar("GOOG", bar(2), is_live=False)
    assert feed_row(state).age_seconds == pytest.approx(timedelta(days=300).total_seconds(), rel=0.01)


def test_symbols_that_the_feed_does_not_fetch_are_gone_and_others_keep_their_bars() -> None:
    state = TopState()
    state.set_feed([symbol(), symbol("MSFT")])
    state.add_bar("GOOG", bar(1, 101), is_live=False)
    state.set_feed([symbol("AAPL"), symbol()])
    state.add_bar("MSFT", bar(1, 50), is_live=False)
    assert [(row.symbol, row.last) for row in state.snapshot().feed] == [("AAPL", None), ("GOOG", 101)]


def test_portfolio_follows_its_journal() -> None:
    shown = state_of(*BOUGHT, entry(4, placed("b", 5), seen(102))).snapshot()
    assert shown.portfolios == (
        PortfolioRow(
            name="growth",
            portfolio="p-1",
            status="active",
            reason=None,
            cash=8_990,
            equity=10_010,
            day_profit=10,
            drawdown=10 / 10_020,
            open_orders=1,
        ),
    )
    assert shown.positions == (PositionRow("growth", "GOOG", 10, 101, 102, 10),)
    assert shown.fills == (FillRow(OPEN + MINUTE, "growth", "GOOG", "buy", 10, 101, order_id="a"),)


def test_profit_of_the_day_begins_with_the_first_bar_of_another_day() -> None:
    later = OPEN + timedelta(days=3)
    (row,) = state_of(*BOUGHT, entry(4, seen(105, at=later)), entry(5, seen(104, at=later))).snapshot().portfolios
    assert row.day_profit == 10


def test_short_position_earns_when_the_price_falls() -> None:
    shown = state_of(
        opened("growth", 10_000), entry(2, placed("a", 10, "sell"), filled("a", 10, 100, "sell"), seen(98))
    )
    assert shown.snapshot().positions == (PositionRow("growth", "GOOG", -10, 100, 98, 20),)


def test_paused_portfolio_says_why() -> None:
    breach = LimitBreached(limit="daily_loss", reason="lost too much")
    (row,) = state_of(*BOUGHT, entry(4, breach)).snapshot().portfolios
    assert (row.status, row.reason) == ("paused", "lost too much")


def test_entry_that_was_seen_changes_nothing_and_one_too_far_is_told() -> None:
    state = state_of(*BOUGHT)
    before = state.snapshot().portfolios
    assert state.add_entry(BOUGHT[2])
    assert not state.add_entry(entry(5, seen(200)))
    assert state.snapshot().portfolios == before


def test_fill_that_comes_from_the_past_and_the_journal_is_shown_once() -> None:
    state = state_of(*BOUGHT)
    old = Trade(trade_id="3-0", **filled("a", 10, 101).model_dump())
    older = Trade(trade_id="2-0", **filled("z", 1, 99).model_copy(update={"time": milliseconds(OPEN)}).model_dump())
    state.add_trades("p-1", [old, older])
    assert [row.order_id for row in state.snapshot().fills] == ["a", "z"]


def test_later_of_two_fills_in_a_minute_is_first() -> None:
    turned = entry(
        3, step("exit", side="sell", quantity=1.0, price=9.0), step("entry", side="sell", quantity=2.0, price=9.0)
    )
    state = state_of(opened("growth", 10_000), entry(2, allocated()), turned)
    assert [row.quantity for row in state.snapshot().fills] == [2, 1]


def test_latest_alerts_and_fills_are_kept() -> None:
    state = state_of(*BOUGHT)
    for minute in range(MOST_TOLD + 5):
        state.add_alert(alert(f"a{minute}", minute))
    state.add_alert(alert("a54", 54))
    shown = state.snapshot().alerts
    assert len(shown) == MOST_TOLD
    assert [row.time for row in shown[:2]] == [OPEN + 54 * MINUTE, OPEN + 53 * MINUTE]
    for number in range(4, MOST_TOLD + 20):
        state.add_entry(entry(number, placed(f"n{number}", 1), filled(f"n{number}", 1, 100)))
    assert len(state.snapshot().fills) == MOST_TOLD


def test_bot_has_its_equity_and_what_its_steps_say() -> None:
    state = state_of(opened("growth", 10_000), entry(2, allocated()))
    assert state.snapshot().bots == (BotRow("growth", "cross", "GOOG", None, None, 1_000, 0),)
    bought = step("entry", side="buy", quantity=5.0, price=101.0)
    state.add_entry(entry(3, step("started"), bought, seen(103, cross=1_010.0)))
    shown = state.snapshot()
    assert shown.bots == (BotRow("growth", "cross", "GOOG", "running", None, 1_010, 10),)
    assert shown.fills == (FillRow(OPEN + MINUTE, "growth", "GOOG", "buy", 5, 101, bot="cross"),)
    state.add_entry(entry(4, step("paused", reason="its strategy failed")))
    state.add_entry(entry(5, step("caught_up", equity=1_010.0)))
    assert [(row.status, row.reason) for row in state.snapshot().bots] == [("paused", "its strategy failed")]
    state.add_entry(entry(6, step("stopping")))
    assert [(row.status, row.reason) for row in state.snapshot().bots] == [("stopping", None)]
    state.add_entry(entry(7, AllocationReturned(bot="cross", amount=1_010)))
    assert state.snapshot().bots == ()


def test_steps_of_the_past_tell_and_change_nothing_else() -> None:
    past = entry(3, step("entry", side="buy", quantity=5.0, price=101.0), seen(103, cross=1_010.0))
    state = state_of(opened("growth", 10_000), entry(2, allocated()), past)
    again = TopState(Clock())
    again.set_portfolio(state.portfolio("p-1"))
    again.tell(past)
    assert again.snapshot().bots == state.snapshot().bots
    assert again.snapshot().fills == state.snapshot().fills
    assert again.snapshot().portfolios == state.snapshot().portfolios


def test_portfolios_are_sorted_by_what_is_chosen() -> None:
    poor = (opened("poor", 100, "p-2"),)
    lossy = (
        opened("lossy", 1_000, "p-3"),
        entry(2, placed("x", 10), filled("x", 10, 100), seen(100), portfolio="p-3"),
        entry(3, seen(90), portfolio="p-3"),
    )
    shown = state_of(*BOUGHT, *poor, *lossy).snapshot()

    def names(order: str) -> list[str]:
        return [row.name for row in shown.ordered(order).portfolios]

    assert names("name") == ["growth", "lossy", "poor"]
    assert names("equity") == ["growth", "lossy", "poor"]
    assert names("day") == ["growth", "poor", "lossy"]
    assert names("drawdown") == ["lossy", "growth", "poor"]


def test_document_is_plain_json() -> None:
    state = state_of(*BOUGHT, entry(4, seen(104)))
    state.add_alert(alert("a", 2))
    state.set_feed([symbol()])
    state.add_bar("GOOG", bar(1), is_live=False)
    found = json.loads(json.dumps(state.snapshot().document()))
    assert list(found) == ["time", "feed", "portfolios", "positions", "bots", "alerts", "fills"]
    assert found["time"] == "2026-01-30T14:33:00Z"
    assert found["feed"][0]["bar_end"] == "2026-01-30T14:31:00Z"
    assert found["portfolios"][0]["equity"] == 10_030
    assert found["alerts"] == [{"time": "2026-01-30T14:32:00Z", "title": "GOOG above 100.00", "text": "It is 101."}]
