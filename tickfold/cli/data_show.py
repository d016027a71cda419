"""`tickfold data show`: one series at a glance: its ends, its calendar, and what is odd about its bars."""

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickfold.cli.completion import symbols
from tickfold.cli.data_list import COLUMNS, row_of, shown
from tickfold.cli.data_load import symbol, timeframe_option
from tickfold.cli.rows import AsCsv, Value, check_formats, write_rows
from tickfold.cli.target import StackOutputs, find_target
from tickfold.engine.timeframe import lasts_days

if TYPE_CHECKING:
    from tickfold.engine.bars import Bars
    from tickfold.market_data.corporate_actions import CorporateAction
    from tickfold.market_data.inspection import Gap, Jump
    from tickfold.market_data.series import Series

_BARS = ("time", "open", "high", "low", "close", "volume")
_GAPS = ("after", "before", "missing", "unit")
_JUMPS = ("time", "close_before", "open", "change", "split")
_ACTIONS = ("day", "kind", "value")
_MOST_LISTED = 20


@dataclass(frozen=True)
class _Part:
    """A table of the answer; `count` is how many rows there are, of which `rows` are the first or largest."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[Value, ...]]
    count: int


def show(
    name: Annotated[
        str, typer.Argument(parser=symbol, metavar="SYMBOL", help="Symbol of the series.", autocompletion=symbols)
    ],
    bar_length: Annotated[str | None, timeframe_option("the coarsest")] = None,
    *,
    rows: Annotated[int, typer.Option(min=1, max=1_000, metavar="COUNT", help="First and last bars to show.")] = 3,
    as_csv: AsCsv = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write a JSON object.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Show a series: what `data list` shows, its first and last bars, its gaps and its jumps.

    Gaps are missing sessions and bars beyond weekends, holidays and daily breaks, the longest first. Jumps are opens
    that are 1.4 times the close before, or this times that, the largest first, with the split that they look like: 4:1
    if a share became four. Bars that are adjusted for splits have none of those, nor do raw bars for the splits beside
    them: those are listed, with the dividends, as new shares for one, and dollars a share.

    Example: tickfold data show GOOG

    Example: tickfold data show ES=F --timeframe 1m --json
    """
    check_formats(as_csv, as_json)
    from tickfold.market_data.bar_store import BarStore  # noqa: PLC0415 - slow to import

    target = find_target(stack_outputs)
    store = BarStore(target.s3(), target.output("bucket"))
    series = store.catalog.find(name, bar_length)
    known = dict(zip(COLUMNS, row_of(series), strict=True))
    parts = _parts(series, store.read(series, 0, series.bars), rows)
    if as_json:
        typer.echo(json.dumps(known | {part.name: _objects(part) for part in parts}, ensure_ascii=False, indent=2))
    elif as_csv or not sys.stdout.isatty():
        _write_properties(known, parts)
    else:
        write_rows(("property", "value"), list(known.items()), False, False)
        for part in parts:
            _write_part(part)


def _parts(series: "Series", bars: "Bars", rows: int) -> Sequence[_Part]:
    from tickfold.engine.calendar import SessionCalendar  # noqa: PLC0415 - loads numpy
    from tickfold.market_data.adjustment import adjusted_for_splits  # noqa: PLC0415 - loads numpy
    from tickfold.market_data.inspection import find_gaps, find_jumps, largest_first  # noqa: PLC0415 - loads numpy

    actions = series.actions.found if series.actions else []
    gaps = find_gaps(bars, series.timeframe, series.calendar or SessionCalendar())
    jumps = largest_first(find_jumps(adjusted_for_splits(bars, actions)))
    few = min(rows, len(bars))
    return (
        _Part("first_bars", "first bars", _BARS, list(_bar_rows(bars[:few], series.timeframe)), few),
        _Part("last_bars", "last bars", _BARS, list(_bar_rows(bars[-few:], series.timeframe)), few),
        _Part("gaps", "gaps", _GAPS, [_gap_row(gap, series.timeframe) for gap in gaps[:_MOST_LISTED]], len(gaps)),
        _Part(
            "jumps", "jumps", _JUMPS, [_jump_row(jump, series.timeframe) for jump in jumps[:_MOST_LISTED]], len(jumps)
        ),
        *([_Part("actions", "splits and dividends", _ACTIONS, _action_rows(actions), len(actions))] if actions else []),
    )


def _action_rows(actions: Sequence["CorporateAction"]) -> list[tuple[Value, ...]]:
    return [(str(each.day), each.kind, each.value) for each in actions]


def _bar_rows(bars: "Bars", of: str) -> Iterator[tuple[Value, ...]]:
    for at in range(len(bars)):
        yield (
            _time(int(bars.timestamp[at]), of),
            *(float(getattr(bars, column)[at]) for column in _BARS[1:]),
        )


def _gap_row(gap: "Gap", of: str) -> tuple[Value, ...]:
    return _time(gap.after, of), _time(gap.before, of), gap.missing, gap.unit


def _jump_row(jump: "Jump", of: str) -> tuple[Value, ...]:
    return _time(jump.time, of), jump.close, jump.open, round(jump.change, 4), jump.split


def _time(microseconds: int, of: str) -> str:
    from tickfold.market_data.series import utc  # noqa: PLC0415 - loads pydantic

    time: datetime = utc(microseconds)
    return shown(time) if lasts_days(of) else f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _objects(part: _Part) -> Any:
    rows = [dict(zip(part.columns, row, strict=True)) for row in part.rows]
    return rows if part.columns in (_BARS, _ACTIONS) else {"count": part.count, "largest": rows}


def _write_properties(known: dict[str, Value], parts: Sequence[_Part]) -> None:
    """Write a line for each value, such as `gaps.1.missing,4`."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("property", "value"))
    writer.writerows(known.items())
    for part in parts:
        if part.columns not in (_BARS, _ACTIONS):
            writer.writerow((part.name, part.count))
        for number, row in enumerate(part.rows, start=1):
            names = (f"{part.name}.{number}.{column}" for column in part.columns)
            writer.writerows(zip(names, row, strict=True))


def _write_part(part: _Part) -> None:
    if not part.rows:
        typer.echo(f"no {part.title}")
        return
    more = f" ({part.count:,}, the {len(part.rows)} largest)" if part.count > len(part.rows) else ""
    typer.echo(f"{part.title}{more}")
    write_rows(part.columns, part.rows, False, False)
