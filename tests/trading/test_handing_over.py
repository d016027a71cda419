"""A bot that is stopped and keeps its position: that and its cash are its portfolio's own from then on."""

from fractions import Fraction
from typing import Any

import pytest

from tests.market_data.feed.market import HALF_DAY, minutes_of
from tests.trading.desk import CASH, PORTFOLIO, Desk, backtest_of, bot_of
from tests.trading.test_faults import break_state
from tickfold.errors import RunError
from tickfold.portfolios.journal import rebuild
from tickfold.portfolios.portfolio import equity, unrealised
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol.journal import JournalEntry, PositionKept
from tickfold.protocol.portfolios import Portfolio

BARS = minutes_of(HALF_DAY)[:24]
HELD: dict[str, Any] = {"strategy": "buy_and_hold", "slippage": 0.001}
ROUNDING = Fraction(CASH) * Fraction(20, 2**53)
"""Of sums that are added up in another order."""


def trade(desk: Desk, count: int) -> None:
    desk.feed("GOOG", BARS, count)
    desk.trader().advance(PORTFOLIO)


def last_entry(store: PortfolioStore) -> JournalEntry:
    *_, last = store.entries_after(PORTFOLIO, 0)
    return last


def profit_of(portfolio: Portfolio) -> Fraction:
    return Fraction(portfolio.realised) + Fraction(unrealised(portfolio))


@pytest.mark.parametrize("direction", ["long", "short"])
def test_position_becomes_the_portfolios_own_at_its_entry_price(desk: Desk, direction: str) -> None:
    config = HELD if direction == "long" else {"direction": "short", "parameters": {"fast": 2, "slow": 5}}
    desk.start(bot_of(**config))
    held = backtest_of(bot_of(**config), BARS).statement
    trade(desk, (held.open_trade or held.trades[0]).entry_bar + 1)
    before, state = desk.portfolio, desk.run_of("cross").state
    assert state.shares < 0 if direction == "short" else state.shares > 0
    assert desk.owner.hand_over(PORTFOLIO, "cross", "ada").status == "stopped"
    after, entry = desk.portfolio, last_entry(desk.portfolios)
    assert entry.sequence == before.revision + 1
    assert [event.type for event in entry.events] == ["bot_step", "position_kept"]
    price = (held.open_trade or held.trades[0]).entry_price
    assert after.positions["GOOG"].model_dump() == {"quantity": state.shares, "cost": state.shares * price}
    assert (after.cash, after.bots) == (before.cash + state.cash, {})
    assert rebuild(desk.portfolios.entries_after(PORTFOLIO, 0)) == after
    assert abs(Fraction(equity(after)) - Fraction(equity(before))) <= ROUNDING
    assert abs(profit_of(after) - (Fraction(equity(after)) - Fraction(after.deposits))) <= ROUNDING
    assert desk.owner.hand_over(PORTFOLIO, "cross", "ada").status == "stopped"
    assert desk.portfolio == after
    trade(desk, 24)  # its bars go on to concern the portfolio
    assert desk.portfolio.quotes["GOOG"].close == BARS.close[23]
    assert desk.run_of("cross").state.last_bar == state.last_bar


def test_waiting_order_of_the_bot_is_dropped(desk: Desk) -> None:
    desk.start(bot_of(**HELD))
    opened = backtest_of(bot_of(**HELD), BARS).statement.open_trade
    assert opened
    trade(desk, opened.entry_bar)
    assert not desk.run_of("cross")._run.is_flat
    desk.owner.hand_over(PORTFOLIO, "cross", "ada")
    assert desk.run_of("cross")._run.is_flat
    trade(desk, 24)
    assert (desk.portfolio.positions, desk.portfolio.cash) == ({}, CASH)
    assert last_entry(desk.portfolios).events[-1].type == "allocation_returned"


def test_position_of_the_same_side_is_added_to(desk: Desk) -> None:
    desk.start(bot_of(**HELD))
    trade(desk, 10)
    state = desk.run_of("cross").state
    own = PositionKept(bot="b", symbol="GOOG", quantity=10, price=99.5, cash=0)
    allocated = [event for event in desk.events() if event.type == "allocation"]
    desk.portfolios.append(desk.portfolio, [allocated[0].model_copy(update={"bot": "b"}), own], "ada")
    desk.owner.hand_over(PORTFOLIO, "cross", "ada")
    position = desk.portfolio.positions["GOOG"]
    assert position.quantity == 10 + state.shares
    assert position.cost == 10 * 99.5 + state.shares * state.entry_price


def test_position_of_the_other_side_is_in_its_way(desk: Desk) -> None:
    desk.start(bot_of(**HELD))
    trade(desk, 10)
    own = PositionKept(bot="b", symbol="GOOG", quantity=-10, price=99.5, cash=0)
    allocated = [event for event in desk.events() if event.type == "allocation"]
    desk.portfolios.append(desk.portfolio, [allocated[0].model_copy(update={"bot": "b"}), own], "ada")
    before = desk.portfolio
    with pytest.raises(RunError, match="growth is short in GOOG, and its bot cross long: close one of the positions"):
        desk.owner.hand_over(PORTFOLIO, "cross", "ada")
    assert desk.portfolio == before


def test_bot_whose_state_cannot_be_read_hands_over_what_it_has(desk: Desk) -> None:
    desk.start(bot_of(**HELD))
    trade(desk, 10)
    state = desk.run_of("cross").state
    break_state(desk, "cross")
    before = desk.portfolio
    with pytest.raises(RunError, match=r"the state of bot cross cannot be read: .*; stop it with positions `keep`"):
        desk.owner.stop(PORTFOLIO, "cross", "ada")
    assert desk.portfolio == before
    desk.owner.hand_over(PORTFOLIO, "cross", "ada")
    assert desk.portfolio.positions["GOOG"].cost == state.shares * state.entry_price
    assert abs(Fraction(equity(desk.portfolio)) - Fraction(equity(before))) <= ROUNDING
    after = desk.portfolio
    desk.owner.hand_over(PORTFOLIO, "cross", "ada")
    assert desk.portfolio == after
    assert desk.trader().advance(PORTFOLIO) == 0


def test_profit_of_a_bot_that_has_closed_is_the_portfolios(desk: Desk) -> None:
    desk.start(bot_of())
    trade(desk, 20)
    desk.owner.stop(PORTFOLIO, "cross", "ada")
    trade(desk, 24)
    portfolio = desk.portfolio
    assert portfolio.bots == {}
    assert portfolio.realised == desk.run_of("cross").state.cash - 10_000
    assert abs(profit_of(portfolio) - (Fraction(equity(portfolio)) - Fraction(CASH))) <= ROUNDING
