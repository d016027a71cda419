"""The feed: whichever ticks come, late, twice, at once or not at all, each minute is stored once, in order."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tests.market_data.feed.market import HALF_DAY, MONDAY, Market, at, minutes_of, without
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.market_data.exchange_calendar import ExchangeCalendar
from tickfold.market_data.feed.feed import Feed
from tickfold.market_data.feed.feed_state import FeedState
from tickfold.market_data.feed.hot_store import HotStore, Quarantined
from tickfold.market_data.feed.minute_bar import FeedBar, bars_of
from tickfold.market_data.feed.watch_list import Watched
from tickfold.market_data.providers.failures import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

GOOG = Watched("GOOG", "XNYS")
OPEN, CLOSE = at("2025-11-28T14:30"), at("2025-11-28T18:00")
MINUTE = timedelta(minutes=1)
CLOSED_LATER = at("2025-11-29T01:00")


def stored(hot: HotStore) -> list[FeedBar]:
    return list(hot.bars_after("GOOG", 0))


def assert_stored(hot: HotStore, expected: Bars) -> None:
    """Assert that the hot table has exactly `expected`, numbered from 1, with the indicators of a pass over them."""
    rows = stored(hot)
    assert [row.sequence for row in rows] == list(range(1, len(expected) + 1))
    found = bars_of(row.bar for row in rows)
    for name in COLUMNS:
        assert_array_equal(getattr(found, name), getattr(expected, name), name)
    frame = pd.DataFrame({name: getattr(expected, name) for name in COLUMNS})
    assert_allclose([row.sma9 or np.nan for row in rows], frame.close.rolling(9).mean(), rtol=1e-14)
    session = frame.timestamp // 86_400_000_000
    typical = (frame.high + frame.low + frame.close) / 3
    vwap = (typical * frame.volume).groupby(session).cumsum() / frame.volume.groupby(session).cumsum()
    assert_allclose([row.vwap or np.nan for row in rows], vwap, rtol=1e-14)


def each_minute(start: datetime, end: datetime) -> list[datetime]:
    return [start + at * MINUTE for at in range((end - start) // MINUTE + 1)]


def test_session_tick_each_minute_stores_each_bar_once(hot: HotStore) -> None:
    market = Market(minutes_of(HALF_DAY))
    feed = Feed(hot, market)
    assert feed.tick(GOOG, CLOSE - 10 * MINUTE).stored == 200
    stored_by = [feed.tick(GOOG, time).stored for time in each_minute(CLOSE - 9 * MINUTE, CLOSE + 20 * MINUTE)]
    assert stored_by == [1] * 10 + [0] * 20
    assert_stored(hot, market.bars_of_all)


def test_tick_before_first_minute_is_over_asks_nobody(hot: HotStore) -> None:
    market = Market(minutes_of(HALF_DAY))
    assert Feed(hot, market).tick(GOOG, OPEN).stored == 0
    assert market.requests == []


def test_tick_while_market_is_closed_asks_nobody(hot: HotStore) -> None:
    market = Market(minutes_of(HALF_DAY))
    feed = Feed(hot, market)
    feed.tick(GOOG, CLOSE + timedelta(minutes=20))  # a new symbol begins with the next session
    assert market.requests == []
    feed.tick(GOOG, OPEN + 5 * MINUTE)
    feed.tick(GOOG, CLOSE + timedelta(minutes=20))
    asked = len(market.requests)
    feed.tick(GOOG, CLOSE + timedelta(hours=20))
    assert len(market.requests) == asked


def test_missed_ticks_are_made_up_by_the_next(hot: HotStore) -> None:
    market = Market(minutes_of(HALF_DAY), page=50)
    feed = Feed(hot, market)
    feed.tick(GOOG, OPEN + 10 * MINUTE)
    assert feed.tick(GOOG, OPEN + 130 * MINUTE).stored == 120
    assert_stored(hot, market.bars_of_all[:130])


def test_missed_end_of_session_is_made_up_in_the_next(hot: HotStore) -> None:
    market = Market(minutes_of(HALF_DAY, MONDAY))
    feed = Feed(hot, market)
    feed.tick(GOOG, OPEN + 10 * MINUTE)
    assert feed.tick(GOOG, at("2025-12-01T15:00")).stored == 200 + 30
    assert_stored(hot, market.bars_of_all[:240])


def test_late_bar_of_provider_is_stored_by_a_later_tick(hot: HotStore) -> None:
    bars = minutes_of(HALF_DAY)
    market = Market(bars[:9])
    feed = Feed(hot, market)
    feed.tick(GOOG, OPEN + 10 * MINUTE)  # the provider does not have the tenth minute yet
    market.bars_of_all = bars
    assert feed.tick(GOOG, OPEN + 11 * MINUTE).stored == 2
    assert_stored(hot, bars[:11])


def test_last_bar_after_the_close_is_waited_for(hot: HotStore) -> None:
    bars = minutes_of(HALF_DAY)
    market = Market(bars[:209])
    feed = Feed(hot, market)
    feed.tick(GOOG, CLOSE)
    market.bars_of_all = bars
    assert feed.tick(GOOG, CLOSE + 10 * MINUTE).stored == 1


def test_bar_after_grace_is_not_waited_for(hot: HotStore) -> None:
    market = Market(minutes_of(HALF_DAY)[:209])
    feed = Feed(hot, market)
    for minutes in (0, 15, 16, 17):
        feed.tick(GOOG, CLOSE + minutes * MINUTE)
    assert len(market.requests) == 2
    assert hot.state("GOOG").settled_to == CLOSE


def test_unfinished_bar_and_bars_outside_the_session_are_left_out(hot: HotStore) -> None:
    bars = minutes_of(HALF_DAY)
    before = replace(bars[:1], timestamp=bars.timestamp[:1] - 60_000_000)
    market = Market(Bars.concatenate([before, bars]), careless=True)
    assert Feed(hot, market).tick(GOOG, OPEN + 3 * MINUTE + timedelta(seconds=59)).stored == 3


def test_failure_in_the_middle_of_a_range_keeps_what_came_before(hot: HotStore) -> None:
    market = Market(minutes_of(HALF_DAY), page=10, faults=[2])
    feed = Feed(hot, market)
    with pytest.raises(UnavailableError, match="exchange: is down"):
        feed.tick(GOOG, OPEN + 100 * MINUTE)
    assert len(stored(hot)) == 20
    assert feed.tick(GOOG, OPEN + 100 * MINUTE).stored == 80
    assert market.requests[1].start == OPEN + 20 * MINUTE
    assert_stored(hot, market.bars_of_all[:100])


def test_two_ticks_at_once_store_each_bar_once(hot: HotStore, table: "Table") -> None:
    market = Market(minutes_of(HALF_DAY), page=7)
    other = Feed(HotStore(table), Market(market.bars_of_all, page=5))
    market.after_page[2] = lambda: other.tick(GOOG, OPEN + 60 * MINUTE)
    Feed(hot, market).tick(GOOG, OPEN + 50 * MINUTE)
    assert_stored(hot, market.bars_of_all[:60])


def test_bar_with_errors_is_quarantined_and_the_others_are_stored(hot: HotStore) -> None:
    bars = minutes_of(HALF_DAY)[:30]
    closes, highs = bars.close.copy(), bars.high.copy()
    closes[12], highs[12] = closes[12] * 10, highs[12] * 10
    market = Market(replace(bars, close=closes, high=highs))
    ticked = Feed(hot, market).tick(GOOG, OPEN + 30 * MINUTE)
    assert (ticked.stored, ticked.quarantined) == (29, 1)
    assert_stored(hot, without(bars, [12]))
    (held,) = hot.quarantined("GOOG")
    assert isinstance(held, Quarantined)
    assert held.bar.close == closes[12]
    assert held.reasons[0].startswith("outlier: ")
    assert hot.state("GOOG").quarantined == 1


def test_bar_that_is_no_number_is_quarantined(hot: HotStore) -> None:
    bars = minutes_of(HALF_DAY)[:10]
    volumes = bars.volume.copy()
    volumes[3] = np.nan
    ticked = Feed(hot, Market(replace(bars, volume=volumes))).tick(GOOG, OPEN + 10 * MINUTE)
    assert (ticked.stored, ticked.quarantined) == (9, 1)


def test_price_of_the_next_session_may_jump(hot: HotStore) -> None:
    bars = minutes_of(HALF_DAY, MONDAY)
    tenth = np.where(np.arange(len(bars)) < 210, 1.0, 1 / 20)
    split = replace(bars, **{name: getattr(bars, name) * tenth for name in ("open", "high", "low", "close")})
    feed = Feed(hot, Market(split))
    feed.tick(GOOG, OPEN + 100 * MINUTE)
    feed.tick(GOOG, at("2025-12-01T15:00"))
    assert hot.state("GOOG").quarantined == 0
    assert_stored(hot, split[:240])


def test_delisted_symbol_settles_session_after_session(hot: HotStore) -> None:
    market = Market(minutes_of(HALF_DAY)[:100])
    feed = Feed(hot, market)
    for time in (OPEN + 100 * MINUTE, at("2025-12-01T22:00"), at("2025-12-02T22:00")):
        feed.tick(GOOG, time)
    assert hot.state("GOOG").settled_to == at("2025-12-02T21:00")
    assert len(stored(hot)) == 100


def test_round_the_clock_session_is_a_utc_day(hot: HotStore) -> None:
    bars = minutes_of(HALF_DAY)
    midnight = ExchangeCalendar.named("24/7").minutes(at("2025-11-28T23:00"), at("2025-11-29T01:00"))
    around = replace(bars[: len(midnight)], timestamp=midnight)
    feed = Feed(hot, Market(around))
    for time in (at("2025-11-28T23:01"), *each_minute(at("2025-11-28T23:58"), at("2025-11-29T00:03")), CLOSED_LATER):
        feed.tick(Watched("GOOG", "24/7"), time)
    assert_stored(hot, around)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ticks=st.lists(st.integers(-5, 45), max_size=8),
    page=st.integers(1, 30),
    quiet=st.sets(st.integers(0, 39), max_size=10),
    faults=st.lists(st.none() | st.integers(0, 3), max_size=8),
)
def test_any_ticks_store_what_one_pass_stores(
    table: "Table", ticks: list[int], page: int, quiet: set[int], faults: list[int | None]
) -> None:
    clear(table)
    bars = minutes_of(HALF_DAY)[170:]  # of the last 40 minutes
    market = Market(without(bars, quiet), page=page, faults=list(faults))
    feed = Feed(HotStore(table), market)
    for tick in ticks:
        with suppress(UnavailableError):
            feed.tick(GOOG, CLOSE + (tick - 40) * MINUTE)
    market.faults.clear()
    feed.tick(GOOG, CLOSE)
    assert_stored(HotStore(table), market.bars_of_all)


def clear(table: "Table") -> None:
    for item in table.scan()["Items"]:
        table.delete_item(Key={"series": item["series"], "entry": item["entry"]})


def test_state_survives_the_table(hot: HotStore) -> None:
    feed = Feed(hot, Market(minutes_of(HALF_DAY)))
    feed.tick(GOOG, OPEN + 20 * MINUTE)
    state = hot.state("GOOG")
    assert state == FeedState.of(state.attributes())
    assert (state.sequence, state.last_time, state.provider) == (20, OPEN + 19 * MINUTE, "exchange")
