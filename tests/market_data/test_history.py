"""History on demand: exactly what the lake lacks is asked for, each bar is stored once, and a retry goes on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.market_data.conftest import BUCKET
from tests.market_data.providers.clock import FakeClock
from tests.market_data.providers.servers.alpaca_server import AlpacaServer
from tests.market_data.providers.servers.fault import Kind
from tests.market_data.providers.servers.market_server import KEY, SECRET, Dividend, Split
from tests.market_data.providers.servers.schwab_server import SchwabServer
from tests.market_data.providers.sessions import assert_same, at, daily, intraday, session
from tickfold.engine.bars import Bars, join
from tickfold.errors import RunError
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.corporate_actions import CorporateAction, CorporateActions
from tickfold.market_data.exchange_calendar import ExchangeCalendar
from tickfold.market_data.history import Filled, History
from tickfold.market_data.history_range import Wanted, day_range
from tickfold.market_data.providers.alpaca import Alpaca, AlpacaKey
from tickfold.market_data.providers.failover import Failover
from tickfold.market_data.providers.failures import AllProvidersFailedError
from tickfold.market_data.providers.files import Files
from tickfold.market_data.providers.http import Http
from tickfold.market_data.providers.provider import Adjustment
from tickfold.market_data.providers.schwab import Schwab, SchwabToken

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
YEAR = Wanted("GOOG", "1d", *day_range(date(2005, 1, 1), date(2005, 12, 31)))
NEW_YORK = ExchangeCalendar.named("XNYS")
LONGER = replace(YEAR, end=datetime(2006, 2, 1, tzinfo=UTC))
FRIDAY, MONDAY = date(2024, 3, 8), date(2024, 3, 11)
MINUTES = Wanted("GOOG", "1m", *day_range(FRIDAY, MONDAY), NEW_YORK)


def within(bars: Bars, first: date, last: date) -> Bars:
    start, end = ((day - date(1970, 1, 1)).days * 86_400_000_000 for day in (first, last + timedelta(days=1)))
    return bars[(bars.timestamp >= start) & (bars.timestamp < end)]


OF_YEAR = within(daily(), date(2005, 1, 1), date(2005, 12, 31))


class Market:
    """A lake, and a failover over Alpaca and Schwab, whose prices are adjusted for splits alone."""

    def __init__(self, stack: ExitStack, s3: "S3Client") -> None:
        self.clock = FakeClock()
        self.alpaca = stack.enter_context(AlpacaServer())
        self.schwab = stack.enter_context(SchwabServer())
        for adjustment in ("raw", "splits", "all"):
            self.alpaca.add("GOOG", "1d", daily(), adjustment)
            self.alpaca.add("GOOG", "1m", intraday(), adjustment)
        self.schwab.add("GOOG", "1d", daily(), "splits")
        http = Http(self.clock, self.clock.sleep)
        self.first = Alpaca(AlpacaKey(KEY, SECRET), http, self.alpaca.url)
        self.second = Schwab(SchwabToken(lambda: KEY), http, self.schwab.url)
        self.lake = BarStore(s3, BUCKET)
        self.history = History(self.lake, Failover([self.first], self.clock))

    def in_pieces_of(self, bars: int) -> None:
        self.history = replace(self.history, most_bars=bars)

    def fill(self, wanted: Wanted = YEAR, now: datetime = NOW) -> Filled:
        return self.history.fill(wanted, now)

    def stored(self, timeframe: str = "1d") -> Bars:
        series = self.lake.catalog.get("GOOG", timeframe)
        return self.lake.read(series, 0, series.bars)

    def asked(self) -> list[tuple[str, str]]:
        """Return the days of the ranges that Alpaca was asked for, without further pages."""
        queries = [each.query for each in self.alpaca.requests if each.path == "/v2/stocks/bars"]
        return [(each["start"][:10], each["end"][:10]) for each in queries if "page_token" not in each]


@pytest.fixture
def market(s3: "S3Client") -> Iterator[Market]:
    with ExitStack() as stack:
        yield Market(stack, s3)


def test_empty_lake_is_filled_and_covered(market: Market) -> None:
    filled = market.fill()
    assert_same([market.stored()], OF_YEAR)
    series = market.lake.catalog.get("GOOG", "1d")
    assert series == filled.series
    assert (series.coverage, series.source) == ([day_range(date(2005, 1, 1), date(2005, 12, 31))], "alpaca")
    assert (series.adjustment, series.actions) == ("raw", CorporateActions(date(2005, 1, 1), NOW.date(), []))
    assert (filled.added, filled.done, filled.pieces, filled.providers) == (len(OF_YEAR), 1, 1, ["alpaca"])


def test_covered_range_is_not_asked_for_again(market: Market) -> None:
    market.fill()
    before = len(market.alpaca.requests)
    filled = market.fill(replace(YEAR, start=YEAR.start + timedelta(days=9)))
    assert (filled.pieces, filled.added, len(market.alpaca.requests)) == (0, 0, before)


def test_exactly_the_missing_parts_are_asked_for(market: Market) -> None:
    loaded = within(daily(), date(2005, 3, 1), date(2005, 4, 29))
    market.lake.put("GOOG", "1d", replace(loaded, close=loaded.close + 0.001), "a.csv")
    market.fill(replace(YEAR, adjustment=Adjustment.ALL))
    assert market.asked() == [("2005-01-01", "2005-03-01"), ("2005-04-30", "2006-01-01")]
    found = market.stored()
    assert found.timestamp.tolist() == OF_YEAR.timestamp.tolist()
    differ = np.flatnonzero(found.close != OF_YEAR.close)
    assert found.timestamp[differ].tolist() == loaded.timestamp.tolist()
    assert market.lake.catalog.get("GOOG", "1d").source == "a.csv, alpaca"


def test_failure_between_pages_keeps_what_came_and_a_retry_goes_on_there(market: Market) -> None:
    market.alpaca.page_size = 100
    market.alpaca.switch(Kind.STATUS, after=2, status=500)  # the list of actions, and a page
    with pytest.raises(AllProvidersFailedError, match="alpaca"):
        market.fill()
    assert_same([market.stored()], OF_YEAR[:100])
    market.alpaca.fault = None
    market.clock.now += 3_600
    market.alpaca.requests.clear()
    filled = market.fill()
    assert market.asked()[0][0] == (date(1970, 1, 2) + (day_of(OF_YEAR, 99) - date(1970, 1, 1))).isoformat()
    assert filled.added == len(OF_YEAR) - 100
    assert_same([market.stored()], OF_YEAR)


def day_of(bars: Bars, row: int) -> date:
    return date(1970, 1, 1) + timedelta(microseconds=int(bars.timestamp[row]))


def test_failure_between_pieces_keeps_the_pieces_before(market: Market) -> None:
    market.in_pieces_of(100)
    market.alpaca.switch(Kind.STATUS, after=3, status=500)
    with pytest.raises(AllProvidersFailedError):
        market.fill()
    coverage = market.lake.catalog.get("GOOG", "1d").coverage
    assert coverage == [(YEAR.start, YEAR.start + timedelta(days=200))]


def test_progress_is_told_before_and_after_each_piece(market: Market) -> None:
    market.in_pieces_of(100)
    told: list[tuple[int, int, int]] = []
    market.history.fill(YEAR, NOW, lambda each: told.append((each.done, each.pieces, each.added)))
    assert [each[:2] for each in told] == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    assert [each[2] for each in told] == sorted(each[2] for each in told)
    assert told[-1][2] == len(OF_YEAR)


def test_fetch_that_is_to_end_ends_after_a_piece_and_goes_on_there(market: Market) -> None:
    market.in_pieces_of(100)
    filled = market.history.fill(YEAR, NOW, goes_on=lambda: False)
    assert (filled.done, filled.pieces) == (1, 4)
    assert market.lake.catalog.get("GOOG", "1d").coverage == [(YEAR.start, YEAR.start + timedelta(days=100))]
    assert market.fill().pieces == 3
    assert_same([market.stored()], OF_YEAR)


def test_two_fetches_at_once_store_all_bars_of_both(market: Market) -> None:
    market.in_pieces_of(50)
    next_year = replace(YEAR, start=YEAR.end, end=datetime(2007, 1, 1, tzinfo=UTC))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(market.fill, [YEAR, next_year]))
    assert_same([market.stored()], within(daily(), date(2005, 1, 1), date(2006, 12, 31)))
    assert market.lake.catalog.get("GOOG", "1d").coverage == [(YEAR.start, next_year.end)]


def test_range_before_the_listing_is_covered_once_there_are_bars(market: Market) -> None:
    listed = replace(YEAR, start=datetime(2003, 1, 1, tzinfo=UTC), end=datetime(2004, 9, 1, tzinfo=UTC))
    market.fill(listed)
    assert_same([market.stored()], within(daily(), date(2004, 8, 1), date(2004, 8, 31)))
    assert market.lake.catalog.get("GOOG", "1d").coverage == [(listed.start, listed.end)]


def test_pieces_without_bars_before_the_first_are_covered_too(market: Market) -> None:
    market.in_pieces_of(100)
    listed = replace(YEAR, start=datetime(2004, 1, 1, tzinfo=UTC), end=datetime(2004, 9, 1, tzinfo=UTC))
    market.fill(listed)
    assert market.lake.catalog.get("GOOG", "1d").coverage == [(listed.start, listed.end)]
    market.alpaca.requests.clear()
    market.fill(listed)
    assert market.alpaca.requests == []


def test_range_without_any_bar_is_an_error_and_no_series(market: Market) -> None:
    with pytest.raises(RunError, match="there are no 1d bars of GOOG from 2001-01-01 00:00Z to 2001-02-01 00:00Z"):
        market.fill(replace(YEAR, start=datetime(2001, 1, 1, tzinfo=UTC), end=datetime(2001, 2, 1, tzinfo=UTC)))
    assert market.lake.catalog.list() == []


def test_unknown_symbol_says_who_was_asked(market: Market) -> None:
    market.history = History(market.lake, Failover([market.first, market.second], market.clock))
    with pytest.raises(AllProvidersFailedError, match=r"alpaca: unknown .* NOPE; schwab: ") as failed:
        market.fill(replace(YEAR, symbol="NOPE", adjustment=Adjustment.SPLITS))
    assert failed.value.code == "not_found"


def test_today_is_not_covered(market: Market) -> None:
    now = datetime(2005, 6, 1, 23, tzinfo=UTC)
    market.fill(now=now)
    assert market.lake.catalog.get("GOOG", "1d").coverage == [day_range(date(2005, 1, 1), date(2005, 5, 31))]
    assert_same([market.stored()], within(daily(), date(2005, 1, 1), date(2005, 5, 31)))


# --- sessions and quality --------------------------------------------------------------------------------------------


def test_bars_outside_of_the_regular_session_are_left_out(market: Market) -> None:
    early = intraday()[:2]
    early = replace(early, timestamp=early.timestamp - 3_600_000_000)
    market.alpaca.add("GOOG", "1m", join([early, intraday()]))
    filled = market.fill(MINUTES)
    assert_same([market.stored("1m")], join([session(FRIDAY, intraday()), session(MONDAY, intraday())]))
    assert (filled.outside, filled.errors) == (2, [])


def test_hours_without_a_session_are_covered_without_asking(market: Market) -> None:
    market.fill(replace(MINUTES, start=at(FRIDAY, time(9, 30)), end=at(FRIDAY, time(16, 0))))
    market.alpaca.requests.clear()
    filled = market.fill(replace(MINUTES, start=at(FRIDAY, time(16, 0)), end=at(MONDAY, time(9, 30))))
    assert (filled.pieces, filled.done, market.alpaca.requests) == (1, 1, [])
    coverage = market.lake.catalog.get("GOOG", "1m").coverage
    assert coverage == [(at(FRIDAY, time(9, 30)), at(MONDAY, time(9, 30)))]


def test_bars_with_errors_are_left_out_reported_and_not_asked_for_again(market: Market) -> None:
    high = daily().high.copy()
    wrong = int(np.flatnonzero(daily().timestamp == OF_YEAR.timestamp[20])[0])
    high[wrong] *= 100
    market.alpaca.add("GOOG", "1d", replace(daily(), high=high))
    filled = market.fill()
    assert [(each.kind.value, each.time) for each in filled.errors] == [("outlier", OF_YEAR.timestamp[20])]
    assert_same([market.stored()], join([OF_YEAR[:20], OF_YEAR[21:]]))
    assert market.fill().pieces == 0


# --- adjustment ------------------------------------------------------------------------------------------------------


def test_next_fetch_asks_for_the_adjustment_of_the_series(market: Market) -> None:
    market.fill(replace(YEAR, adjustment=Adjustment.ALL))
    market.fill(LONGER)
    queries = [each.query for each in market.alpaca.requests]
    assert [query["adjustment"] for query in queries if "adjustment" in query] == ["all", "all"]


def test_another_adjustment_than_that_of_the_series_is_refused(market: Market) -> None:
    market.fill()
    with pytest.raises(RunError, match="GOOG 1d has prices with adjustment raw, and a series has one"):
        market.fill(replace(LONGER, adjustment=Adjustment.ALL))


def test_series_that_was_loaded_needs_an_adjustment_once(market: Market) -> None:
    market.lake.put("GOOG", "1d", OF_YEAR[:9], "a.csv")
    with pytest.raises(RunError, match=r"bars of a\.csv that may be adjusted or not: say which by --adjustment"):
        market.fill()
    market.fill(replace(YEAR, adjustment=Adjustment.SPLITS))
    market.fill(LONGER)
    assert market.lake.catalog.get("GOOG", "1d").adjustment == "splits"


def test_new_series_has_the_best_adjustment_that_a_provider_has(market: Market, tmp_path: Path) -> None:
    market.history = History(market.lake, Failover([market.second], market.clock))
    assert market.fill().series
    assert market.lake.catalog.get("GOOG", "1d").adjustment == "splits"
    rows = ["date,open,high,low,close,volume", "2005-01-03,10,12,9,11,5", "2005-01-04,10,12,9,11,5"]
    (tmp_path / "ACME.csv").write_text("\n".join(rows))
    market.history = History(market.lake, Failover([Files(tmp_path)], market.clock))
    filled = market.fill(replace(YEAR, symbol="ACME"))
    assert filled.series
    assert (filled.series.adjustment, filled.added) == ("raw", 2)


def test_best_adjustment_is_not_given_up_because_its_provider_is_down(market: Market) -> None:
    market.history = History(market.lake, Failover([market.first, market.second], market.clock))
    market.alpaca.switch(Kind.STATUS, status=500)
    with pytest.raises(AllProvidersFailedError):
        market.fill()
    assert market.lake.catalog.list() == []


def test_adjustment_stays_once_there_are_bars_with_it(market: Market) -> None:
    market.history = History(market.lake, Failover([market.first, market.second], market.clock), most_bars=100)
    market.alpaca.switch(Kind.STATUS, after=3, status=422)
    with pytest.raises(AllProvidersFailedError, match=r"alpaca: refuses .*; schwab: prices with adjustment raw"):
        market.fill()
    assert market.schwab.requests == []
    assert market.lake.catalog.get("GOOG", "1d").adjustment == "raw"


@pytest.mark.parametrize(
    ("adjustment", "action", "refused"),
    [
        (Adjustment.ALL, Dividend(date(2025, 3, 3), 0.2), True),
        (Adjustment.ALL, Split(date(2025, 3, 3), 20, 1), True),
        (Adjustment.SPLITS, Split(date(2025, 3, 3), 20, 1), True),
        (Adjustment.SPLITS, Dividend(date(2025, 3, 3), 0.2), False),
        (Adjustment.RAW, Split(date(2025, 3, 3), 20, 1), False),
        (Adjustment.ALL, Dividend(date(2025, 1, 6), 0.2), False),
    ],
)
def test_bars_that_were_adjusted_before_a_split_or_dividend_take_no_new_ones(
    market: Market, adjustment: Adjustment, action: Any, refused: bool
) -> None:
    fetched_on = datetime(2025, 1, 6, 12, tzinfo=UTC)
    market.fill(replace(YEAR, adjustment=adjustment), now=fetched_on)
    actions: Any = market.alpaca.splits if isinstance(action, Split) else market.alpaca.dividends
    actions["GOOG"] = [action]
    if refused:
        with pytest.raises(RunError, match=r"on 2025-03-03, and its bars were fetched on 2025-01-06") as conflict:
            market.fill(LONGER)
        assert conflict.value.code == "conflict"
        assert_same([market.stored()], OF_YEAR)
    else:
        assert market.fill(LONGER).added


def test_actions_that_no_provider_has_are_remarked(market: Market) -> None:
    market.history = History(market.lake, Failover([market.second], market.clock))
    market.fill(now=datetime(2025, 1, 6, 12, tzinfo=UTC))
    filled = market.fill(LONGER)
    assert filled.added
    (remark,) = filled.remarks
    assert "adjusted anew since 2025-01-06 is not known: no provider has splits and dividends of GOOG" in remark


# --- splits and dividends beside raw bars ----------------------------------------------------------------------------

PRICES = ("open", "high", "low", "close")
BEFORE = OF_YEAR.timestamp < OF_YEAR.timestamp[100]
SPLIT = replace(OF_YEAR, **{name: np.where(BEFORE, 20.0, 1.0) * getattr(OF_YEAR, name) for name in PRICES})
"""Bars of which a share becomes twenty on the hundredth day."""
SPLIT_DAY, PAID_DAY = day_of(OF_YEAR, 100), day_of(OF_YEAR, 200)


def actions_of(market: Market) -> list[CorporateAction]:
    actions = market.lake.catalog.get("GOOG", "1d").actions
    assert actions
    return actions.found


@pytest.fixture
def eventful(market: Market) -> Market:
    """The market with a split of GOOG and a dividend in 2005."""
    market.alpaca.add("GOOG", "1d", SPLIT)
    market.alpaca.splits["GOOG"] = [Split(SPLIT_DAY, 20, 1)]
    market.alpaca.dividends["GOOG"] = [Dividend(PAID_DAY, 0.5)]
    return market


def test_raw_bars_are_stored_with_splits_and_dividends_beside_them(eventful: Market) -> None:
    filled = eventful.fill()
    assert filled.errors == []  # the jump of a split that is known is none
    assert_same([eventful.stored()], SPLIT)
    split, paid = actions_of(eventful)
    assert (split.day, split.value, split.close_before) == (SPLIT_DAY, 20, None)
    assert (paid.day, paid.value, paid.close_before) == (PAID_DAY, 0.5, OF_YEAR.close[199])


def test_jump_of_a_split_that_is_not_listed_is_remarked(eventful: Market) -> None:
    assert eventful.fill().remarks == []
    eventful.lake.remove("GOOG", "1d")
    eventful.alpaca.splits["GOOG"] = []
    ratio = np.where(BEFORE, 2.0, 1.0)
    eventful.alpaca.add("GOOG", "1d", replace(OF_YEAR, **{name: ratio * getattr(OF_YEAR, name) for name in PRICES}))
    assert eventful.fill().remarks == [f"{SPLIT_DAY} looks like a split 2:1, and none is listed"]


def test_pieces_that_are_fetched_one_by_one_end_with_the_same_record(eventful: Market) -> None:
    eventful.in_pieces_of(30)
    filled = eventful.fill()
    assert filled.errors == []
    assert [each.close_before for each in actions_of(eventful)] == [None, OF_YEAR.close[199]]
    asked = [each for each in eventful.alpaca.requests if each.path == "/v1/corporate-actions"]
    assert len(asked) == 2  # the two pages of one list


def test_later_dividend_is_added_and_refuses_no_bars(eventful: Market) -> None:
    eventful.fill(now=datetime(2006, 1, 1, 12, tzinfo=UTC))
    january = within(daily(), date(2006, 1, 1), date(2006, 1, 31))
    eventful.alpaca.add("GOOG", "1d", join([SPLIT, january]))
    eventful.alpaca.dividends["GOOG"].append(Dividend(date(2006, 1, 10), 0.25))
    filled = eventful.fill(LONGER)
    assert filled.added == len(january)
    added = actions_of(eventful)[-1]
    before = within(january, date(2006, 1, 1), date(2006, 1, 9)).close[-1]
    assert (added.day, added.value, added.close_before) == (date(2006, 1, 10), 0.25, before)


def test_close_before_a_dividend_follows_bars_that_come_between(eventful: Market) -> None:
    first_days = replace(YEAR, end=YEAR.start + timedelta(days=30))
    eventful.fill(first_days)
    january = within(SPLIT, date(2005, 1, 1), date(2005, 1, 30))
    assert actions_of(eventful)[-1].close_before == january.close[-1] / 20  # in shares from after the split
    eventful.fill()
    assert actions_of(eventful)[-1].close_before == OF_YEAR.close[199]


def test_list_that_has_changed_is_refused_and_nothing_stored(eventful: Market) -> None:
    eventful.fill()
    before = eventful.lake.catalog.get("GOOG", "1d")
    eventful.alpaca.dividends["GOOG"] = [Dividend(PAID_DAY, 0.6)]
    with pytest.raises(RunError, match=rf"it lacks a dividend of \$0\.5 on {PAID_DAY}") as conflict:
        eventful.fill(LONGER, now=NOW + timedelta(days=1))
    assert conflict.value.code == "conflict"
    assert eventful.lake.catalog.get("GOOG", "1d") == before


def test_actions_alone_are_asked_for_where_bars_are_newer_than_their_list(eventful: Market) -> None:
    eventful.fill(now=datetime(2005, 12, 31, 12, tzinfo=UTC))
    eventful.fill(now=datetime(2006, 1, 1, 12, tzinfo=UTC))
    fed = within(daily(), date(2006, 1, 1), date(2006, 1, 31))
    eventful.lake.put("GOOG", "1d", fed, "the feed")
    eventful.alpaca.requests.clear()
    fed_range = replace(YEAR, start=datetime(2006, 1, 3, tzinfo=UTC), end=datetime(2006, 2, 1, tzinfo=UTC))
    filled = eventful.fill(fed_range, now=datetime(2006, 2, 10, tzinfo=UTC))
    assert (filled.pieces, filled.added, eventful.asked()) == (0, 0, [])
    series = eventful.lake.catalog.get("GOOG", "1d")
    assert series.actions
    assert (series.actions.last, series.bars) == (date(2006, 2, 10), len(OF_YEAR) + len(fed))
    assert not fed_range.lacks_actions(series)


def test_raw_bars_without_a_list_are_remarked(market: Market, tmp_path: Path) -> None:
    rows = ["date,open,high,low,close,volume", "2005-01-03,10,12,9,11,5", "2005-01-04,10,12,9,11,5"]
    (tmp_path / "GOOG.csv").write_text("\n".join(rows))
    market.history = History(market.lake, Failover([Files(tmp_path)], market.clock))
    filled = market.fill(replace(YEAR, adjustment=Adjustment.RAW))
    (remark,) = filled.remarks
    assert remark.startswith(
        "splits and dividends are not known: no provider has splits and dividends of GOOG: files: "
    )
    assert market.lake.catalog.get("GOOG", "1d").actions is None
