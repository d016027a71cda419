"""Timeframes: which texts are timeframes, their lengths, and their canonical spelling."""

import pytest

from tickfold.engine.timeframe import canonical_timeframe, is_timeframe, lasts_days, timeframe_of, timeframe_seconds


def test_timeframes_are_ordered_by_length() -> None:
    ordered = ["30s", "5m", "4h", "1d", "1w", "4w", "1mo", "5w", "3mo", "12mo"]
    assert sorted(sorted(ordered), key=timeframe_seconds) == ordered


@pytest.mark.parametrize(
    ("timeframe", "seconds"),
    [("1s", 1), ("45s", 45), ("1m", 60), ("90m", 5_400), ("4h", 14_400), ("1d", 86_400), ("1w", 604_800)],
)
def test_seconds_and_timeframe_are_inverse(timeframe: str, seconds: int) -> None:
    assert timeframe_seconds(timeframe) == seconds
    assert timeframe_of(seconds) == timeframe


@pytest.mark.parametrize(("written", "canonical"), [("60s", "1m"), ("60m", "1h"), ("24h", "1d"), ("14d", "2w")])
def test_canonical_timeframe_has_the_largest_unit(written: str, canonical: str) -> None:
    assert timeframe_of(timeframe_seconds(written)) == canonical


def test_timeframe_of_more_than_999_units_does_not_exist() -> None:
    assert timeframe_of(999 * 604_800) == "999w"
    assert timeframe_of(1_000 * 604_800) is None
    assert timeframe_of(1_001) is None


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("1m", "1m"),
        ("1M", "1mo"),
        ("1Mo", "1mo"),
        ("1month", "1mo"),
        ("monthly", "1mo"),
        ("3M", "3mo"),
        ("1Q", "3mo"),
        ("2 quarters", "6mo"),
        ("1y", "12mo"),
        ("1Y", "12mo"),
        ("60min", "1h"),
        ("15Min", "15m"),
        ("1H", "1h"),
        ("D", "1d"),
        ("daily", "1d"),
        ("7d", "1w"),
        ("4w", "4w"),
        ("90s", "90s"),
        (" 1d ", "1d"),
        ("999mo", "999mo"),
    ],
)
def test_spellings_of_other_software_have_a_canonical_one(written: str, canonical: str) -> None:
    assert canonical_timeframe(written) == canonical
    assert is_timeframe(canonical)
    assert canonical_timeframe(canonical) == canonical


@pytest.mark.parametrize("text", ["", "0m", "0d", "-1d", "1.5h", "often", "1x", "1000mo", "84y", "²d", "1d1h", "1\nd"])
def test_other_text_has_no_canonical_spelling(text: str) -> None:
    assert canonical_timeframe(text) is None


def test_bars_of_a_day_or_longer_last_days() -> None:
    assert [each for each in ("1m", "23h", "1d", "1w", "1mo") if lasts_days(each)] == ["1d", "1w", "1mo"]


@pytest.mark.parametrize("text", ["1m", "999w", "10s", "1mo", "12mo"])
def test_count_and_unit_is_a_timeframe(text: str) -> None:
    assert is_timeframe(text)


@pytest.mark.parametrize(
    "text", ["", "m", "0m", "01m", "1000m", "1y", "1M", "1 m", "1mo\n", "1mon", "1.5h", "-1d", "x1d", "1dx"]
)
def test_other_text_is_not_a_timeframe(text: str) -> None:
    assert not is_timeframe(text)
