"""Each rule by which bars fill orders, in the smallest example."""

from datetime import timedelta

import pytest

from tests.portfolios.trading import CLOSE, Trading, told
from tickfold.errors import RunError


def test_market_order_fills_at_the_next_open() -> None:
    trading = Trading()
    trading.place("a", "buy", 10)
    assert told(trading.bar(101, 103, 100, 102)) == ["a buy 10 at 101"]
    assert trading.portfolio.cash == 10_000 - 1_010
    assert trading.portfolio.positions["GOOG"].quantity == 10


def test_market_order_pays_spread_and_slippage_to_open_and_slippage_to_close() -> None:
    trading = Trading(terms={"spread": 0.25, "slippage": 0.5, "commission": {"fixed": 1, "perShare": 0.5}})
    trading.place("a", "buy", 10)
    trading.bar(100, 100, 100, 100)
    trading.place("b", "sell", 10)
    trading.bar(100, 100, 100, 100)
    paid, received = 100 * 1.25 * 1.5, 50
    assert trading.portfolio.cash == 10_000 - 10 * paid - 6 + 10 * received - 6
    assert trading.portfolio.realised == 10 * (received - paid) - 12
    assert trading.portfolio.commission == 12


@pytest.mark.parametrize(
    ("side", "kind", "prices", "bar", "fill"),
    [
        ("buy", "limit", {"limit": 99}, (100, 101, 98, 100), 99),
        ("buy", "limit", {"limit": 99}, (97, 101, 96, 100), 97),
        ("buy", "limit", {"limit": 99}, (100, 101, 99.5, 100), None),
        ("sell", "limit", {"limit": 102}, (100, 103, 98, 100), 102),
        ("sell", "limit", {"limit": 102}, (104, 105, 98, 100), 104),
        ("buy", "stop", {"stop": 102}, (100, 103, 98, 100), 102),
        ("buy", "stop", {"stop": 102}, (104, 105, 98, 100), 104),
        ("buy", "stop", {"stop": 102}, (100, 101, 98, 100), None),
        ("sell", "stop", {"stop": 98}, (100, 103, 97, 100), 98),
        ("sell", "stop", {"stop": 98}, (95, 96, 94, 95), 95),
        ("buy", "stop_limit", {"stop": 102, "limit": 103}, (100, 105, 99, 104), 102),
        ("buy", "stop_limit", {"stop": 102, "limit": 103}, (102.5, 105, 99, 104), 102.5),
        ("buy", "stop_limit", {"stop": 102, "limit": 103}, (104, 105, 103.5, 104), None),
        ("buy", "stop_limit", {"stop": 102, "limit": 103}, (104, 105, 103, 104), 103),
        ("buy", "stop_limit", {"stop": 102, "limit": 101}, (100, 105, 99, 104), None),
        ("sell", "stop_limit", {"stop": 98, "limit": 97}, (100, 105, 96, 104), 98),
        ("buy", "trailing_stop", {"trail": 0.02}, (100, 103, 99, 103), 102),
        ("sell", "trailing_stop", {"trail": 0.02}, (100, 103, 97, 103), 98),
        ("sell", "trailing_stop", {"trail": 0.02}, (96, 103, 95, 103), 96),
    ],
)
def test_order_fills_where_the_bar_reaches_its_price(
    side: str, kind: str, prices: dict[str, float], bar: tuple[float, float, float, float], fill: float | None
) -> None:
    trading = Trading()
    trading.place("a", side, 10, kind=kind, **prices)
    fills = [event.price for event in trading.bar(*bar) if event.type == "fill"]
    assert fills == ([] if fill is None else [fill])


def test_stop_limit_once_triggered_is_a_limit_order() -> None:
    trading = Trading()
    trading.place("a", "buy", 10, kind="stop_limit", stop=102, limit=101)
    assert told(trading.bar(100, 103, 99, 103)) == ["a triggered"]
    assert told(trading.bar(103, 104, 100.5, 103)) == ["a buy 10 at 101"]


def test_trailing_stop_follows_the_highs_of_earlier_bars() -> None:
    trading = Trading()
    trading.place("a", "sell", 10, kind="trailing_stop", trail=0.5)
    assert told(trading.bar(100, 200, 99, 150)) == []
    assert told(trading.bar(150, 160, 100, 100)) == ["a sell 10 at 100"]


def test_order_does_not_fill_in_a_bar_that_began_before_it() -> None:
    trading = Trading()
    trading.time += timedelta(seconds=20)
    trading.place("a", "buy", 10)
    trading.time -= timedelta(seconds=20)
    assert told(trading.bar(100, 100, 100, 100)) == []
    assert told(trading.bar(101, 101, 101, 101)) == ["a buy 10 at 101"]


def test_stop_wins_over_target_in_one_bar_unless_it_opens_past_the_target() -> None:
    for bar, exit_ in (((100, 120, 80, 100), "a.stop sell 10 at 90"), ((115, 120, 80, 100), "a.target sell 10 at 115")):
        trading = Trading()
        trading.place("a", "buy", 10, stop_loss=90, take_profit=110)
        trading.bar(100, 100, 100, 100)
        other = "a.target" if exit_.startswith("a.stop") else "a.stop"
        assert told(trading.bar(*bar)) == [exit_, f"{other} cancelled"]
        assert not trading.portfolio.positions
        assert not trading.portfolio.orders


def test_exit_that_fills_cancels_the_other_though_the_position_goes_on() -> None:
    trading = Trading()
    trading.place("a", "buy", 10, stop_loss=90, take_profit=110)
    trading.place("b", "buy", 10)
    trading.bar(100, 100, 100, 100)
    assert told(trading.bar(100, 100, 89, 95)) == ["a.stop sell 10 at 90", "a.target cancelled"]
    assert trading.portfolio.positions["GOOG"].quantity == 10


def test_part_of_an_exit_leaves_that_much_less_to_the_other() -> None:
    trading = Trading(terms={"participation": 0.1})
    trading.place("a", "buy", 10, stop_loss=90, take_profit=110)
    trading.bar(100, 100, 100, 100)
    assert told(trading.bar(100, 115, 95, 100, volume=40)) == ["a.target sell 4 at 110"]
    assert trading.portfolio.orders["a.stop"].remaining == 6


def test_exits_of_a_market_order_may_fill_in_its_own_bar() -> None:
    trading = Trading()
    trading.place("a", "buy", 10, stop_loss=90)
    assert told(trading.bar(100, 105, 85, 100)) == ["a buy 10 at 100", "a.stop sell 10 at 90"]


def test_limit_order_inside_a_bar_may_stop_there_but_not_win() -> None:
    trading = Trading()
    trading.place("a", "buy", 10, kind="limit", limit=95, stop_loss=90, take_profit=100)
    assert told(trading.bar(99, 120, 94, 100)) == ["a buy 10 at 95"]
    assert told(trading.bar(99, 120, 94, 100)) == ["a.target sell 10 at 100", "a.stop cancelled"]
    trading.place("b", "buy", 10, kind="limit", limit=95, stop_loss=90, take_profit=100)
    assert told(trading.bar(99, 120, 80, 100)) == ["b buy 10 at 95", "b.stop sell 10 at 90", "b.target cancelled"]


def test_exits_end_with_an_order_that_never_filled() -> None:
    trading = Trading()
    trading.place("a", "buy", 10, kind="limit", limit=95, stop_loss=90, take_profit=100)
    assert told(trading.cancel("a")) == ["a cancelled", "a.stop cancelled", "a.target cancelled"]


def test_volume_share_fills_in_parts_and_exits_close_what_has_filled() -> None:
    trading = Trading(terms={"participation": 0.1})
    trading.place("a", "buy", 30, stop_loss=90, time_in_force="gtc")
    assert told(trading.bar(100, 100, 100, 100, volume=109)) == ["a buy 10 at 100"]
    assert trading.portfolio.orders["a.stop"].remaining == 10
    assert told(trading.bar(100, 100, 100, 100, volume=50)) == ["a buy 5 at 100"]
    assert trading.portfolio.orders["a.stop"].remaining == 15
    # Its stop is reached while it still fills: the rest is not bought any more.
    assert told(trading.bar(89, 89, 89, 89, volume=40)) == ["a buy 4 at 89", "a.stop triggered", "a cancelled"]
    assert told(trading.bar(91, 91, 91, 91, volume=1_000)) == ["a.stop sell 19 at 91"]


def test_stop_that_was_reached_without_volume_fills_at_the_next_open() -> None:
    trading = Trading(terms={"participation": 0.1})
    trading.place("a", "buy", 10, kind="stop", stop=102)
    assert told(trading.bar(100, 103, 99, 100, volume=0)) == ["a triggered"]
    assert told(trading.bar(99, 100, 98, 99)) == ["a buy 10 at 99"]


def test_ioc_never_rests() -> None:
    trading = Trading(terms={"participation": 0.1})
    trading.place("a", "buy", 10, kind="limit", limit=95, time_in_force="ioc")
    assert told(trading.bar(99, 100, 90, 99)) == ["a cancelled"]
    trading.place("b", "buy", 10, time_in_force="ioc")
    assert told(trading.bar(99, 100, 90, 99, volume=40)) == ["b buy 4 at 99", "b cancelled"]


def test_day_order_ends_with_its_session_and_gtc_does_not() -> None:
    trading = Trading()
    trading.place("a", "buy", 10, kind="limit", limit=95)
    trading.place("b", "buy", 10, kind="limit", limit=90, time_in_force="gtc")
    trading.time = CLOSE - timedelta(minutes=1)
    assert told(trading.bar(99, 100, 98, 99)) == ["a expired"]
    assert list(trading.portfolio.orders) == ["b"]


def test_day_order_does_not_fill_after_its_session_though_its_last_minute_had_no_bar() -> None:
    trading = Trading()
    trading.place("a", "buy", 10)
    trading.time = CLOSE + timedelta(days=3)
    assert told(trading.bar(99, 100, 98, 99)) == ["a expired"]


def test_order_that_turns_a_position_closes_and_opens() -> None:
    trading = Trading()
    trading.place("a", "buy", 10)
    trading.bar(100, 100, 100, 100)
    trading.place("b", "sell", 15)
    assert told(trading.bar(110, 110, 110, 110)) == ["b sell 10 at 110", "b sell 5 at 110"]
    assert trading.portfolio.positions["GOOG"].quantity == -5
    assert trading.portfolio.realised == 100


def test_order_without_the_cash_is_rejected_when_it_would_fill() -> None:
    trading = Trading()
    trading.place("a", "buy", 100)
    (rejected, _) = trading.bar(101, 101, 101, 101)
    assert rejected.type == "order_rejected"
    assert rejected.reason.startswith("it costs $10,100.00, commission included, and $10,000.00 are available")


def test_short_sale_brings_no_cash_to_spend() -> None:
    trading = Trading()
    trading.place("a", "sell", 100)
    trading.bar(100, 100, 100, 100)
    with pytest.raises(RunError, match=r"it costs \$100\.00, commission included, and \$0\.00 are available"):
        trading.place("b", "buy", 1, symbol="IBM")


def test_bar_that_was_seen_does_nothing() -> None:
    trading = Trading()
    trading.place("a", "buy", 10)
    trading.bar(100, 100, 100, 100)
    trading.time -= timedelta(minutes=1)
    trading.place("b", "buy", 10)
    assert trading.bar(100, 100, 100, 100) == []


def test_closed_position_leaves_no_exit_behind() -> None:
    trading = Trading()
    trading.place("a", "buy", 10, stop_loss=90, take_profit=120)
    trading.bar(100, 100, 100, 100)
    trading.place("b", "sell", 10)
    assert told(trading.bar(100, 100, 100, 100)) == ["b sell 10 at 100", "a.stop cancelled", "a.target cancelled"]


def test_part_of_a_position_is_closed_at_its_average_cost() -> None:
    trading = Trading()
    for price in (100, 120):
        trading.place(f"a{price}", "buy", 10)
        trading.bar(price, price, price, price)
    trading.place("b", "sell", 5)
    trading.bar(130, 130, 130, 130)
    position = trading.portfolio.positions["GOOG"]
    assert (position.quantity, position.cost, trading.portfolio.realised) == (15, 1_650, 100)
