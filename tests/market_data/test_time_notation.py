"""Times in bar files beyond ISO 8601: orders, names of months, compact, counts, offsets by row and local zones."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tickfold.market_data.bar_file import BarFile, read_bar_file
from tickfold.market_data.bar_table import BarFileError
from tickfold.market_data.bar_times import read_times
from tickfold.market_data.date_notation import NO_TIME
from tickfold.market_data.reading_options import DETECT, ReadingOptions, TimeUnit

FILE = Path("bars.csv")


def instants(texts: list[str], options: ReadingOptions = DETECT) -> list[str | None]:
    """Return the times in UTC to the second, None where a text is none."""
    read = read_times(FILE, pa.array(texts), options).utc
    return [None if time == NO_TIME else str(np.datetime64(int(time), "us").astype("datetime64[s]")) for time in read]


def load(directory: Path, texts: list[str], options: ReadingOptions = DETECT, name: str = "date") -> BarFile:
    path = directory / "bars.csv"
    rows = [f"{text}|1.5|2.5|0.5|1.5|{number}" for number, text in enumerate(texts)]
    path.write_text("\n".join([f"{name}|open|high|low|close|volume", *rows]) + "\n")
    return read_bar_file(path, "1m", options)


def refusal(directory: Path, texts: list[str], options: ReadingOptions = DETECT, name: str = "date") -> str:
    with pytest.raises(BarFileError) as caught:
        load(directory, texts, options, name)
    return str(caught.value)


# --- dates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "notation"),
    [
        (["02.01.2020", "13.01.2020"], "dates dd.mm.yyyy"),
        (["02.01.2020", "03.01.2020"], "dates dd.mm.yyyy"),
        (["2/1/2020", "13/1/2020"], "dates dd/mm/yyyy"),
        (["1/2/2020", "1/13/2020"], "dates mm/dd/yyyy"),
        (["01-02-2020", "01-13-2020"], "dates mm-dd-yyyy"),
        (["02/01/20", "31/01/20", "03/02/20"], "dates dd/mm/yy"),
        (["01/02/20", "01/31/20"], "dates mm/dd/yy"),
        (["20.01.02", "20.01.31", "20.02.03"], "dates yy.mm.dd"),
        (["02.01.20", "31.01.20", "03.02.20"], "dates dd.mm.yy"),
        (["02-Jan-2020", "13-Jan-2020"], "dates with month names"),
        (["2 January 2020", "13 January 2020"], "dates with month names"),
        (["Jan 02, 2020", "Jan 13, 2020"], "dates with month names"),
        (["Thu, 02 Jan 2020", "Mon, 13 Jan 2020"], "dates with month names"),
        (["02-Jan-20", "13-Jan-20"], "dates with month names"),
        (["2020-Jan-02", "2020-Jan-13"], "dates with month names"),
        (["2020.01.02", "2020.01.13"], None),
        (["202001020000", "202001130000"], "compact times yyyymmddhhmm"),
        (["20200102000000", "20200113000000"], "compact times yyyymmddhhmm"),
        (["2020010200", "2020011300"], "compact times yyyymmddhhmm"),
        (["20200102  00:00:00", "20200113  00:00:00"], None),
        (["20200102 000000", "20200113 000000"], None),
    ],
)
def test_dates_are_read_by_the_whole_column_and_told(texts: list[str], notation: str | None) -> None:
    assert instants(texts)[0] == "2020-01-02T00:00:00"
    assert read_times(FILE, pa.array(texts)).notation == ((notation,) if notation else ())


@pytest.mark.parametrize(
    "texts", [["1/2/2020"], ["1/2/2020", "1/3/2020", "2/3/2020"], ["01-02-20", "02-03-20"], ["02.01.20", "03.01.20"]]
)
def test_dates_that_stay_ambiguous_are_refused_by_the_option_that_decides(tmp_path: Path, texts: list[str]) -> None:
    message = refusal(tmp_path, texts)
    assert f"day and month cannot be told apart in dates such as {texts[0]}: say --date-order dmy or mdy" in message
    assert instants(["1/2/2020"], ReadingOptions(date_order="dmy")) == ["2020-02-01T00:00:00"]
    assert instants(["1/2/2020"], ReadingOptions(date_order="mdy")) == ["2020-01-02T00:00:00"]
    assert instants(["20/1/2"], ReadingOptions(date_order="ymd")) == [None]
    assert instants(["20/1/02"], ReadingOptions(date_order="ymd")) == ["2020-01-02T00:00:00"]


def test_dates_that_are_equal_in_either_order_are_read() -> None:
    assert instants(["1/1/2020 09:30", "1/1/2020 09:31"]) == ["2020-01-01T09:30:00", "2020-01-01T09:31:00"]


def test_a_date_against_the_order_of_the_others_is_refused_by_line(tmp_path: Path) -> None:
    message = refusal(tmp_path, ["13/1/2020", "14/1/2020", "1/15/2020"])
    assert "line 4: time '1/15/2020' is neither dates dd/mm/yyyy nor a count since 1970" in message


def test_dates_in_two_notations_are_refused_by_line(tmp_path: Path) -> None:
    assert "line 4: time '03.01.2020'" in refusal(tmp_path, ["2020-01-01", "2020-01-02", "03.01.2020"])


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1/13/2020 12:00 AM", "2020-01-13T00:00:00"),
        ("1/13/2020 12:30 PM", "2020-01-13T12:30:00"),
        ("1/13/2020 1:05:09 pm", "2020-01-13T13:05:09"),
        ("2020-01-13 12-AM", "2020-01-13T00:00:00"),
        ("2020-01-13 11-PM", "2020-01-13T23:00:00"),
        ("2020-01-13 9:30AM", "2020-01-13T09:30:00"),
        ("2020-01-13 13:30 PM", None),
        ("2020-01-13 0:30 AM", None),
        ("13.01.2020 09:30:00.250", "2020-01-13T09:30:00"),
        ("2020-01-13, 09:30", "2020-01-13T09:30:00"),
    ],
)
def test_clocks_are_read(text: str, instant: str | None) -> None:
    assert instants([text]) == [instant]


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        (["20200102|093000", "20200102|100000"], "2020-01-02T09:30:00"),
        (["20200102|93000", "20200102|100000"], "2020-01-02T09:30:00"),
        (["20200102|930", "20200102|1000"], "2020-01-02T09:30:00"),
        (["2020.01.02|09:30", "2020.01.02|10:00"], "2020-01-02T09:30:00"),
        (["13/01/2020|9:30:00 AM", "13/01/2020|10:00:00 AM"], "2020-01-13T09:30:00"),
        (["20200102|0", "20200103|100"], "2020-01-02T00:00:00"),
    ],
)
def test_date_and_time_apart_are_joined(tmp_path: Path, rows: list[str], first: str) -> None:
    file = load(tmp_path, rows, name="date|time")
    assert str(file.bars.timestamp.astype("datetime64[us]").astype("datetime64[s]")[0]) == first


# --- counts ----------------------------------------------------------------------------------------------------------


def test_unit_of_counts_may_change_within_a_file() -> None:
    days = [1735516800, 1735603200, 1735689600, 1735776000]
    for early in (1, 1_000, 1_000_000, 1_000_000_000):
        for late in (1, 1_000, 1_000_000, 1_000_000_000):
            counts = [str(day * (early if place < 2 else late)) for place, day in enumerate(days)]
            assert instants(counts) == [
                f"{day}T00:00:00" for day in ("2024-12-30", "2024-12-31", "2025-01-01", "2025-01-02")
            ]


def test_changed_unit_is_told() -> None:
    assert read_times(FILE, pa.array(["1735603200000", "1735689600000000"])).notation == ("times in ms and us",)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_counts_around_1970_have_the_unit_of_the_others(unit: TimeUnit) -> None:
    factor = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    days = np.arange("1969-12-29", "1990-01-01", 7, dtype="datetime64[D]")
    counts = [str(int(day) * 86_400 * factor) for day in days.astype(np.int64)]
    assert instants(counts) == [f"{day}T00:00:00" for day in days]


def test_unit_can_be_forced() -> None:
    assert instants(["86400000", "172800000"], ReadingOptions(time_unit="ms")) == [
        "1970-01-02T00:00:00",
        "1970-01-03T00:00:00",
    ]


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["43832", "43833"], "too small to be a count since 1970; a spreadsheet's serial days?"),
        (["1.57794E+12", "1.57802E+12"], "line 2: time '1.57794E+12' has lost digits in a spreadsheet"),
        (["2.02001E+11", "2.02001E+11"], "line 2: time '2.02001E+11' has lost digits in a spreadsheet"),
        (["1577923200", "99999999999"], "line 3: time '99999999999' is not within 1900…2200"),
        (["########", "########"], "line 2: time '########' is neither"),
        (["202001020000", "202013020000", "202001030000"], "line 3: time '202013020000' is neither compact times"),
    ],
)
def test_impossible_counts_are_refused(tmp_path: Path, texts: list[str], reason: str) -> None:
    assert reason in refusal(tmp_path, texts)


# --- zones -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("13.01.2020 00:00:00.000 GMT+0100", "2020-01-12T23:00:00"),
        ("2020-01-13 00:00 UTC", "2020-01-13T00:00:00"),
        ("2020-01-13 00:00 UTC-05:00", "2020-01-13T05:00:00"),
        ("20200113 09:30:00 America/New_York", "2020-01-13T14:30:00"),
        ("20200713 09:30:00 US/Eastern", "2020-07-13T13:30:00"),
        ("2020-07-13 09:30 EDT", "2020-07-13T13:30:00"),
        ("2020-01-13T09:30:00-05", "2020-01-13T14:30:00"),
    ],
)
def test_zone_of_a_row_is_honoured(text: str, instant: str) -> None:
    assert instants([text]) == [instant]


def test_unknown_zone_of_a_row_is_refused_by_line(tmp_path: Path) -> None:
    texts = ["2020-01-13 09:30 CST", "2020-01-13 09:31 CST"]
    assert "line 2: time '2020-01-13 09:30 CST' is in CST, which is neither an offset" in refusal(tmp_path, texts)


def test_rows_without_offset_among_others_are_refused_by_line(tmp_path: Path) -> None:
    texts = ["2020-01-13 09:30-05:00", "2020-01-13 09:31", "2020-01-13T09:32:00Z"]
    message = refusal(tmp_path, texts)
    assert "has 1 bad row" in message
    assert "line 3: time '2020-01-13 09:31' has no offset though other rows have one" in message
    assert instants(texts, ReadingOptions(timezone="America/New_York"))[1] == "2020-01-13T14:31:00"


@pytest.mark.parametrize(
    ("name", "instant"),
    [
        ("Gmt time", "2020-01-13T09:30:00"),
        ("time (UTC)", "2020-01-13T09:30:00"),
        ("Date (America/New_York)", "2020-01-13T14:30:00"),
        ("datetime (EST)", "2020-01-13T14:30:00"),
        ("Time (UTC+1)", "2020-01-13T08:30:00"),
        ("timestamp_utc", "2020-01-13T09:30:00"),
        ("UTC time", "2020-01-13T09:30:00"),
    ],
)
def test_zone_in_the_header_is_honoured(tmp_path: Path, name: str, instant: str) -> None:
    file = load(tmp_path, ["2020-01-13 09:30", "2020-01-13 09:31"], name=name)
    assert str(file.bars.timestamp.astype("datetime64[us]").astype("datetime64[s]")[0]) == instant
    assert "times carry no offset: taken as UTC" not in file.notes


@pytest.mark.parametrize("name", ["Date (yyyy-mm-dd)", "Time (ms)", "Local time"])
def test_format_in_the_header_is_no_zone(tmp_path: Path, name: str) -> None:
    assert "times carry no offset: taken as UTC" in load(tmp_path, ["2020-01-13 09:30"], name=name).notes


def test_zone_of_a_time_apart_from_its_date_is_honoured(tmp_path: Path) -> None:
    file = load(tmp_path, ["2020-01-13|09:30"], name="Date|Time (America/New_York)")
    assert str(file.bars.timestamp.astype("datetime64[us]").astype("datetime64[s]")[0]) == "2020-01-13T14:30:00"


def test_unknown_zone_in_the_header_is_refused_by_option(tmp_path: Path) -> None:
    message = refusal(tmp_path, ["2020-01-13 09:30"], name="time (exchange)")
    assert "the header names the time zone exchange, which is not known: say it by --timezone" in message
    assert len(load(tmp_path, ["2020-01-13 09:30"], ReadingOptions(timezone="UTC"), name="time (exchange)").bars) == 1


BERLIN = ReadingOptions(timezone="Europe/Berlin")


def test_local_times_are_converted_and_told(tmp_path: Path) -> None:
    file = load(tmp_path, ["2020-03-28 09:00", "2020-03-30 09:00", "2020-03-30 09:01"], BERLIN)
    assert file.bars.timestamp.astype("datetime64[us]").astype("datetime64[h]").astype(str).tolist() == [
        "2020-03-28T08",
        "2020-03-30T07",
        "2020-03-30T07",
    ]
    assert "times converted from Europe/Berlin to UTC" in file.notes
    assert file.wall is not None
    assert file.wall.astype("datetime64[us]").astype("datetime64[h]").astype(str).tolist() == [
        "2020-03-28T09",
        "2020-03-30T09",
        "2020-03-30T09",
    ]


def test_times_in_a_gap_are_refused_by_line(tmp_path: Path) -> None:
    message = refusal(tmp_path, ["2020-03-29 01:30", "2020-03-29 02:30", "2020-03-29 03:30"], BERLIN)
    assert "line 3: time '2020-03-29 02:30' does not exist in Europe/Berlin, where clocks are put forward" in message


HOURS = ["2020-10-25 01:30", "2020-10-25 02:30", "2020-10-25 02:30", "2020-10-25 03:30"]


@pytest.mark.parametrize("texts", [HOURS, HOURS[::-1]])
def test_repeated_hour_is_told_apart_by_the_order_of_the_file(tmp_path: Path, texts: list[str]) -> None:
    file = load(tmp_path, texts, BERLIN)
    assert np.diff(file.bars.timestamp).tolist() == [3_600_000_000] * 3
    assert np.diff(file.bars.volume).tolist() == [1 if texts == HOURS else -1] * 3
    assert any("2 in the hour that clocks repeat taken in the order of the file" in note for note in file.notes)


def test_repeated_hour_that_the_file_has_once_is_refused_by_line(tmp_path: Path) -> None:
    message = refusal(tmp_path, [HOURS[0], HOURS[1], HOURS[3]], BERLIN)
    assert "line 3: time '2020-10-25 02:30' is there twice in Europe/Berlin" in message


def test_unknown_time_zone_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, ["2020-01-13 09:30"], ReadingOptions(timezone="Berlin"))
    assert "--timezone Berlin is not a time zone: expected such as Europe/Berlin, +01:00" in message
