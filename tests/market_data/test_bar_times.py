"""Times in bar files: the ISO 8601 spellings that are read, against pandas, and those that are rejected."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfold.market_data.bar_times import read_times
from tickfold.market_data.date_notation import NO_TIME
from tickfold.market_data.reading_options import ReadingOptions

FILE = Path("bars.csv")


def microseconds(texts: Sequence[str | None]) -> list[int]:
    in_utc = ReadingOptions(timezone="UTC")  # so that rows without an offset may stand beside others
    return [int(time) for time in read_times(FILE, pa.array(texts, pa.string()), in_utc).utc]


def microseconds_by_pandas(texts: list[str]) -> list[int]:
    parsed = pd.to_datetime(pd.Series(texts, dtype="str"), utc=True, errors="coerce", format="ISO8601")
    return [int(time) for time in parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64)]


def padded(numbers: st.SearchStrategy[int], always: bool = False) -> st.SearchStrategy[str]:
    widths = st.just(2) if always else st.sampled_from([2, 2, 2, 1])
    return st.builds(lambda number, width: f"{number:0{width}}", numbers, widths)


MONTH, DAY = st.integers(0, 13), st.integers(0, 32)
HOUR, SIXTY = st.integers(0, 24), st.integers(0, 60)
SEPARATOR = st.sampled_from(["-", "-", "/", "."])
YEAR = st.integers(1850, 2250).map(str)


@st.composite
def days(draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        return draw(YEAR) + draw(padded(MONTH, always=True)) + draw(padded(DAY, always=True))
    separator = draw(SEPARATOR)
    again = draw(st.sampled_from([separator] * 9 + ["-"]))
    return separator.join([draw(YEAR), draw(padded(MONTH))]) + again + draw(padded(DAY))


@st.composite
def clocks(draw: st.DrawFn) -> str:
    colon = draw(st.sampled_from([":", ":", ""]))
    count = draw(st.integers(1, 3))
    parts = [draw(padded(part, always=not colon or count == 1)) for part in (HOUR, SIXTY, SIXTY)[:count]]
    fraction = draw(st.sampled_from(["", "", "."])) and "." + draw(st.text("0123456789", max_size=9))
    return colon.join(parts) + (fraction if count == 3 else "")


OFFSET = st.sampled_from(
    [
        "",
        "",
        " ",
        "Z",
        "Z ",
        "+01",
        "-0500",
        "-0500 ",
        "+05:30",
        "+05:30 ",
        "-1:00",
        "+23:59",
        "+24:00",
        "-09:60",
        "z",
    ]
)
TIMES = st.builds(
    lambda *parts: "".join(parts),
    st.sampled_from(["", "", " "]),
    days(),
    st.sampled_from(["T", " ", " ", "t"]),
    clocks(),
    st.sampled_from(["", "", " "]),
    OFFSET,
)
MONTHS = st.builds(lambda year, month: f"{year}-{month}", YEAR, padded(MONTH))
SPELLINGS = st.one_of(
    days(), TIMES, TIMES, MONTHS, st.sampled_from(["", "NaT", "2020-W05-5", "31.12.2020", "2020-01-"])
)


@given(st.lists(SPELLINGS, min_size=1, max_size=20))
def test_spellings_are_read_as_pandas_reads_them(texts: list[str]) -> None:
    column = [*texts, *["2020-01-31T09:30"] * len(texts)]  # with numbers alone, days could be counts since 1970
    assert microseconds(column) == microseconds_by_pandas(column)


@pytest.mark.parametrize(
    "text",
    [
        "now",
        "today",
        "2020",
        "202001",
        "2020-01 09:30",
        "2020-01/31",
        "2020-1-",
        "2020-02-30",
        "2020-01-31 9",
        "2020-01-31 930",
        "2020-01-31 09:3005",
        "2020-01-31 09:30.5",
        "2020-01-31T09:30:00,5",
        "2020-01-31+01:00",
        "2020-01-31x09:30",
        "2020-01-31 09:30 XST",
        "٢٠٢٠-01-31",
    ],
)
def test_text_that_is_not_a_time_is_marked(text: str) -> None:
    assert microseconds([text, "2020-01-31"]) == [NO_TIME, 1_580_428_800_000_000]


def test_null_cell_is_not_a_time() -> None:
    assert microseconds([None, "2020-01-31"]) == [NO_TIME, 1_580_428_800_000_000]
    assert microseconds([None, "2020/01/31"]) == [NO_TIME, 1_580_428_800_000_000]


def test_fraction_is_cut_after_microseconds() -> None:
    assert microseconds(["1970-01-01 00:00:00.1234569"]) == [123_456]
    assert microseconds(["1969-12-31 23:59:59.1234569"]) == [123_456 - 1_000_000]


@pytest.mark.parametrize(
    ("texts", "note"),
    [
        (["2020-01-31 09:30"], "times carry no offset: taken as UTC"),
        (["2020/01/31 09:30"], "times carry no offset: taken as UTC"),
        (["2020-01-31 09:30Z"], "times converted from their offsets to UTC"),
    ],
)
def test_note_says_whether_times_have_offsets(texts: list[str], note: str) -> None:
    assert read_times(FILE, pa.array(texts)).note == note


@pytest.mark.parametrize(
    ("texts", "wall"),
    [
        (["2020-01-06 00:00:00+09:00"], ["2020-01-06T00:00:00"]),
        (["2020-01-06 00:00+09:00", "2020-07-06 01:00-0400"], ["2020-01-06T00:00:00", "2020-07-06T01:00:00"]),
        (["2020/01/06 00:00:00 +09:00", "2020-01-07T00:00Z"], ["2020-01-06T00:00:00", "2020-01-07T00:00:00"]),
    ],
)
def test_wall_clock_is_what_each_row_writes(texts: list[str], wall: list[str]) -> None:
    times = read_times(FILE, pa.array(texts))
    assert times.wall is not None
    assert times.wall.astype("datetime64[us]").tolist() == np.array(wall, dtype="datetime64[us]").tolist()
    assert times.utc.tolist() == microseconds_by_pandas(texts)


@pytest.mark.parametrize("text", ["2020-01-06 00:00", "2020-01-06T00:00Z", "2020-01-06 00:00+00:00", "20200106"])
def test_wall_clock_in_utc_is_left_out(text: str) -> None:
    assert read_times(FILE, pa.array([text])).wall is None


def test_wall_clock_of_a_zoned_column_is_local() -> None:
    local = pd.date_range("2020-01-06", periods=2, tz="Asia/Tokyo")
    times = read_times(FILE, pa.array(local))
    assert times.wall is not None
    assert (times.wall - times.utc).tolist() == [9 * 3_600_000_000] * 2
