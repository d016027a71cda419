"""Bars as sinks get them: from the items of the hot table."""

from datetime import timedelta

import pytest

from tests.market_data.sinks.bars import OPEN, minute
from tests.market_data.sinks.items import item_of
from tickfold.market_data.sinks.exported_bar import ExportedBar, is_exported


@pytest.mark.parametrize("at", [0, 9, 377])
def test_item_is_the_bar_that_it_was_made_of(at: int) -> None:
    assert ExportedBar.of(item_of(minute(at), at)) == minute(at)
    assert minute(0).sma9 is None


def test_symbol_may_have_any_character_of_a_series_name() -> None:
    assert ExportedBar.of(item_of(minute(0, "BTC/USD:X"), 0)).key == ("BTC/USD:X", OPEN)


def test_time_is_converted_to_utc() -> None:
    bar = ExportedBar.of(item_of(minute(0), 0) | {"time": "2026-11-27T09:30:00-05:00"})
    assert (bar, bar.timestamp.utcoffset()) == (minute(0), timedelta(0))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"close": "soon"}, ValueError),
        ({"close": None}, TypeError),
        ({"time": "2026-11-27T14:30:00"}, ValueError),
        ({"time": "noon"}, ValueError),
    ],
)
def test_item_that_is_no_bar_is_an_error(change: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        ExportedBar.of(item_of(minute(0), 0) | change)
    with pytest.raises(KeyError):
        ExportedBar.of({key: value for key, value in item_of(minute(0), 0).items() if key not in change})


@pytest.mark.parametrize(
    ("series", "entry", "exported"),
    [
        ("QQQ#1m", "bar#000000000042", True),
        ("QQQ#5m", "bar#000000000042", False),
        ("QQQ#1d", "bar#000000000042", False),
        ("QQQ#1m", "state", False),
        ("QQQ#1m", "quarantine#2026-11-27T14:30:00Z", False),
    ],
)
def test_minute_bars_alone_are_exported(series: str, entry: str, exported: bool) -> None:
    assert is_exported({"series": series, "entry": entry}) is exported
