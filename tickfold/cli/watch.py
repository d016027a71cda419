"""`tickfold watch`: the bars of a symbol as the feed stores them."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from tickfold.cli.completion import feed_symbols
from tickfold.cli.console import note, stdout
from tickfold.cli.data_load import symbol
from tickfold.cli.follow import client_of
from tickfold.cli.rows import check_formats, is_table
from tickfold.cli.session_view import LOST, SessionView
from tickfold.cli.target import StackOutputs, Target, find_target
from tickfold.cli.termination import ended_by_sigterm
from tickfold.protocol.formats import counted

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tickfold.client import Bar, Client

ROWS = 14
_FRAMES_PER_SECOND = 4


def watch(
    name: Annotated[
        str,
        typer.Argument(
            parser=symbol, metavar="SYMBOL", help="As `tickfold feed list` shows it.", autocompletion=feed_symbols
        ),
    ],
    rows: Annotated[int, typer.Option(min=2, max=60, metavar="COUNT", help="Rows of the chart, at most.")] = ROWS,
    *,
    once: Annotated[bool, typer.Option("--once", help="Show the session so far, and end.")] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Write a line of CSV a bar; the default where nothing can be drawn.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write a JSON object a bar, each on a line.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Watch the session of a symbol: its price with SMA9 and VWAP, from the open on, until Ctrl-C.

    The change is since the first bar of the session. Lag is the time from the end of the last bar's minute until it
    came here. A lost connection is opened again, and the bars go on where they were.

    Example: tickfold watch GOOG

    Example: tickfold watch GOOG --once --csv
    """
    check_formats(as_csv, as_json)
    import asyncio  # noqa: PLC0415 - slow to load, and help needs none

    # A terminal that only appends, such as an editor's, cannot show a drawing that grows.
    is_drawn = is_table(as_csv, as_json) and (once or not stdout().is_dumb_terminal)
    output: Output = _Drawing(name, rows, once) if is_drawn else _Lines(as_json)
    target = find_target(stack_outputs)
    with output.opened():
        asyncio.run(_follow(target, name, output, once))


class Output(Protocol):
    """Where bars are shown."""

    def opened(self) -> AbstractContextManager[object]:
        """Show them until the context ends."""

    async def begin(self, client: "Client") -> None:
        """Find out what else is shown."""

    def show(self, bar: "Bar", missed: int, *, is_live: bool) -> None:
        """Show `bar`; so many before it are `missed`, and it `is_live` if it came as soon as it was stored."""

    def show_connection(self, connected: bool) -> None:
        """Show that the connection is lost, or back."""


async def _follow(target: Target, name: str, output: Output, once: bool) -> None:
    async with client_of(target, output.show_connection) as client:
        bars = await client.bars(name)
        await output.begin(client)
        while not (once and bars.has_caught_up):
            is_live = bars.has_caught_up
            output.show(await anext(bars), bars.missed, is_live=is_live)


class _Lines:
    """A line a bar on stdout, at once; everything else on stderr."""

    def __init__(self, as_json: bool) -> None:
        self._write = _write_json if as_json else _write_csv
        self._has_header = as_json
        self._missed = 0

    def opened(self) -> AbstractContextManager[object]:
        return nullcontext()

    async def begin(self, _client: "Client") -> None:
        from tickfold.client import Bar  # noqa: PLC0415 - loads the protocol

        if not self._has_header:
            csv.writer(sys.stdout, lineterminator="\n").writerow(each.name for each in fields(Bar))
            sys.stdout.flush()

    def show(self, bar: "Bar", missed: int, *, is_live: bool) -> None:  # noqa: ARG002 - lines do not tell
        if missed > self._missed:
            note(f"{counted(missed - self._missed, 'bar')} left out: only the data lake has them")
            self._missed = missed
        self._write(vars(bar) | {"time": f"{bar.time:%Y-%m-%dT%H:%MZ}"})
        sys.stdout.flush()

    def show_connection(self, connected: bool) -> None:
        note("reconnected" if connected else LOST)


def _write_json(values: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")


def _write_csv(values: Mapping[str, object]) -> None:
    csv.writer(sys.stdout, lineterminator="\n").writerow(values.values())


class _Drawing:
    """The session on a terminal: live, or once at the end."""

    def __init__(self, name: str, rows: int, once: bool) -> None:
        self._view = SessionView(name)
        self._rows = rows
        self._once = once
        self._shown = ExitStack()

    @contextmanager
    def opened(self) -> Iterator[None]:
        with ended_by_sigterm(), self._shown:  # which shows the cursor again
            yield
        if self._once:
            stdout().print(self._drawn())

    async def begin(self, client: "Client") -> None:
        found = {each.symbol: each for each in await client.feed()}
        self._view.describe(found.get(self._view.symbol))
        if not self._once:
            from rich.live import Live  # noqa: PLC0415 - slow to load

            live = Live(get_renderable=self._drawn, console=stdout(), refresh_per_second=_FRAMES_PER_SECOND)
            self._shown.enter_context(live)

    def show(self, bar: "Bar", missed: int, *, is_live: bool) -> None:
        self._view.missed = missed
        self._view.add(bar, is_live=is_live)

    def show_connection(self, connected: bool) -> None:
        self._view.is_connected = connected

    def _drawn(self) -> "RenderableType":
        console = stdout()
        return self._view.drawn(console.width, console.height, self._rows)
