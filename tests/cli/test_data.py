"""`tickfold data` on a bucket in this process, and commands that take days and bars from it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.client.fake_stack import FakeStack
from tests.golden import GOOG
from tickfold.protocol import Error

pytestmark = pytest.mark.usefixtures("s3")
HEAD = "time,open,high,low,close,volume\n"


def bars(path: Path, *times: str) -> Path:
    path.write_text(HEAD + "".join(f"{time},2,3,1,2,1\n" for time in times))
    return path


@pytest.fixture
def loaded(tickfold: Command, tmp_path: Path) -> None:
    """Daily bars of A and B, and minutes of A."""
    for name, symbol, times in (
        ("a.csv", "a", ("2020-01-02", "2020-01-03", "2020-06-30")),
        ("b.csv", "b", ("2019-05-01", "2019-05-02", "2020-03-31")),
        ("minutes.csv", "a", ("2020-02-03T09:30Z", "2020-02-03T09:31Z", "2020-02-04T10:00Z")),
    ):
        ended = tickfold("data", "load", str(bars(tmp_path / name, *times)), "--symbol", symbol)
        assert ended.status == 0, ended.stderr


def test_loaded_series_is_reported_and_listed(tickfold: Command) -> None:
    ended = tickfold("data", "load", str(GOOG), "--symbol", "goog")
    assert (ended.status, ended.stderr) == (0, "GOOG.csv: times carry no offset: taken as UTC\n")
    assert ended.stdout == "loaded 2,148 bars; GOOG 1d now has 2,148 from 2004-08-19 to 2013-03-01\n"
    (series,) = json.loads(tickfold("data", "list", "--json").stdout)
    days = {"first": "2004-08-19", "last": "2013-03-01"}
    calendar = {"sessions": "weekdays", "periods_per_year": 252}
    assert series == {"symbol": "GOOG", "timeframe": "1d", "bars": 2148, "source": "GOOG.csv"} | days | calendar


def test_bars_are_listed_by_minute_where_they_are_not_daily(tickfold: Command, loaded: None) -> None:
    head, *listed = tickfold("data", "list", "--csv").stdout.splitlines()
    assert head == "symbol,timeframe,bars,first,last,sessions,periods_per_year,source"
    assert sorted(listed) == [
        "A,1d,3,2020-01-02,2020-06-30,weekdays,4.06,a.csv",
        "A,1m,3,2020-02-03T09:30Z,2020-02-04T10:00Z,weekdays,252,minutes.csv",
        "B,1d,3,2019-05-01,2020-03-31,weekdays,2.18,b.csv",
    ]


def test_timeframe_that_is_given_is_the_series_timeframe(tickfold: Command, tmp_path: Path) -> None:
    file = bars(tmp_path / "few.csv", "2020-01-02T00:00Z", "2020-01-02T02:00Z")
    ended = tickfold("data", "load", str(file), "--symbol", "few", "--timeframe", "1h")
    assert ended.stdout.startswith("loaded 2 bars; FEW 1h now has 2 from 2020-01-02 to 2020-01-02T02:00Z")


def test_file_with_a_bad_row_loads_nothing(tickfold: Command, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(GOOG.read_text() + "2013-03-04,1,0,0,0,0\n")
    ended = tickfold("data", "load", str(bad), "--symbol", "bad")
    assert (ended.status, ended.stdout) == (3, "")
    assert "line 2150: high '0' is not above 0" in ended.stderr
    assert tickfold("data", "list", "--json").stdout == "[]\n"


def test_other_values_are_refused_unless_they_replace_the_series(tickfold: Command, tmp_path: Path) -> None:
    file = bars(tmp_path / "adjusted.csv", "2020-01-02", "2020-01-03", "2020-01-06")
    load = ("data", "load", str(file), "--symbol", "adj")
    assert tickfold(*load).status == 0
    file.write_text(HEAD + "2020-01-03,1,2,1,1,2\n2020-01-07,1,2,1,1,2\n")
    ended = tickfold(*load)
    assert (ended.status, ended.stdout) == (3, "")
    assert "tickfold: ADJ 1d has other values for 1 of these bars, first 2020-01-03 with open 2 (now 1)" in ended.stderr
    ended = tickfold(*load, "--replace")
    assert ended.stdout == "loaded 2 bars; ADJ 1d now has 2 from 2020-01-03 to 2020-01-07\n"


def test_empty_bucket_lists_nothing_and_says_how_to_load(tickfold: Command) -> None:
    ended = tickfold("data", "list")
    assert ended.stderr == "no bars are loaded: see `tickfold data load`\n"


@pytest.mark.parametrize(
    ("options", "days"),
    [
        (["--symbol", "a"], ("2020-01-02", "2020-06-30")),
        (["--symbol", "a", "--timeframe", "1m"], ("2020-02-03", "2020-02-04")),
        (["--symbol", "a", "--start", "2020-01-03"], ("2020-01-03", "2020-06-30")),
        (["--symbol", "a", "--end", "2020-01-03"], ("2020-01-02", "2020-01-03")),
        (["--symbol", "a,b"], ("2019-05-01", "2020-06-30")),
        (["--symbol", "b=0.5,a=0.25"], ("2019-05-01", "2020-06-30")),
    ],
    ids=" ".join,
)
def test_days_that_are_left_out_are_those_of_the_bars(
    tickfold: Command, fake: FakeStack, loaded: None, options: list[str], days: tuple[str, str]
) -> None:
    fake.refusal = Error(reason="enough")
    assert tickfold("run", *options).stderr == "tickfold: enough\n"
    config = fake.received[0]["config"]
    assert (config["startDate"], config["endDate"]) == days


def test_unknown_symbol_is_refused_before_anything_is_sent(tickfold: Command, fake: FakeStack, loaded: None) -> None:
    ended = tickfold("run", "--symbol", "nope")
    assert ended.status == 3
    assert ended.stderr.startswith("tickfold: unknown symbol NOPE; known symbols: A, B")
    assert fake.received == []
