"""The bar store: a load is atomic and idempotent, and a run reads the versions that its series names."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.market_data.conftest import BUCKET
from tickfold.engine.arrays import Floats
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.engine.calendar import SessionCalendar
from tickfold.errors import RunError
from tickfold.market_data.bar_store import BarStore, SeriesChangedError, encode
from tickfold.market_data.coverage import Range
from tickfold.market_data.series import Series
from tickfold.storage import layout

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def bars_at(*times: str, close: float = 10.5) -> Bars:
    """Return bars at ISO times, each of its own prices and volume."""
    count = len(times)
    closes: Floats = np.arange(count, dtype=np.float64) + close
    return Bars(
        timestamp=np.array(times, dtype="datetime64[us]").astype(np.int64),
        open=closes - 0.25,
        high=closes + 1,
        low=closes - 1,
        close=closes,
        volume=closes * 0 + 100 + np.arange(count),
    )


def assert_equal(found: Bars, expected: Bars) -> None:
    for name in COLUMNS:
        assert_array_equal(getattr(found, name), getattr(expected, name))


@pytest.fixture
def store(s3: "S3Client") -> BarStore:
    return BarStore(s3, BUCKET)


def versions(s3: "S3Client") -> set[str]:
    return {found["VersionId"] for found in s3.list_object_versions(Bucket=BUCKET).get("Versions", [])}


YEAR_END = bars_at("2004-12-30T14:00", "2004-12-31T23:59:59.999", "2005-01-01T00:00", "2005-03-01T10:00")


def test_bars_are_read_back_across_years(store: BarStore) -> None:
    series = store.put("GOOG", "1h", YEAR_END, "test")
    assert_equal(store.read(series, 0, series.bars), YEAR_END)
    assert_equal(store.read(series, 1, 3), YEAR_END[1:3])
    assert_equal(store.read(series, 2, 4), YEAR_END[2:4])
    assert store.catalog.get("GOOG", "1h") == series


def test_series_describes_its_bars_by_year_and_day(store: BarStore) -> None:
    series = store.put("GOOG", "1h", YEAR_END, "a file")
    assert (series.symbol, series.timeframe, series.source, series.decimals) == ("GOOG", "1h", "a file", 2)
    assert [(file.year, file.days) for file in series.files] == [
        (2004, [(365, 1), (366, 1)]),  # a leap year
        (2005, [(1, 1), (60, 1)]),
    ]
    assert series.files[0].first == datetime(2004, 12, 30, 14, tzinfo=UTC)
    assert series.files[0].last == datetime(2004, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    assert series.span(date(2004, 12, 31), date(2005, 1, 1)) == (1, 3)


def test_bars_before_1970_belong_to_their_year(store: BarStore) -> None:
    series = store.put("DJI", "1d", bars_at("1968-12-31", "1969-01-01", "1969-12-31"), "test")
    assert [(file.year, file.days) for file in series.files] == [(1968, [(366, 1)]), (1969, [(1, 1), (365, 1)])]


def test_several_bars_of_a_day_are_counted_together(store: BarStore) -> None:
    series = store.put("GOOG", "1h", bars_at("2005-02-01T10:00", "2005-02-01T11:00", "2005-02-02T10:00"), "test")
    assert series.files[0].days == [(32, 2), (33, 1)]


def test_decimals_are_those_of_all_prices(store: BarStore) -> None:
    prices = np.array([10.0])
    bars = Bars(np.array([0]), prices, prices, prices - 0.125, prices, prices)
    assert store.put("GOOG", "1d", bars, "test").decimals == 3


def test_load_without_bars_is_refused(store: BarStore) -> None:
    with pytest.raises(RunError, match="no bars to load for GOOG"):
        store.put("GOOG", "1d", YEAR_END[:0], "test")


@pytest.mark.parametrize("times", [("2005-01-02", "2005-01-01"), ("2005-01-01", "2005-01-01")])
def test_bars_out_of_order_or_at_the_same_time_are_refused(
    s3: "S3Client", store: BarStore, times: tuple[str, ...]
) -> None:
    with pytest.raises(RunError, match="the bars of GOOG are not in time order, or two have the same time"):
        store.put("GOOG", "1d", bars_at(*times), "test")
    assert versions(s3) == set()


def test_one_bar_is_a_series(store: BarStore) -> None:
    assert store.put("GOOG", "1d", YEAR_END[:1], "test").bars == 1


def test_second_load_adds_the_bars_that_are_new(store: BarStore) -> None:
    store.put("GOOG", "1d", bars_at("2005-01-01", "2005-01-03", "2005-01-05"), "first")
    series = store.put("GOOG", "1d", bars_at("2005-01-02", "2005-01-04", close=50), "second")
    found = store.read(series, 0, series.bars)
    expected = bars_at("2005-01-01", "2005-01-02", "2005-01-03", "2005-01-04", "2005-01-05")
    assert_array_equal(found.timestamp, expected.timestamp)
    assert found.close.tolist() == [10.5, 50, 11.5, 51, 12.5]
    assert found.volume.tolist() == [100, 100, 101, 101, 102]
    assert (series.source, series.files[0].days) == ("second", [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)])


def test_load_of_other_values_at_the_same_times_is_refused(s3: "S3Client", store: BarStore) -> None:
    before = store.put("GOOG", "1h", YEAR_END, "first")
    known = versions(s3)
    closes = YEAR_END.close + np.array([0, 0, 0.125, 0.25])
    with pytest.raises(RunError) as caught:
        store.put("GOOG", "1h", replace(YEAR_END, close=closes), "second")
    assert str(caught.value).startswith(
        "GOOG 1h has other values for 2 of these bars, first 2005-01-01T00:00:00Z with close 12.5 (now 12.625); "
    )
    assert "load with --replace" in str(caught.value)
    assert (store.catalog.get("GOOG", "1h"), versions(s3)) == (before, known)


def test_rounding_to_single_precision_is_the_same_value(store: BarStore) -> None:
    bars = replace(YEAR_END, close=YEAR_END.close + np.array([0.1, 0.2, 0.3, 0.4]))
    first = store.put("GOOG", "1h", bars, "first")
    rounded = replace(bars, close=bars.close.astype(np.float32).astype(np.float64))
    assert store.put("GOOG", "1h", rounded, "first") == first
    assert_equal(store.read(first, 0, 4), bars)


def test_replacement_makes_the_series_exactly_the_new_bars(s3: "S3Client", store: BarStore) -> None:
    old = store.put("GOOG", "1h", YEAR_END, "first")
    new = bars_at("2005-01-01T00:00", "2006-01-02T10:00", close=50)
    series = store.put("GOOG", "1h", new, "second", replace=True)
    assert_equal(store.read(series, 0, series.bars), new)
    assert [file.year for file in series.files] == [2005, 2006]
    assert_equal(store.read(old, 0, 4), YEAR_END)  # as a run does that began before
    known = versions(s3)
    assert store.put("GOOG", "1h", new, "second", replace=True) == series
    assert len(versions(s3) - known) == 1  # the series' JSON


def keys(s3: "S3Client", prefix: str = "data/") -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]


def test_replacement_leaves_no_bars_of_other_years_to_be_found(s3: "S3Client", store: BarStore) -> None:
    old = store.put("GOOG", "1h", YEAR_END, "first")
    store.put("GOOG", "1h", YEAR_END[2:], "second", replace=True)
    assert keys(s3, layout.BARS) == [layout.bars_key("GOOG", "1h", 2005)]
    assert_equal(store.read(old, 0, 4), YEAR_END)


def test_removed_series_is_gone_but_for_runs_that_have_it(s3: "S3Client", store: BarStore) -> None:
    series = store.put("GOOG", "1h", YEAR_END, "test")
    other = store.put("GOOG/USD", "1h", YEAR_END, "test")
    assert store.remove("GOOG", "1h")
    assert not store.remove("GOOG", "1h")
    assert store.catalog.list() == [other]
    assert all("GOOG/USD" in key for key in keys(s3))
    assert_equal(BarStore(s3, BUCKET).read(series, 0, 4), YEAR_END)
    assert store.put("GOOG", "1h", YEAR_END[:1], "again").bars == 1


def test_days_are_told_by_their_date(store: BarStore) -> None:
    first = store.put("GOOG", "1d", bars_at("2005-01-03T05:00", "2005-01-04T05:00"), "with an offset")
    again = store.put("GOOG", "1d", bars_at("2005-01-03", "2005-01-04"), "without")
    assert (again.bars, again.files) == (2, first.files)
    with pytest.raises(RunError, match=r"other values for 2 of these bars, first 2005-01-03 with open 10.25 \(now 49"):
        store.put("GOOG", "1d", bars_at("2005-01-03", "2005-01-04", close=50), "without")


@pytest.mark.parametrize(
    ("timeframe", "old", "new", "named"),
    [
        ("1mo", ("2005-01-31", "2005-02-28"), ("2005-02-01", "2005-03-01"), "2005-01-31 and 2005-02-01"),
        ("1w", ("2005-01-03", "2005-01-10"), ("2005-01-07", "2005-01-14"), "2005-01-07 and 2005-01-10"),
        (
            "1h",
            ("2005-01-03T09:30", "2005-01-03T10:30"),
            ("2005-01-03T10:00", "2005-01-03T11:00"),
            "2005-01-03T09:30:00Z and 2005-01-03T10:00:00Z",
        ),
    ],
)
def test_bars_that_lie_between_those_of_the_series_are_refused(
    store: BarStore, timeframe: str, old: tuple[str, ...], new: tuple[str, ...], named: str
) -> None:
    store.put("GOOG", timeframe, bars_at(*old), "first")
    with pytest.raises(RunError, match=f"lie between those of GOOG {timeframe}, as {named} do"):
        store.put("GOOG", timeframe, bars_at(*new), "second")


def test_bars_that_were_deleted_can_be_loaded_again(s3: "S3Client", store: BarStore) -> None:
    store.put("GOOG", "1h", YEAR_END, "test")
    for found in s3.list_object_versions(Bucket=BUCKET, Prefix=layout.BARS)["Versions"]:
        s3.delete_object(Bucket=BUCKET, Key=found["Key"], VersionId=found["VersionId"])
    series = BarStore(s3, BUCKET).put("GOOG", "1h", YEAR_END, "again")
    assert_equal(store.read(series, 0, 4), YEAR_END)


def interrupted_load(s3: "S3Client", year: int) -> str:
    """Write a year's object as a load does that ends before it commits; return its key."""
    key = layout.bars_key("GOOG", "1h", year)
    s3.put_object(Bucket=BUCKET, Key=key, Body=encode(bars_at(f"{year}-02-01", close=77)))
    return key


def test_loading_again_after_an_interrupted_load_makes_the_series_the_newest(s3: "S3Client", store: BarStore) -> None:
    before = store.put("GOOG", "1h", YEAR_END, "test")
    key = interrupted_load(s3, 2005)
    assert_equal(store.read(store.catalog.get("GOOG", "1h"), 0, 4), YEAR_END)
    series = store.put("GOOG", "1h", YEAR_END, "again")
    assert s3.head_object(Bucket=BUCKET, Key=key)["VersionId"] == series.files[1].version_id
    assert series.files[0] == before.files[0]
    assert_equal(store.read(series, 0, 4), YEAR_END)


@pytest.mark.parametrize("calendar", [None, SessionCalendar.parse("UTC 17:00")])
def test_loading_again_after_an_interrupted_load_heals_bars_that_were_deleted_since(
    s3: "S3Client", store: BarStore, calendar: SessionCalendar | None
) -> None:
    before = store.put("GOOG", "1h", YEAR_END, "test")
    key = interrupted_load(s3, 2005)
    s3.delete_object(Bucket=BUCKET, Key=key, VersionId=before.files[1].version_id)
    with pytest.raises(RunError, match="the 2005 bars of GOOG were deleted; load them again"):
        BarStore(s3, BUCKET).read(before, 0, 4)
    series = BarStore(s3, BUCKET).put("GOOG", "1h", YEAR_END, "again", calendar=calendar)
    assert_equal(store.read(series, 0, 4), YEAR_END)


def test_other_calendar_of_a_series_with_deleted_bars_is_refused_by_name(s3: "S3Client", store: BarStore) -> None:
    before = store.put("GOOG", "1h", YEAR_END, "test")
    s3.delete_object(Bucket=BUCKET, Key=layout.bars_key("GOOG", "1h", 2005), VersionId=before.files[1].version_id)
    with pytest.raises(RunError, match="the 2005 bars of GOOG were deleted; load them again"):
        store.put("GOOG", "1h", YEAR_END[:1], "test", calendar=SessionCalendar.parse("UTC 17:00"))


def test_second_load_of_another_year_keeps_the_first_year(store: BarStore) -> None:
    store.put("GOOG", "1d", bars_at("2006-01-01"), "test")
    series = store.put("GOOG", "1d", bars_at("2004-01-01"), "test")
    assert [file.year for file in series.files] == [2004, 2006]


def test_repeated_load_writes_no_new_bars(s3: "S3Client", store: BarStore) -> None:
    first = store.put("GOOG", "1h", YEAR_END, "test")
    before = versions(s3)
    assert store.put("GOOG", "1h", YEAR_END, "test") == first
    new = versions(s3) - before
    assert len(new) == 1  # the series' JSON


def test_series_read_before_a_load_still_reads_its_own_versions(store: BarStore) -> None:
    old = store.put("GOOG", "1d", bars_at("2005-01-01", "2005-01-02"), "first")
    store.put("GOOG", "1d", bars_at("2005-01-01", close=99), "second", replace=True)
    assert store.read(old, 0, 2).close.tolist() == [10.5, 11.5]


@pytest.mark.parametrize("exists", [False, True])
def test_load_that_another_load_overtook_is_refused(s3: "S3Client", store: BarStore, exists: bool) -> None:
    if exists:
        store.put("GOOG", "1d", bars_at("2005-01-01"), "before")
    event = "before-call.s3.PutObject"

    def overtake(**_details: Any) -> None:
        s3.meta.events.unregister(event, overtake)
        store.put("GOOG", "1d", bars_at("2005-01-02", close=20), "other")

    s3.meta.events.register(event, overtake)
    with pytest.raises(RunError, match="another load of GOOG 1d finished meanwhile; load again"):
        store.put("GOOG", "1d", bars_at("2005-01-03", close=30), "late")
    kept = store.catalog.get("GOOG", "1d")
    assert kept.source == "other"
    assert store.read(kept, 0, kept.bars).close.tolist() == ([10.5, 20] if exists else [20])


def test_other_errors_of_a_commit_are_raised_as_they_are(s3: "S3Client") -> None:
    s3.delete_bucket(Bucket=BUCKET)
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucket"):
        BarStore(s3, BUCKET).put("GOOG", "1d", YEAR_END, "test")


@pytest.mark.parametrize("gone", ["version", "object"])
def test_deleted_bars_are_named_by_year(s3: "S3Client", store: BarStore, gone: str) -> None:
    series = store.put("GOOG", "1h", YEAR_END, "test")
    key = layout.bars_key("GOOG", "1h", 2005)
    for found in s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]:
        s3.delete_object(Bucket=BUCKET, Key=key, VersionId=found["VersionId"])
    if gone == "version":
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"another version")
    assert len(store.read(series, 0, 2)) == 2
    with pytest.raises(RunError, match="the 2005 bars of GOOG were deleted; load them again"):
        store.read(series, 0, 3)


def test_other_errors_of_a_read_are_raised_as_they_are(s3: "S3Client", store: BarStore) -> None:
    series = store.put("GOOG", "1h", YEAR_END, "test")
    for found in s3.list_object_versions(Bucket=BUCKET)["Versions"]:
        s3.delete_object(Bucket=BUCKET, Key=found["Key"], VersionId=found["VersionId"])
    s3.delete_bucket(Bucket=BUCKET)
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucket"):
        store.read(series, 0, 1)


def test_version_is_fetched_once_for_many_reads(s3: "S3Client", store: BarStore) -> None:
    series = store.put("GOOG", "1h", YEAR_END[:2], "test")
    fetched: list[str] = []

    def count(params: dict[str, Any], **_details: Any) -> None:
        fetched.append(params["url_path"])

    s3.meta.events.register("before-call.s3.GetObject", count)
    for _ in range(3):
        store.read(series, 0, 2)
    assert len(fetched) == 1


EVENINGS = bars_at("2024-12-30T23:30", "2024-12-31T14:00", "2024-12-31T23:30", "2025-01-01T23:30", "2025-01-02T14:00")
"""Bars of a market whose sessions begin at 23:00 UTC: those of 31 December, 1 January and 2 January 2025."""
FROM_23_00 = SessionCalendar("UTC", 23 * 60, 5)


def test_range_of_dates_is_one_of_sessions(store: BarStore) -> None:
    series = store.put("ES", "30m", EVENINGS, "test", calendar=FROM_23_00)
    assert [(file.year, file.days) for file in series.files] == [(2024, [(366, 2), (367, 1)]), (2025, [(2, 2)])]
    assert series.dates == [date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 2)]
    assert series.periods_per_year == 252


@pytest.mark.parametrize(("timeframe", "days", "expected"), [("1d", 1, 365), ("3d", 3, 121.75), ("1w", 7, 52)])
def test_periods_a_year_of_a_series(store: BarStore, timeframe: str, days: int, expected: float) -> None:
    times = [str(date(2024, 1, 1) + timedelta(days=at * days)) for at in range(40)]
    assert store.put("BTC", timeframe, bars_at(*times), "test").periods_per_year == pytest.approx(expected, rel=1e-12)


def test_span_finds_the_session_that_began_in_the_year_before(store: BarStore) -> None:
    bars = bars_at("2024-12-30T23:30", "2024-12-31T14:00", "2024-12-31T23:30", "2025-01-01T14:00", "2025-01-02T14:00")
    series = store.put("ES", "30m", bars, "test", calendar=FROM_23_00)
    assert series.span(date(2024, 12, 31), date(2024, 12, 31)) == (0, 2)
    assert series.span(date(2025, 1, 1), date(2025, 1, 1)) == (2, 4)
    assert series.span(date(2025, 1, 2), date(2025, 1, 2)) == (4, 5)
    assert store.read(series, 2, 4).session_dates.tolist() == [(date(2025, 1, 1) - date(1970, 1, 1)).days] * 2


def test_calendar_stays_with_the_series_and_can_be_set_again(store: BarStore) -> None:
    first = store.put("ES", "30m", EVENINGS[:3], "test")
    assert first.calendar == SessionCalendar()
    assert store.put("ES", "30m", EVENINGS[3:], "test").calendar == SessionCalendar()
    again = store.put("ES", "30m", EVENINGS[3:4], "test", calendar=FROM_23_00)
    assert (again.calendar, again.bars) == (FROM_23_00, 5)
    assert [file.days for file in again.files] == [[(366, 2), (367, 1)], [(2, 2)]]
    assert store.put("ES", "30m", EVENINGS[3:4], "test", calendar=FROM_23_00) == again


def test_calendar_of_a_short_series_is_inferred_again(store: BarStore) -> None:
    week = bars_at(*(f"2024-01-0{day}" for day in range(1, 6)))
    weekend = bars_at("2024-01-06", "2024-01-07", "2024-01-08", close=50)
    assert store.put("BTC", "1d", week, "Monday to Friday").periods_per_year == 252
    series = store.put("BTC", "1d", weekend, "weekend")
    assert (series.calendar, series.calendar_given) == (SessionCalendar(week=7), False)


def test_calendar_of_bars_that_were_read_is_none_that_was_given(store: BarStore) -> None:
    series = store.put("BTC", "1h", YEAR_END, "test")
    assert store.put("BTC", "1h", store.read(series, 0, 4), "test") == series
    assert not series.calendar_given


def test_given_calendar_is_kept_by_loads_and_replacements(store: BarStore) -> None:
    store.put("BTC", "1h", YEAR_END, "test", calendar=FROM_23_00)
    later = bars_at("2005-03-05T10:00", "2005-03-06T10:00")
    for again in (store.put("BTC", "1h", later, "later"), store.put("BTC", "1h", later, "later", replace=True)):
        assert (again.calendar, again.calendar_given) == (FROM_23_00, True)


def test_calendar_of_days_has_no_zone_that_would_move_them(store: BarStore) -> None:
    new_york = SessionCalendar("America/New_York", 0, 6)
    series = store.put("GOOG", "1d", bars_at("2024-01-01", "2024-01-02"), "test", calendar=new_york)
    assert series.calendar == SessionCalendar(week=6)
    assert series.dates == [date(2024, 1, 1), date(2024, 1, 2)]


def test_series_without_calendar_is_read_as_utc_days(store: BarStore) -> None:
    series = store.put("ES", "30m", EVENINGS, "test").model_copy(update={"calendar": None})
    assert store.read(series, 0, 3).session_dates.tolist() == (EVENINGS.timestamp[:3] // 86_400_000_000).tolist()


def test_bar_finer_than_a_millisecond_is_refused_before_anything_is_written(store: BarStore) -> None:
    fine = bars_at("2005-01-03T10:00", "2005-01-03T10:00:00.0005")
    with pytest.raises(RunError, match=r"^GOOG has a bar at .*10:00:00\.000500\+00:00; times are kept to the milli"):
        store.put("GOOG", "1s", fine, "fine")
    assert store.catalog.list() == []


# --- coverage --------------------------------------------------------------------------------------------------------

JANUARY = bars_at("2005-01-03", "2005-01-04", "2005-01-07")


def days(first: int, last: int) -> Range:
    """Return the range of the days of January 2005 from `first` to `last`."""
    return datetime(2005, 1, first, tzinfo=UTC), datetime(2005, 1, last, tzinfo=UTC) + timedelta(days=1)


def fetched(source: str = "alpaca", **fields: Any) -> Series:
    return Series(symbol="GOOG", timeframe="1d", source=source, files=[], **fields)


def test_loaded_series_covers_all_from_its_first_bar_to_the_end_of_its_last(store: BarStore) -> None:
    assert store.put("GOOG", "1d", JANUARY, "test").coverage == [days(3, 7)]
    hours = store.put("GOOG", "1h", bars_at("2005-01-03T14:00", "2005-01-03T16:00"), "test")
    assert hours.coverage == [(datetime(2005, 1, 3, 14, tzinfo=UTC), datetime(2005, 1, 3, 17, tzinfo=UTC))]


def test_days_that_are_not_dated_at_midnight_are_covered_as_days(store: BarStore) -> None:
    assert store.put("GOOG", "1d", bars_at("2005-01-03T05:00", "2005-01-04T05:00"), "test").coverage == [days(3, 4)]


def test_series_that_was_stored_without_coverage_covers_its_bars(s3: "S3Client", store: BarStore) -> None:
    series = store.put("GOOG", "1d", JANUARY, "test")
    old = series.model_dump_json(exclude={"covered", "adjustment", "adjusted_on", "actions"})
    s3.put_object(Bucket=BUCKET, Key=layout.series_key("GOOG", "1d"), Body=old.encode())
    found = store.catalog.get("GOOG", "1d")
    assert (found.covered, found.adjustment, found.actions, found.coverage) == ([], None, None, [days(3, 7)])
    store.put("GOOG", "1d", bars_at("2005-01-11"), "test")
    assert store.catalog.get("GOOG", "1d").coverage == [days(3, 7), days(11, 11)]


def test_load_in_place_of_all_covers_its_own_bars_alone(store: BarStore) -> None:
    store.fill(fetched(adjustment="all"), JANUARY, days(1, 9))
    series = store.put("GOOG", "1d", JANUARY[1:], "test", replace=True)
    assert (series.coverage, series.adjustment) == ([days(4, 7)], None)


def test_fill_begins_a_series_that_covers_what_was_asked(store: BarStore) -> None:
    series = store.fill(fetched(adjustment="all", adjusted_on=date(2005, 2, 1)), JANUARY, days(1, 9))
    assert series
    assert (series.coverage, series.adjustment, series.source) == ([days(1, 9)], "all", "alpaca")
    assert store.catalog.get("GOOG", "1d") == series
    assert_equal(store.read(series, 0, 3), JANUARY)


def test_fill_keeps_covered_bars_whatever_their_values_and_adds_none_between(store: BarStore) -> None:
    store.put("GOOG", "1d", JANUARY, "a.csv")
    other = bars_at("2004-12-31", "2005-01-03", "2005-01-05", "2005-01-07", "2005-01-10", close=50)
    series = store.fill(fetched(), other, (days(1, 1)[0] - timedelta(days=1), days(10, 10)[1]))
    assert series
    found = store.read(series, 0, series.bars)
    assert found.timestamp.tolist() == [other.timestamp[0], *JANUARY.timestamp, other.timestamp[-1]]
    assert found.close.tolist() == [50, *JANUARY.close, 54]
    assert (series.source, len(series.coverage)) == ("a.csv, alpaca", 1)


def test_fill_without_bars_notes_what_is_covered_and_stores_no_bars(s3: "S3Client", store: BarStore) -> None:
    assert store.fill(fetched(), JANUARY[:0], days(1, 2)) is None
    before = store.put("GOOG", "1d", JANUARY, "a.csv")
    objects = s3.list_object_versions(Bucket=BUCKET, Prefix=layout.BARS)["Versions"]
    series = store.fill(fetched(), JANUARY[:0], days(1, 2))
    assert series == before.model_copy(update={"covered": [days(1, 7)]})
    assert s3.list_object_versions(Bucket=BUCKET, Prefix=layout.BARS)["Versions"] == objects


def test_fill_keeps_calendar_and_adjustment_of_the_series(store: BarStore) -> None:
    calendar = SessionCalendar("America/New_York", 0, 5)
    store.put("GOOG", "1h", bars_at("2005-01-03T14:00"), "a.csv", calendar=calendar)
    other = Series(symbol="GOOG", timeframe="1h", source="alpaca", files=[], adjustment="all")
    series = store.fill(other, bars_at("2005-01-04T14:00"), days(4, 4))
    assert series
    assert (series.calendar, series.calendar_given, series.adjustment) == (calendar, True, "all")
    again = store.fill(other.model_copy(update={"adjustment": "raw"}), bars_at("2005-01-05T14:00"), days(5, 5))
    assert again
    assert again.adjustment == "all"


def test_fill_after_another_load_is_refused_and_lost_to_nobody(s3: "S3Client", store: BarStore) -> None:
    store.put("GOOG", "1d", JANUARY, "a.csv")

    class Overtaken(BarStore):
        def _put_year(self, *arguments: Any) -> Any:
            store.fill(fetched("other"), JANUARY[:0], days(1, 2))
            return super()._put_year(*arguments)

    with pytest.raises(SeriesChangedError, match="load again"):
        Overtaken(s3, BUCKET).fill(fetched(), bars_at("2005-01-10"), days(8, 10))
    assert store.catalog.get("GOOG", "1d").coverage == [days(1, 7)]
