"""What a check of bars finds: errors, which are quarantined, and remarks."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.golden import GOOG
from tickfold.engine.arrays import Floats
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.errors import RunError
from tickfold.market_data.bar_file import read_bar_file
from tickfold.market_data.exchange_calendar import ExchangeCalendar
from tickfold.market_data.finding import Finding, Kind
from tickfold.market_data.quality import findings, reasons
from tickfold.market_data.series import utc

XNYS = ExchangeCalendar.named("XNYS")
MINUTE = 60_000_000
SESSION = XNYS.session(date(2026, 11, 27))
assert SESSION
MINUTES = XNYS.minutes(SESSION.open, SESSION.close)
ERRORS = {kind for kind in Kind if kind.is_error}


def session(count: int = 60) -> Bars:
    """Return the first minutes of a session, with prices that move by quarters of a dollar and volumes that differ."""
    closes: Floats = 100 + (np.arange(count) % 7) / 4
    opens: Floats = np.concatenate([[100.0], closes])[:count]
    high, low = np.maximum(opens, closes) + 0.25, np.minimum(opens, closes) - 0.25
    return Bars(MINUTES[:count], opens, high, low, closes, np.arange(count, dtype=np.float64) + 1)


NO_BARS = session(0)


def with_values(bars: Bars, row: int, **values: float) -> Bars:
    columns = {name: getattr(bars, name).copy() for name in values}
    for name, value in values.items():
        columns[name][row] = value
    return replace(bars, **columns)


def shown(found: list[Finding]) -> list[tuple[Kind, str, str]]:
    return [(finding.kind, f"{utc(finding.time or 0):%H:%M:%S}", finding.found) for finding in found]


# --- errors ----------------------------------------------------------------------------------------------------------

BAD_VALUES = [
    ({"close": 0.0, "low": 0.0}, Kind.PRICE, "close 0 is not above 0"),
    ({"low": -5.0}, Kind.PRICE, "low -5 is not above 0"),
    ({"open": np.nan}, Kind.NOT_A_NUMBER, "open nan is not a finite number"),
    ({"high": np.inf}, Kind.NOT_A_NUMBER, "high inf is not a finite number"),
    ({"volume": np.nan}, Kind.NOT_A_NUMBER, "volume nan is not a finite number"),
    ({"volume": -1.0}, Kind.VOLUME, "volume -1 is not 0 or more"),
    ({"high": 99.0}, Kind.CROSSED, "high 99.0 is below low 99.75"),
    ({"close": 101.0}, Kind.CROSSED, "close 101.0 is outside of low 99.75 … high 100.5"),
    ({"open": 99.0}, Kind.CROSSED, "open 99.0 is outside of low 99.75 … high 100.5"),
    ({"high": 1_050.0}, Kind.OUTLIER, "high 1050 where closes nearby are about 101"),
    ({"low": 10.0}, Kind.OUTLIER, "low 10 where closes nearby are about 101"),
    ({"timestamp": MINUTES[8] + 30_000_000}, Kind.OFF_GRID, "it starts 30 s after a whole minute"),
    ({"timestamp": MINUTES[8] - 86_400_000_000}, Kind.CLOSED, "XNYS has no session at that time"),
    ({"timestamp": MINUTES[5]}, Kind.DUPLICATE, "its time is that of another bar"),
    ({"timestamp": MINUTES[7] - 1}, Kind.ORDER, "it comes after the bar of 2026-11-27T14:37:00Z"),
]


BESIDES = {Kind.ORDER: {Kind.OFF_GRID}, Kind.CLOSED: {Kind.ORDER}}
"""What a bar of `BAD_VALUES` has, too."""


@pytest.mark.parametrize(("values", "kind", "found"), BAD_VALUES)
def test_bad_bar_is_an_error_in_history_and_in_the_feed(values: dict[str, float], kind: Kind, found: str) -> None:
    bars = with_values(session(), 8, **values)
    in_history = [finding for finding in findings(bars, "1m", exchange=XNYS) if finding.kind.is_error]
    assert (kind, found) in [(finding.kind, finding.found) for finding in in_history]
    assert {finding.kind for finding in in_history} == {kind} | BESIDES.get(kind, set())
    assert {finding.time for finding in in_history} == {int(bars.timestamp[8])}
    in_feed = reasons(bars[4:], bars[:4], "1m", XNYS)
    assert list(in_feed) == [4]
    assert sorted(in_feed[4], key=str) == sorted(in_history, key=str)


def test_sound_bars_have_no_findings() -> None:
    assert findings(session(), "1m", exchange=XNYS) == []
    assert reasons(session(), NO_BARS, "1m", XNYS) == {}
    assert reasons(NO_BARS, session(), "1m", XNYS) == {}
    assert findings(NO_BARS, "1m", exchange=XNYS) == []


def test_reasons_of_the_first_bar_ever_are_its_own() -> None:
    bars = with_values(session(1), 0, close=-1.0)
    assert [finding.kind for finding in reasons(bars, NO_BARS)[0]] == [Kind.PRICE, Kind.CROSSED]
    assert reasons(session(1), NO_BARS) == {}


def test_bars_that_are_received_again_are_not_duplicates_of_themselves() -> None:
    bars = session(10)
    assert reasons(bars[4:], bars[:7]) == {}


def test_exchange_that_does_not_cover_the_bars_is_an_error() -> None:
    bars = replace(session(), timestamp=MINUTES[:60] - 60 * 365 * 86_400_000_000)
    with pytest.raises(RunError, match="The calendar of XNYS has the days from 1990-01-01"):
        findings(bars, "1m", exchange=XNYS)


@given(row=st.integers(3, 55), factor=st.sampled_from([10.5, 12.5, 100.0, 0.095, 0.01]), rows=st.integers(1, 2))
def test_one_or_two_wild_bars_are_outliers_and_no_others_are(row: int, factor: float, rows: int) -> None:
    bars = session()
    wild = {name: getattr(bars, name).copy() for name in COLUMNS[1:5]}
    for column in wild.values():
        column[row : row + rows] *= factor
    found = [finding for finding in findings(replace(bars, **wild), "1m") if finding.kind is Kind.OUTLIER]
    assert [finding.time for finding in found] == bars.timestamp[row : row + rows].tolist()


@pytest.mark.parametrize("row", [0, 59])
def test_wild_bar_at_either_end_is_an_outlier(row: int) -> None:
    bars = with_values(session(), row, high=2_000.0)
    assert [(finding.kind, finding.time) for finding in findings(bars, "1m")] == [(Kind.OUTLIER, MINUTES[row])]


@pytest.mark.parametrize("factor", [9.9, 1 / 9.9])
def test_prices_less_than_ten_times_apart_are_no_outliers(factor: float) -> None:
    bars = session()
    moved = replace(bars, **{name: getattr(bars, name) * ([1.0] * 30 + [factor] + [1.0] * 29) for name in COLUMNS[1:5]})
    assert {finding.kind for finding in findings(moved, "1m")} == {Kind.JUMP}


def test_split_is_a_jump_and_no_outlier() -> None:
    bars = session()
    split = replace(bars, **{name: getattr(bars, name) / ([1.0] * 30 + [20.0] * 30) for name in COLUMNS[1:5]})
    (jump,) = findings(split, "1m", exchange=XNYS)
    assert (jump.kind, jump.time) == (Kind.JUMP, MINUTES[30])
    assert jump.found.endswith(", as of a split 20:1")


def test_new_level_is_an_outlier_in_the_feed_for_three_bars() -> None:
    bars = session()
    split = replace(bars, **{name: getattr(bars, name) / ([1.0] * 30 + [20.0] * 30) for name in COLUMNS[1:5]})
    refused = [row for row in range(1, 60) if reasons(split[row : row + 1], split[:row], "1m", XNYS)]
    assert refused == [30, 31, 32]
    assert list(reasons(split[25:], split[:25], "1m", XNYS)) == [5, 6, 7]


def test_reasons_of_bars_one_by_one_are_those_of_all_at_once() -> None:
    bars = with_values(with_values(session(), 20, high=5_000.0), 21, low=0.5)
    one_by_one = {row: found[0] for row in range(60) if (found := reasons(bars[row : row + 1], bars[:row], "1m", XNYS))}
    assert one_by_one == reasons(bars, NO_BARS, "1m", XNYS)
    assert set(one_by_one) == {20, 21}


def test_bar_after_a_wild_one_is_no_outlier() -> None:
    bars = with_values(session(3), 1, high=1_500.0, close=1_500.0)
    assert reasons(bars[2:], bars[:2]) == {}


@pytest.mark.parametrize(
    ("timeframe", "second", "refused"), [("1h", 1_800, False), ("5m", 60, False), ("30s", 15, True)]
)
def test_longer_bars_may_start_on_any_minute(timeframe: str, second: int, refused: bool) -> None:
    bars = replace(session(1), timestamp=MINUTES[:1] + second * 1_000_000)
    assert bool(reasons(bars, NO_BARS, timeframe)) == refused


# --- remarks ---------------------------------------------------------------------------------------------------------


def test_remarks_are_no_reason_to_quarantine() -> None:
    bars = session()
    odd = with_values(bars, 9, volume=0.0)[np.r_[0:20, 25:60]]
    assert shown(findings(odd, "1m", exchange=XNYS)) == [
        (Kind.NO_VOLUME, "14:39:00", "volume 0"),
        (Kind.GAP, "14:49:00", "5 bars missing between 2026-11-27T14:49:00Z and 2026-11-27T14:55:00Z"),
    ]
    assert reasons(odd, NO_BARS, "1m", XNYS) == {}


def test_missing_volume_is_one_finding_a_run() -> None:
    bars = replace(session(), volume=np.zeros(60))
    assert shown(findings(bars, "1m", exchange=XNYS)) == [
        (Kind.NO_VOLUME, "14:30:00", "60 bars with volume 0, to 2026-11-27T15:29:00Z")
    ]


@pytest.mark.parametrize(("equal", "found"), [(4, []), (5, [Kind.STALE]), (20, [Kind.STALE])])
def test_five_equal_bars_in_a_row_are_stale(equal: int, found: list[Kind]) -> None:
    rows = np.concatenate([np.arange(10), np.full(equal - 1, 9), np.arange(10, 20)])
    bars = replace(session(20)[rows], timestamp=MINUTES[: len(rows)])
    stale = findings(bars, "1m", exchange=XNYS)
    assert [finding.kind for finding in stale] == found
    if stale:
        last = utc(int(MINUTES[9 + equal - 1]))
        assert shown(stale)[0][1:] == ("14:39:00", f"{equal} equal bars in a row, to {last:%Y-%m-%dT%H:%M:%SZ}")


def test_equal_bars_without_volume_are_not_stale_where_others_have_volume() -> None:
    rows = np.concatenate([np.arange(10), np.full(8, 9)])
    bars = replace(session(10)[rows], timestamp=MINUTES[:18], volume=np.concatenate([np.ones(10), np.zeros(8)]))
    assert [finding.kind for finding in findings(bars, "1m", exchange=XNYS)] == [Kind.NO_VOLUME]


def test_bad_bar_makes_no_jump() -> None:
    bars = session()
    wild = with_values(bars, 30, open=1_100.0, high=1_101.0, low=1_099.0, close=1_100.0)
    assert {finding.kind for finding in findings(wild, "1m", exchange=XNYS)} == {Kind.OUTLIER}


# --- daily bars ------------------------------------------------------------------------------------------------------


def test_real_daily_bars_have_all_sessions_of_the_exchange() -> None:
    bars = read_bar_file(GOOG).bars
    assert findings(bars, "1d", exchange=XNYS) == []


def test_daily_bar_on_a_holiday_is_an_error_and_a_missing_session_a_gap() -> None:
    bars = read_bar_file(GOOG).bars
    day = 86_400_000_000
    without = bars[np.r_[0:10, 11 : len(bars)]]
    (gap,) = findings(without, "1d", exchange=XNYS)
    assert (gap.kind, gap.found) == (Kind.GAP, "1 bar missing between 2004-09-01 and 2004-09-03")
    saturday = replace(bars, timestamp=np.concatenate([bars.timestamp[:-1], bars.timestamp[-1:] + day]))
    kinds = [(finding.kind, finding.time) for finding in findings(saturday, "1d", exchange=XNYS)]
    assert kinds[-1] == (Kind.CLOSED, int(saturday.timestamp[-1]))


def test_without_an_exchange_gaps_are_inferred() -> None:
    bars = read_bar_file(GOOG).bars
    without = bars[np.r_[0:100, 110 : len(bars)]]
    assert [finding.kind for finding in findings(without, "1d")] == [Kind.GAP]
    assert findings(without, "1d")[0].time == bars.timestamp[99]
