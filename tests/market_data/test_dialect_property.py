"""A series written in any dialect of a family is read back exactly, or refused by the option that decides it."""

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickfold.engine.bars import Bars
from tickfold.market_data.bar_file import read_bar_file
from tickfold.market_data.bar_table import BarFileError
from tickfold.market_data.reading_options import DETECT, ReadingOptions

DAY = 86_400_000_000
NAMES = ("Date", "Open", "High", "Low", "Close", "Volume")


@dataclass(frozen=True)
class Spelling:
    """One dialect: how it writes numbers and times, and the options that state it."""

    separator: str
    decimal: str
    thousands: str
    places: int
    quote: bool
    end: str
    newline: str
    encoding: str
    titles: tuple[str, ...]
    header: bool
    time: str

    def price(self, ticks: int) -> str:
        whole, fraction = divmod(ticks, 10**self.places)
        grouped = f"{whole:,}".replace(",", self.thousands)
        text = f"{grouped}{self.decimal}{fraction:0{self.places}}" if self.places else grouped
        return f'"{text}"' if self.quote or self.separator in text else text

    def stamp(self, microseconds: int, row: int) -> str:
        moment = np.datetime64(microseconds, "us").item()
        if self.time in EPOCHS:
            return str(microseconds * EPOCHS[self.time] // 1_000_000)
        if self.time == "ms, then us":
            return str(microseconds // 1000 if row < 3 else microseconds)
        hour = moment.hour % 12 or 12
        text = moment.strftime(self.time.replace("%-I", str(hour)))
        return f'"{text}"' if self.quote or self.separator in text else text

    def options(self) -> ReadingOptions:
        order = {"%d/%m": "dmy", "%m/%d": "mdy", "%d.%m": "dmy", "%y/%m": "ymd"}
        stated = [order[start] for start in order if self.time.startswith(start)]
        return ReadingOptions(decimal=self.decimal, date_order=stated[0] if stated else None)  # type: ignore[arg-type]


EPOCHS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
TIMES = (
    *EPOCHS,
    "ms, then us",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S+00:00",
    "%Y.%m.%d %H:%M",
    "%Y%m%d %H%M%S",
    "%Y%m%d  %H:%M:%S",
    "%Y%m%d%H%M",
    "%Y%m%d%H%M%S",
    "%d.%m.%Y %H:%M:%S.000",
    "%d.%m.%y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %-I:%M %p",
    "%m/%d/%y %H:%M",
    "%d/%m/%y %H:%M",
    "%y/%m/%d %H:%M",
    "%d-%b-%Y %H:%M",
    "%b %d, %Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S GMT+0000",
)
MARKS = ((".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", " "), (".", "'"), (",", "\u00a0"))


@st.composite
def spellings(draw: st.DrawFn) -> Spelling:
    decimal, thousands = draw(st.sampled_from(MARKS))
    separator = draw(st.sampled_from(",;\t|"))
    # who parts thousands by dots has decimal commas, and does not separate by commas what has neither
    whole = not (separator == "," and thousands == ".")
    return Spelling(
        separator=separator,
        decimal=decimal,
        thousands=thousands,
        places=draw(st.integers(0 if whole else 1, 5)),
        quote=draw(st.booleans()),
        end=draw(st.sampled_from(["", "", " "])),
        newline=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        encoding=draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])),
        titles=draw(st.sampled_from([(), (), ("https://example.org/bars.csv",), ("# é",), ("",)])),
        header=draw(st.booleans()),
        time=draw(st.sampled_from(TIMES)),
    )


@st.composite
def series(draw: st.DrawFn) -> tuple[list[int], list[list[int]]]:
    """Return times in microseconds, and open, high, low, close and volume of each in ticks."""
    start = draw(
        st.integers(
            int(np.datetime64("1973-06-01", "m").astype(int)), int(np.datetime64("2031-12-01", "m").astype(int))
        )
    )
    step = draw(st.sampled_from([1, 5, 60, 1440, 1440]))
    count = draw(st.integers(4, 40))
    times = [(start + step * row) * 60_000_000 for row in range(count)]
    least = draw(st.sampled_from([1, 1_000, 1_000_000]))
    most = draw(st.sampled_from([0, 999, 3_000_000]))
    rows = []
    for _ in times:
        low, opened, closed, high = sorted(draw(st.lists(st.integers(least, least * 20), min_size=4, max_size=4)))
        rows.append([opened, high, low, closed, draw(st.integers(0, most))])
    return times, rows


def write(directory: str, times: list[int], rows: list[list[int]], spelling: Spelling) -> Path:
    whole = replace(spelling, places=0)
    lines = [*spelling.titles, *([spelling.separator.join(NAMES)] if spelling.header else [])]
    for number, (time, (*prices, volume)) in enumerate(zip(times, rows, strict=True)):
        cells = [spelling.stamp(time, number), *map(spelling.price, prices), whole.price(volume)]
        lines.append(spelling.separator.join(cells) + spelling.end)
    path = Path(directory) / "bars.csv"
    path.write_bytes((spelling.newline.join(lines) + spelling.newline).encode(spelling.encoding))
    return path


def check(bars: Bars, times: list[int], rows: list[list[int]], places: int) -> None:
    daily = times[1] - times[0] == DAY  # and so at their dates
    assert bars.timestamp.tolist() == [time // DAY * DAY if daily else time for time in times]
    for place, column in enumerate((bars.open, bars.high, bars.low, bars.close)):
        assert column.tolist() == [float(f"{row[place]}e-{places}") for row in rows]
    assert bars.volume.tolist() == [row[4] for row in rows]


@given(series(), spellings())
def test_any_dialect_is_read_back_or_refused_by_an_option(
    drawn: tuple[list[int], list[list[int]]], spelling: Spelling
) -> None:
    times, rows = drawn
    with TemporaryDirectory() as directory:
        path = write(directory, times, rows, spelling)
        read = attempt(path, DETECT)
        if isinstance(read, str):
            assert any(option in read for option in ("--decimal", "--date-order", "--columns")), read
            read = attempt(path, replace(spelling.options(), columns=NAMES))
    assert isinstance(read, Bars), read
    check(read, times, rows, spelling.places)


def attempt(path: Path, options: ReadingOptions) -> Bars | str:
    """Return the bars in the file, or why it is refused."""
    try:
        return read_bar_file(path, None, options).bars
    except BarFileError as error:
        return str(error)
