"""The rules for the rows of a bar file, and the error that describes each row that breaks them."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from tickfold.market_data.bar_table import BarFileError, BarTable, Floats, Mask, Source
from tickfold.market_data.bar_times import FIRST_YEAR, LAST_YEAR, BarTimes
from tickfold.market_data.date_notation import NO_TIME, Times
from tickfold.market_data.finding import Finding, Kind
from tickfold.market_data.value_rules import Rule, number_rules, price_rules

_MOST_ROWS_SHOWN = 20


def bar_rules(table: BarTable, times: BarTimes, values: dict[str, Floats]) -> list[Rule]:
    """Return the rules for the rows of `table`, given its `times` and the `values` of its other columns."""
    column_rules = [rule for name in values for rule in number_rules(name, values[name], _cells(table.columns[name]))]
    return [*_time_rules(times, table), *column_rules, *price_rules(values)]


def check_rows(source: Source, table: BarTable, rules: list[Rule]) -> None:
    """Check every row of `table`.

    Raises:
        BarFileError: a row breaks a rule, or has too few or too many fields.
    """
    bad = np.flatnonzero(np.logical_or.reduce([rule.broken for rule in rules]))
    count = len(bad) + len(table.misshapen)
    if not count:
        return
    reasons = table.misshapen | {
        int(table.places[row]): "; ".join(rule.describe(int(row)) for rule in rules if rule.broken[row])
        for row in bad[:_MOST_ROWS_SHOWN]
    }
    shown = [f"  {table.place(place)}: {reasons[place]}" for place in sorted(reasons)[:_MOST_ROWS_SHOWN]]
    rest = [f"  … and {count - len(shown):,} more"] if count > len(shown) else []
    rows = f"{count:,} bad row{'s' if count > 1 else ''}"
    raise BarFileError("\n".join([f"{source} has {rows}, nothing was loaded:", *shown, *rest]))


def row_findings(table: BarTable, times: BarTimes, rules: list[Rule]) -> list[Finding]:
    """Return a finding for each row of `table` and each of `rules` that it breaks, in the order of the file."""
    found = {
        int(place): [Finding(Kind.FIELDS, None, what, table.place(place))] for place, what in table.misshapen.items()
    }
    for rule in rules:
        for row in np.flatnonzero(rule.broken):
            place, time = int(table.places[row]), int(times.utc[row])
            known = None if times.utc[row] == NO_TIME else time
            found.setdefault(place, []).append(Finding(rule.kind, known, rule.describe(int(row)), table.place(place)))
    return [finding for place in sorted(found) for finding in found[place]]


def _time_rules(read: BarTimes, table: BarTable) -> list[Rule]:
    column, times = table.columns["time"], read.utc
    known = times != NO_TIME
    explained = np.logical_or.reduce([np.zeros(len(times), dtype=np.bool_), *read.faults.values()])
    within = (times >= _new_year(FIRST_YEAR)) & (times < _new_year(LAST_YEAR + 1))

    def describe_repeated(row: int) -> str:
        original = int(table.places[np.flatnonzero(times == times[row])[0]])
        return f"time {_shown_time(times[row])} is already on {table.unit} {original}"

    written = ", ".join(read.notation) or "ISO 8601 (2020-01-31 09:30)"
    return [
        *(Rule(Kind.TIME, rows, _describe_fault(column, reason)) for reason, rows in read.faults.items()),
        Rule(
            Kind.TIME,
            ~known & ~explained,
            lambda row: f"time {_cell(column, row)} is neither {written} nor a count since 1970",
        ),
        Rule(
            Kind.TIME,
            known & ~within,
            lambda row: f"time {_cell(column, row)} is not within {FIRST_YEAR}…{LAST_YEAR}",
        ),
        Rule(Kind.DUPLICATE, known & _repeated(times), describe_repeated),
    ]


def _describe_fault(column: pa.Array, reason: str) -> Callable[[int], str]:
    return lambda row: f"time {_cell(column, row)} {reason}"


def _new_year(year: int) -> np.int64:
    return np.datetime64(f"{year}-01-01", "us").astype(np.int64)


def _repeated(times: Times) -> Mask:
    """Return the rows whose time an earlier row has."""
    order = np.argsort(times, kind="stable")
    repeated = np.zeros(len(times), dtype=np.bool_)
    repeated[order[1:]] = np.diff(times[order]) == 0
    return repeated


def _cells(column: pa.Array) -> Callable[[int], str]:
    return lambda row: _cell(column, row)


def _cell(column: pa.Array, row: int) -> str:
    value = column[row].as_py()
    text = repr(value) if isinstance(value, str) else str(value)
    return "(empty)" if value in (None, "") else text[:40]


def _shown_time(microseconds: np.int64) -> str:
    return f"{np.datetime64(int(microseconds), 'us').astype('datetime64[s]')}Z"
