"""Timeframes: which texts are timeframes, their lengths, and their canonical spelling."""

import pytest

from tickfold.engine.timeframe import is_timeframe, timeframe_of, timeframe_seconds


def test_timeframes_are_ordered_by_length() -> None:
    assert sorted(["1d", "5m", "1w", "4h", "30s"], key=timeframe_seconds) == ["30s", "5m", "4h", "1d", "1w"]


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


@pytest.mark.parametrize("text", ["1m", "999w", "10s"])
def test_count_and_unit_is_a_timeframe(text: str) -> None:
    assert is_timeframe(text)


@pytest.mark.parametrize("text", ["", "m", "0m", "01m", "1000m", "1y", "1M", "1 m", "1.5h", "-1d", "x1d", "1dx"])
def test_other_text_is_not_a_timeframe(text: str) -> None:
    assert not is_timeframe(text)
