"""Adjusting raw bars: by the field's convention, and the same bits however the bars are cut."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.raw_bars import APPLE_DIVIDENDS, APPLE_SPLITS, raw_bars
from tickfold.engine.bars import COLUMNS, Bars, join
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, SessionCalendar, day_number
from tickfold.errors import RunError
from tickfold.market_data.adjustment import actions_within, adjusted, adjusted_for_splits, check_stored, factors_of
from tickfold.market_data.corporate_actions import CorporateAction, CorporateActions
from tickfold.market_data.series import Series, SeriesFile
from tickfold.protocol.backtest_config import PriceAdjustment

FIRST = date(2003, 2, 13)
MICROSOFT = [
    CorporateAction(date(2003, 2, 18), "split", 2.0),
    CorporateAction(date(2003, 2, 19), "dividend", 0.08, close_before=24.96),
]


def assert_same_bits(found: Bars, expected: Bars) -> None:
    for name in COLUMNS:
        assert getattr(found, name).tobytes() == getattr(expected, name).tobytes(), name


# --- the convention --------------------------------------------------------------------------------------------------


def test_example_of_yahoo_s_help_page_on_the_real_bars() -> None:
    """Its multipliers of Microsoft's split and dividend in February 2003: 0.5 and 0.9968, to the cent."""
    bars, _ = raw_bars("MSFT")
    at = np.flatnonzero(bars.timestamp >= day_number(FIRST) * MICROSECONDS_PER_DAY)[:4]
    example = bars[at]
    assert example.close.tolist() == [46.99, 48.30, 24.96, 24.53]
    found = adjusted(example, factors_of(MICROSOFT))
    assert found.close.round(2).tolist() == [23.42, 24.07, 24.88, 24.53]
    assert (found.volume / example.volume).tolist() == [2, 2, 1, 1]


def test_two_splits_of_apple_are_those_of_the_source_s_adjusted_closes() -> None:
    bars, source = raw_bars("AAPL")
    before = bars.timestamp < day_number(date(2012, 8, 9)) * MICROSECONDS_PER_DAY
    found = adjusted_for_splits(bars, APPLE_SPLITS).close[before]
    ratio = source[before] / found
    # One number for all bars, that of the later dividends; the source has eight digits.
    np.testing.assert_allclose(ratio, ratio[-1], rtol=1e-7)


def test_dividends_of_apple_differ_from_the_source_s_by_its_other_convention_alone() -> None:
    """The source reinvests at the ex-date's close E: its factor is 1 / (1 + D / E), where ours is 1 - D / C.

    It is adjusted for what came after the last bar, too: one number for all bars.
    """
    bars, source = raw_bars("AAPL")
    found = adjusted(bars, factors_of([*APPLE_SPLITS, *APPLE_DIVIDENDS])).close
    theirs = 1.0
    for action in APPLE_DIVIDENDS:
        at = int(np.searchsorted(bars.timestamp, day_number(action.day) * MICROSECONDS_PER_DAY))
        assert action.close_before == bars.close[at - 1]
        theirs *= (1 - action.value / bars.close[at - 1]) * (1 + action.value / bars.close[at])
    ratio = found / source
    np.testing.assert_allclose(ratio[0] / ratio[-1], theirs, rtol=1e-6)
    assert found[-1] == bars.close[-1]


def test_dividend_on_the_day_of_a_split_is_of_its_new_shares() -> None:
    both = [CorporateAction(FIRST, "split", 4.0), CorporateAction(FIRST, "dividend", 1.0, close_before=10.0)]
    assert factors_of(both).price.tolist() == [0.9 / 4, 1.0]
    two = [replace(both[1], value=0.5), replace(both[1], value=1.5)]
    assert factors_of(two).price.tolist() == [0.8, 1.0]


@pytest.mark.parametrize(("close", "said"), [(1.0, "is \\$1"), (0.5, "is \\$0.5"), (None, "is not known")])
def test_dividend_that_leaves_no_price_is_refused(close: float | None, said: str) -> None:
    paid = CorporateAction(FIRST, "dividend", 1.0, close_before=close)
    with pytest.raises(RunError, match=f"the dividend of \\$1 on 2003-02-13, before which the close {said}: run with"):
        factors_of([paid])


def test_bars_are_earlier_by_the_sessions_of_their_calendar() -> None:
    """A session of New York's evening bears the next day's date: its bars are those of the ex-date."""
    times = np.array([datetime(2024, 6, 9, hour, tzinfo=UTC).timestamp() for hour in (20, 21, 22, 23)]) * 1e6
    ones = np.ones(4)
    bars = Bars(times.astype(np.int64), ones, ones, ones, ones, ones, 2, SessionCalendar("America/New_York", 18 * 60))
    found = adjusted(bars, factors_of([CorporateAction(date(2024, 6, 10), "split", 10.0)]))
    assert (found.close.tolist(), found.volume.tolist(), found.decimals) == ([0.1, 0.1, 1, 1], [10, 10, 1, 1], None)


# --- cut anywhere ----------------------------------------------------------------------------------------------------


@st.composite
def cases(draw: st.DrawFn) -> tuple[Bars, list[CorporateAction], list[int]]:
    """Return bars of some hours a day, actions around them, and where to cut."""
    count = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hours = rng.integers(1, 41, count).cumsum()
    calendar = draw(st.sampled_from([None, SessionCalendar(), SessionCalendar("America/New_York", 18 * 60)]))
    times = (day_number(FIRST) * 24 + hours) * 3_600_000_000
    columns = dict(zip(COLUMNS[1:], rng.uniform(0.01, 1e5, (5, count)), strict=True))
    bars = Bars(timestamp=times, **columns, decimals=2, calendar=calendar)
    days = st.integers(-3, int(hours[-1]) // 24 + 3).map(lambda day: FIRST + timedelta(days=day))
    splits = draw(st.dictionaries(days, st.floats(0.01, 50), max_size=5))
    dividends = draw(st.dictionaries(days, st.floats(0.001, 0.3), max_size=5))
    actions = [CorporateAction(day, "split", ratio) for day, ratio in splits.items()]
    for day, part in dividends.items():
        close = float(rng.uniform(0.01, 1e5))
        actions.append(CorporateAction(day, "dividend", part * close, close))
    return bars, actions, sorted(draw(st.sets(st.integers(0, count), max_size=8)))


@given(cases())
def test_pieces_of_any_cut_are_adjusted_as_the_whole(case: tuple[Bars, list[CorporateAction], list[int]]) -> None:
    bars, actions, cuts = case
    whole = adjusted(bars, factors_of(actions))
    edges = [0, *cuts, len(bars)]
    pieces = [adjusted(bars[a:b], factors_of(reversed(actions))) for a, b in pairwise(edges)]
    assert_same_bits(join(pieces), whole)


@given(cases())
def test_each_bar_is_multiplied_by_the_steps_after_it_from_the_last_on(
    case: tuple[Bars, list[CorporateAction], list[int]],
) -> None:
    bars, actions, _ = case
    found, dates = adjusted(bars, factors_of(actions)), bars.session_dates
    days = sorted({each.day for each in actions}, reverse=True)
    for row in range(len(bars)):
        price, volume = 1.0, 1.0
        for day in days:
            if dates[row] >= day_number(day):
                break
            step = factors_of([each for each in actions if each.day == day])
            price, volume = price * step.price[0], volume * step.volume[0]
        assert (found.close[row], found.volume[row]) == (bars.close[row] * price, bars.volume[row] * volume)
        assert found.low[row] == bars.low[row] * price


# --- what a run is adjusted for --------------------------------------------------------------------------------------


def series(adjustment: Any = "raw", *, last: date = date(2003, 3, 31), found: Any = MICROSOFT) -> Series:
    """Return a series of the days from 2003-02-13 to 2003-02-28."""
    start = datetime(2003, 2, 13, tzinfo=UTC)
    file = SeriesFile(
        year=2003,
        version_id="v",
        first=start,
        last=start + timedelta(days=15),
        decimals=2,
        days=[(day, 1) for day in range(44, 60)],
    )
    actions = None if found is None else CorporateActions(date(2003, 1, 1), last, found)
    given = {"adjustment": adjustment, "actions": actions}
    return Series(symbol="MSFT", timeframe="1d", source="alpaca", files=[file], **given)


def within(wanted: Any, first: int, last: int, known: Series | None = None) -> list[float]:
    found = actions_within(known or series(), wanted, date(2003, 2, first), date(2003, 2, last))
    return [each.value for each in found]


def test_run_is_adjusted_for_what_falls_between_its_bars() -> None:
    assert within("all", 1, 28) == [2.0, 0.08]
    assert within("splits", 1, 28) == [2.0]
    assert within("raw", 1, 28) == []
    assert within("all", 17, 18) == [2.0]
    assert within("all", 18, 28) == [0.08]
    assert within("all", 19, 28) == within("all", 13, 17) == []


def test_run_beyond_the_days_whose_actions_are_known_is_refused_unless_raw() -> None:
    short = series(last=date(2003, 2, 20))
    assert within("all", 1, 20, short) == [2.0, 0.08]
    with pytest.raises(RunError, match="of MSFT 1d are not known from 2003-02-13 to 2003-02-21: fetch them"):
        within("all", 1, 21, short)
    assert within("raw", 1, 21, short) == []


@pytest.mark.parametrize("stored", [None, "splits", "all", "raw"])
def test_bars_as_stored_are_what_all_means_and_what_they_are(stored: Any) -> None:
    of = series(stored, found=None)
    check_stored(of, "all")
    if stored in ("splits", "raw"):
        check_stored(of, stored)
    others: list[PriceAdjustment] = ["splits", "raw"]
    for wanted in [each for each in others if each != stored]:
        with pytest.raises(RunError, match=f"^MSFT 1d has prices .*: leave adjustment {wanted} out"):
            check_stored(of, wanted)
