"""`tickfold data` on a bucket in this process, and commands that take days and bars from it."""

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.cli.conftest import BUCKET, Command
from tests.client.fake_stack import FakeStack
from tests.golden import GOOG
from tickfold.engine.calendar import MICROSECONDS_PER_DAY, date_of
from tickfold.market_data.bar_file import read_bar_file
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.corporate_actions import CorporateAction, CorporateActions
from tickfold.market_data.series import Series
from tickfold.protocol import Error

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

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


def test_options_force_how_a_file_is_read(tickfold: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("2/1/2020\t1.210\t1.212\t1.209\t1.211\n")
    forced = (
        "--separator",
        "tab",
        "--decimal",
        ",",
        "--date-order",
        "dmy",
        "--timezone",
        "Asia/Tokyo",
        "--timeframe",
        "1d",
    )
    columns = ("--columns", "date,open,low,high,close")
    ended = tickfold("data", "load", str(path), "--symbol", "mine", *forced, *columns, "--encoding", "utf-8")
    assert "line 1: high 1209.0 is below low 1212.0" in ended.stderr
    ended = tickfold("data", "load", str(path), "--symbol", "mine", *forced, "--columns", "date,open,high,low,close")
    assert ended.status == 0, ended.stderr
    told = "read as: tab, no header, columns date open high low close, decimal comma, dates dd/mm/yyyy"
    assert f"mine.csv: {told}\n" in ended.stderr
    assert "mine.csv: 1d bars belong to dates: times of day and offsets were dropped" in ended.stderr


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--separator", "ab", "is not a separator"),
        ("--columns", "date", "is one column"),
        ("--timezone", "Berlin", "--timezone Berlin is not a time zone"),
        ("--encoding", "klingon", "unknown encoding 'klingon'"),
        ("--date-order", "dym", "--date-order"),
        ("--close", "adjusted", "needs a column Adj Close"),
    ],
)
def test_wrong_reading_option_is_refused(
    tickfold: Command, tmp_path: Path, option: str, value: str, reason: str
) -> None:
    path = bars(tmp_path / "mine.csv", "2020-01-02", "2020-01-03")
    ended = tickfold("data", "load", str(path), "--symbol", "mine", option, value)
    assert ended.status != 0
    assert reason in " ".join(ended.stderr.split())


def test_loaded_series_is_reported_and_listed(tickfold: Command) -> None:
    ended = tickfold("data", "load", str(GOOG), "--symbol", "goog")
    assert (ended.status, ended.stderr) == (0, "GOOG.csv: times carry no offset: taken as UTC\n")
    assert ended.stdout == "loaded 2,148 bars; GOOG 1d now has 2,148 from 2004-08-19 to 2013-03-01\n"
    (series,) = json.loads(tickfold("data", "list", "--json").stdout)
    days = {"first": "2004-08-19", "last": "2013-03-01"}
    calendar = {"sessions": "weekdays", "periods_per_year": 252}
    known = {"symbol": "GOOG", "timeframe": "1d", "bars": 2148, "adjustment": "as_loaded", "source": "GOOG.csv"}
    assert series == known | days | calendar


def test_bars_are_listed_by_minute_where_they_are_not_daily(tickfold: Command, loaded: None) -> None:
    head, *listed = tickfold("data", "list", "--csv").stdout.splitlines()
    assert head == "symbol,timeframe,bars,first,last,sessions,periods_per_year,adjustment,source"
    assert sorted(listed) == [
        "A,1d,3,2020-01-02,2020-06-30,weekdays,4.06,as_loaded,a.csv",
        "A,1m,3,2020-02-03T09:30Z,2020-02-04T10:00Z,weekdays,252,as_loaded,minutes.csv",
        "B,1d,3,2019-05-01,2020-03-31,weekdays,2.18,as_loaded,b.csv",
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


def test_sessions_of_tokyo_stay_the_days_that_the_file_names(tickfold: Command, tmp_path: Path) -> None:
    days = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2020-01-02", "2020-02-28")]
    file = bars(tmp_path / "tokyo.csv", *(f"{day} 00:00:00+09:00" for day in days))
    assert tickfold("data", "load", str(file), "--symbol", "7203.T").status == 0
    shown = json.loads(tickfold("data", "show", "7203.T", "--json").stdout)
    assert (shown["first"], shown["last"], shown["timeframe"]) == ("2020-01-02", "2020-02-28", "1d")
    assert (shown["sessions"], shown["periods_per_year"]) == ("weekdays", 252)


def test_same_days_with_another_offset_are_the_same_bars(tickfold: Command, tmp_path: Path) -> None:
    load = ("data", "load", "--symbol", "e01")
    days = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2020-01-02", "2020-01-10")]
    wrong = bars(tmp_path / "wrong.csv", *(f"{day} 00:00:00-05:00" for day in days))
    right = bars(tmp_path / "right.csv", *days)
    assert tickfold(*load, str(wrong)).status == 0
    ended = tickfold(*load, str(right))
    assert ended.stdout == "loaded 7 bars; E01 1d now has 7 from 2020-01-02 to 2020-01-10\n"


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


def test_calendar_is_set_and_stays(tickfold: Command, tmp_path: Path) -> None:
    file = bars(tmp_path / "future.csv", "2020-01-02T23:30Z", "2020-01-02T23:31Z", "2020-01-03T23:30Z")
    load = ("data", "load", str(file), "--symbol", "es", "--timeframe", "1m")
    for options in (("--calendar", "america/new_york 18:00"), (), ("--replace",)):
        assert tickfold(*load, *options).status == 0
        shown = json.loads(tickfold("data", "show", "es", "--json").stdout)
        assert shown["sessions"] == "weekdays, America/New_York from 18:00"
    assert tickfold(*load, "--calendar", shown["sessions"]).status == 0
    assert json.loads(tickfold("data", "show", "es", "--json").stdout) == shown
    tickfold(*load, "--calendar", "24/7")
    assert json.loads(tickfold("data", "show", "es", "--json").stdout)["periods_per_year"] == 365


def test_calendar_of_days_is_their_week(tickfold: Command, tmp_path: Path) -> None:
    days = (f"2020-01-{day:02}" for day in range(1, 31) if day % 7 != 4)  # no Saturdays
    file = bars(tmp_path / "days.csv", *days)
    ended = tickfold("data", "load", str(file), "--symbol", "x", "--calendar", "6 days a week, Asia/Tokyo 08:00")
    assert "1d bars are at their dates: of 6 days a week, Asia/Tokyo from 08:00 they have 6 days a week" in ended.stderr
    (series,) = json.loads(tickfold("data", "list", "--json").stdout)
    assert (series["sessions"], series["periods_per_year"]) == ("6 days a week", 312)


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


# --- show and remove -------------------------------------------------------------------------------------------------


def rising(path: Path, times: list[str], prices: list[float]) -> Path:
    path.write_text(HEAD + "".join(f"{time},{p},{p},{p},{p},1\n" for time, p in zip(times, prices, strict=True)))
    return path


@pytest.fixture
def odd(tickfold: Command, tmp_path: Path) -> None:
    """Sessions of 2024 without those of March, with a split of 4:1 in June."""
    days = [f"{day:%Y-%m-%d}" for day in pd.bdate_range("2024-01-01", "2024-12-31") if day.month != 3]
    prices = [100.0 if day < "2024-06-10" else 25.0 for day in days]
    file = rising(tmp_path / "odd.csv", days, prices)
    assert tickfold("data", "load", str(file), "--symbol", "odd").status == 0


def test_show_gives_ends_gaps_and_jumps(tickfold: Command, odd: None) -> None:
    shown = json.loads(tickfold("data", "show", "odd", "--rows", "2", "--json").stdout)
    assert (shown["symbol"], shown["timeframe"], shown["bars"], shown["periods_per_year"]) == ("ODD", "1d", 241, 252)
    assert [bar["time"] for bar in shown["first_bars"]] == ["2024-01-01", "2024-01-02"]
    last = {"open": 25.0, "high": 25.0, "low": 25.0, "close": 25.0, "volume": 1.0}
    assert shown["last_bars"][1] == {"time": "2024-12-31"} | last
    gap = {"after": "2024-02-29", "before": "2024-04-01", "missing": 21, "unit": "bars"}
    assert shown["gaps"] == {"count": 1, "largest": [gap]}
    jump = {"time": "2024-06-10", "close_before": 100.0, "open": 25.0, "change": -0.75, "split": "4:1"}
    assert shown["jumps"] == {"count": 1, "largest": [jump]}


def test_show_in_a_pipe_is_a_value_a_line(tickfold: Command, odd: None) -> None:
    lines = tickfold("data", "show", "odd").stdout.splitlines()
    assert lines[:2] == ["property,value", "symbol,ODD"]
    assert {"gaps,1", "gaps.1.missing,21", "jumps.1.split,4:1", "first_bars.1.time,2024-01-01"} <= set(lines)


def test_show_takes_the_coarsest_timeframe_unless_one_is_named(tickfold: Command, loaded: None) -> None:
    assert json.loads(tickfold("data", "show", "a", "--json").stdout)["timeframe"] == "1d"
    minutes = json.loads(tickfold("data", "show", "a", "--timeframe", "60s", "--json").stdout)
    assert minutes["last_bars"][-1]["time"] == "2020-02-04T10:00:00Z"
    ended = tickfold("data", "show", "c")
    assert (ended.status, ended.stderr) == (3, "tickfold: unknown symbol C; known symbols: A, B\n")


def test_remove_takes_one_timeframe_or_all(tickfold: Command, loaded: None) -> None:
    ended = tickfold("data", "remove", "a", "--timeframe", "1m", "--yes")
    assert (ended.status, ended.stdout) == (0, "removed A 1m: 3 bars from 2020-02-03T09:30Z to 2020-02-04T10:00Z\n")
    assert tickfold("data", "list", "--csv").stdout.count("\nA,") == 1
    assert tickfold("data", "remove", "a", "--yes").status == 0
    listed = json.loads(tickfold("data", "list", "--json").stdout)
    assert [series["symbol"] for series in listed] == ["B"]


def test_remove_of_what_is_not_there_says_so(tickfold: Command, loaded: None) -> None:
    ended = tickfold("data", "remove", "c")
    assert (ended.status, ended.stdout, ended.stderr) == (0, "", "no bars of C are loaded\n")
    assert tickfold("data", "remove", "b", "--timeframe", "1M").stderr == "no 1mo bars of B are loaded\n"


def test_remove_without_a_terminal_requires_a_yes(tickfold: Command, loaded: None) -> None:
    ended = tickfold("data", "remove", "b")
    assert (ended.status, ended.stdout) == (2, "")
    said = " ".join(ended.stderr.split())
    assert "this removes B 1d, 3 bars from 2019-05-01 to 2020-03-31" in said
    assert "add --yes" in said
    assert "\nB," in tickfold("data", "list", "--csv").stdout


@pytest.mark.parametrize(("answer", "left"), [("y\n", ["A", "A"]), ("n\n", ["A", "A", "B"]), ("\n", ["A", "A", "B"])])
def test_remove_asks_on_a_terminal(
    tickfold: Command, loaded: None, monkeypatch: pytest.MonkeyPatch, answer: str, left: list[str]
) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    ended = tickfold("data", "remove", "b")
    assert "Remove B 1d, 3 bars from 2019-05-01 to 2020-03-31? [y/N]" in ended.stderr
    assert [series["symbol"] for series in json.loads(tickfold("data", "list", "--json").stdout)] == left


def test_show_on_a_terminal_is_tables(tickfold: Command, odd: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    lines = tickfold("data", "show", "odd").stdout.splitlines()
    titles = ["first bars", "last bars", "gaps", "jumps"]
    assert [line for line in lines if line in titles] == titles
    assert {"symbol ODD", "sessions weekdays"} <= {" ".join(line.split()) for line in lines}


def test_show_lists_splits_and_dividends_beside_raw_bars_and_no_jump_for_them(
    tickfold: Command, s3: "S3Client"
) -> None:
    bars = read_bar_file(GOOG).bars
    raw = replace(bars, **{name: getattr(bars, name).copy() for name in ("open", "high", "low", "close")})
    for name in ("open", "high", "low", "close"):
        getattr(raw, name)[:1_000] *= 20
    day = date_of(int(bars.timestamp[1_000]) // MICROSECONDS_PER_DAY)
    split, paid = CorporateAction(day, "split", 20.0), CorporateAction(date(2012, 8, 9), "dividend", 2.5)
    actions = CorporateActions(date(2004, 1, 1), date(2013, 3, 2), [split, paid])
    series = Series(symbol="GOOG", timeframe="1d", source="alpaca", files=[], adjustment="raw", actions=actions)
    covers = datetime(2004, 1, 1, tzinfo=UTC), datetime(2013, 3, 2, tzinfo=UTC)
    BarStore(s3, BUCKET).fill(series, raw, covers)
    shown = json.loads(tickfold("data", "show", "goog", "--json").stdout)
    assert (shown["adjustment"], shown["jumps"]["count"]) == ("raw", 0)
    assert shown["first_bars"][0]["close"] == 20 * bars.close[0]
    assert shown["actions"] == [
        {"day": str(day), "kind": "split", "value": 20.0},
        {"day": "2012-08-09", "kind": "dividend", "value": 2.5},
    ]
    assert "actions.2.value,2.5" in tickfold("data", "show", "goog", "--csv").stdout.splitlines()
    checked = json.loads(tickfold("data", "check", "goog", "--json").stdout)
    assert not [each for each in checked if each["kind"] in ("jump", "outlier")]


def test_show_of_sound_bars_has_neither_gaps_nor_jumps(
    tickfold: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tickfold("data", "load", str(bars(tmp_path / "sound.csv", "2020-01-02", "2020-01-03")), "--symbol", "sound")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    shown = tickfold("data", "show", "sound").stdout
    assert {"no gaps", "no jumps"} <= set(shown.splitlines())
