"""The dialect of a CSV file: its separator, the lines before its first row, and the names of its columns."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tickfold.market_data.headers import PRICES, headless_columns, is_header
from tickfold.market_data.reading_options import ReadingOptions

SPACES = " "
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", SPACES: "spaces"}

_SPARE = "(empty)"
"""Name of the column that a separator at the end of each line makes."""
_MOST_LINES_BEFORE_ROWS = 50
_SAMPLE_ROWS = 100
_TIME = re.compile(
    r"\d{1,4}[-/. ]\w{1,9}[-/., ]+\d{1,4}(T|\b).*|\d{8}(T|\b).*|\d{9,19}(\.\d+)?|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}.*"
)
_CLOCK = re.compile(r"\d{1,2}:\d{2}.*|\d{6}|\d{4}|0")
_NUMBER = re.compile(r"[-+$€£]?\d[\d.,' \u2019\u00a0\u202f]*(e[+-]?\d+)?[kmbt]?|-", re.IGNORECASE)


class DialectError(Exception):
    """The dialect cannot be known. The message says why, and which option decides."""


@dataclass(frozen=True)
class Dialect:
    """How to split a CSV file into columns.

    `skip` lines come before the first row. `names` are the columns; `tickers` those that a header of several lines
    (yfinance) assigns to each column. `title_lines` counts what comes before the header. `has_dots` is whether the
    format has decimal dots, whatever the locale of who wrote it: a semicolon speaks for one with decimal commas.
    """

    separator: str
    skip: int
    names: tuple[str, ...]
    tickers: tuple[str, ...] | None = None
    is_headless: bool = False
    title_lines: int = 0
    has_dots: bool = True

    def describe(self) -> list[str]:
        """Return what differs from a comma-separated file whose first line is its header."""
        separator = [] if self.separator == "," else [_SEPARATORS.get(self.separator, repr(self.separator))]
        titles = (
            [f"{self.title_lines} line{'s' * (self.title_lines > 1)} before the header"] if self.title_lines else []
        )
        header = [f"no header, columns {' '.join(self.names)}"] if self.is_headless else []
        return [*separator, *titles, *header]


def detect_dialect(lines: list[str], options: ReadingOptions) -> Dialect:
    """Return the dialect of a file that begins with `lines`.

    Raises:
        DialectError: it has no header, and no common download has such columns.
    """
    stated = re.fullmatch(r'"?sep=(.)"?', lines[0].strip("\ufeff\r\n")) if lines else None
    if options.separator or stated:
        separators = [options.separator or (stated[1] if stated else ",")]
    else:
        separators = [*_SEPARATORS]
    for separator in separators:
        if found := _with_separator(lines, separator, options):
            return found
    return _unknown(lines, separators, options)


def cells_of(line: str, separator: str) -> list[str]:
    """Return the cells of one line, without the spaces around them."""
    if separator == SPACES:
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])]


def _with_separator(lines: list[str], separator: str, options: ReadingOptions) -> Dialect | None:
    """Return the dialect if a header or a bar shows up when the lines are split by `separator`."""
    before: list[str] = []
    for number, cells in _rows(lines[:_MOST_LINES_BEFORE_ROWS], separator):
        if is_header(cells):
            return _with_header(lines, separator, number, cells, options)
        if _is_bar(cells):
            if len(before) == len(cells) and not options.columns:
                return _with_header(lines, separator, number - 1, before, options)
            return _without_header(lines, separator, number, options)
        before = cells
    return None


def _rows(lines: list[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number, from 0, and the cells of each line that is not blank."""
    for number, line in enumerate(lines):
        if line.strip():
            yield number, cells_of(line, separator)


def _is_bar(cells: list[str]) -> bool:
    """Return whether the cells are a time and at least four numbers."""
    numbers = cells[2:] if len(cells) > 1 and _CLOCK.fullmatch(cells[1]) and ":" in cells[1] else cells[1:]
    numbers = numbers[:-1] if numbers and numbers[-1] == "" else numbers
    return len(numbers) >= len(PRICES) and bool(_TIME.fullmatch(cells[0])) and all(map(_NUMBER.fullmatch, numbers))


def _with_header(lines: list[str], separator: str, number: int, cells: list[str], options: ReadingOptions) -> Dialect:
    for first in (number, max(number - 1, 0)):  # tickers may come before prices
        if levels := _header_levels(lines[first:], separator):
            return Dialect(separator, first + 3, *levels)
    titles = sum(1 for line in lines[:number] if line.strip() and not _states_separator(line))
    names = options.columns or tuple(cells)
    fitted = _fit(names, [row for _, row in _rows(lines[number + 1 : number + 1 + _SAMPLE_ROWS], separator)])
    has_dots = separator != ";" or cells[0].startswith("<")  # MetaTrader
    return Dialect(separator, number + 1, fitted, title_lines=titles, has_dots=has_dots)


def _states_separator(line: str) -> bool:
    return bool(re.match(r'\ufeff?"?sep=', line))


def _header_levels(lines: list[str], separator: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return names and tickers of the columns if the header has three lines: prices, tickers, and the index's name."""
    top = [cells_of(line, separator) for line in lines[:3]]
    levels = ("price", "ticker", "attributes", "")
    if len(top) < 3 or len({len(cells) for cells in top}) > 1 or any(top[2][1:]) or not top[2][0]:
        return None
    if any(cells[0].lower() not in levels for cells in top[:2]):
        return None
    prices, tickers = (top[0], top[1]) if is_header(top[0]) else (top[1], top[0])
    return (top[2][0], *prices[1:]), tuple(tickers[1:])


def _fit(names: tuple[str, ...], rows: list[list[str]]) -> tuple[str, ...]:
    """Fit `names` to `rows` whose lines end in a separator, or whose first column is a date and a time by spaces."""
    widths = {len(row) for row in rows}
    if widths == {len(names) - 1} and names[-1] == "":
        return names[:-1]
    if len(names) > 1 and names[-1] == "" and all(row[-1] == "" for row in rows):
        return (*names[:-1], _SPARE)
    if widths == {len(names) + 1}:
        if all(row[-1] == "" for row in rows):
            return (*names, _SPARE)
        if all(_CLOCK.fullmatch(row[1]) for row in rows):
            return ("date", "time", *names[1:])
    return names


def _without_header(lines: list[str], separator: str, number: int, options: ReadingOptions) -> Dialect:
    rows = [row for _, row in _rows(lines[number : number + _SAMPLE_ROWS], separator)]
    spare = (_SPARE,) if all(row[-1] == "" for row in rows) else ()
    width = len(rows[0]) - len(spare)
    has_clock = all(len(row) > 1 and _CLOCK.fullmatch(row[1]) for row in rows) and any(":" in row[1] for row in rows)
    has_epochs = all(re.fullmatch(r"\d{9,19}", row[0]) for row in rows)
    names = options.columns or headless_columns(width, has_clock, has_epochs)
    if names is None or (options.columns is None and not _orders_prices(rows, names)):
        raise _without_names(width)
    if len(names) != width:
        raise DialectError(f"has {width} columns, but --columns names {len(names)}")
    has_dots = separator != ";" or bool(re.fullmatch(r"\d{8} \d{6}", rows[0][0]))  # HistData
    return Dialect(separator, number, (*names, *spare), is_headless=True, has_dots=has_dots)


def _without_names(width: int) -> DialectError:
    return DialectError(
        f"has no header, and what its {width} columns are cannot be known: name them, such as "
        "--columns date,open,high,low,close,volume"
    )


def _orders_prices(rows: list[list[str]], names: tuple[str, ...]) -> bool:
    """Return whether most rows are in order low, open or close, high, if the columns are `names`."""
    where = [names.index(price) for price in PRICES]
    ordered = 0
    for row in rows:
        if len(row) > max(where):
            opened, high, low, close = (_rough(row[place]) for place in where)
            ordered += low <= min(opened, close) <= max(opened, close) <= high
    return ordered * 2 > len(rows)


def _rough(cell: str) -> float:
    """Return the number in a cell, good enough for a comparison within the row."""
    digits = re.sub(r"[^\d.,]", "", cell).replace(",", ".")
    whole, _, fraction = digits.rpartition(".")
    return float(f"{whole.replace('.', '') or 0}.{fraction or 0}") if "." in digits else float(digits or 0)


def _unknown(lines: list[str], separators: list[str], options: ReadingOptions) -> Dialect:
    """Take the first line as the header, split by what makes most columns of it."""
    rows = [(number, line) for number, line in enumerate(lines) if line.strip() and not _states_separator(line)]
    if not rows:
        return Dialect(separators[0], len(lines), options.columns or ())
    number, line = rows[0]
    firm = [separator for separator in separators if separator != SPACES] or separators
    separator = max(firm, key=lambda candidate: len(cells_of(line, candidate)))
    names = cells_of(line, separator)
    if any(map(_NUMBER.fullmatch, names)):
        if not options.columns:
            raise _without_names(len(names))
        return _without_header(lines, separator, number, options)
    return _with_header(lines, separator, number, names, options)
