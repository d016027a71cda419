"""`tickfold check`: test a strategy's promises on real bars before it is deployed."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tickfold.cli.checkout import CheckoutError, needs_checkout
from tickfold.cli.completion import strategies, symbols
from tickfold.cli.console import note, printable, stderr, stdout
from tickfold.cli.data_list import shown
from tickfold.cli.forms import by_name, parameter
from tickfold.cli.target import StackOutputs, TargetError, find_target
from tickfold.engine.timeframe import canonical_timeframe
from tickfold.errors import RunError, StrategyFailedError
from tickfold.protocol.spelling import suggestion
from tickfold.protocol.symbol import canonical_symbol

if TYPE_CHECKING:
    from tickfold.engine.bars import Bars
    from tickfold.strategies import Strategy
    from tickfold.strategies.checks import Check

MOST_BARS = 4_000
"""At most so many bars, or four times the lookback, are used, so that a check takes seconds."""

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}


def check(
    source: Annotated[
        str,
        typer.Argument(
            metavar="STRATEGY", help="A Python file, or the name of a built-in strategy.", autocompletion=strategies
        ),
    ],
    *,
    strategy: Annotated[
        str | None, typer.Option(metavar="NAME", help="The strategy to check, if the file defines several.")
    ] = None,
    param: Annotated[
        list[Any] | None,
        typer.Option(
            parser=parameter,
            metavar="NAME=NUMBER",
            help="A parameter of the strategy; may be repeated.",
        ),
    ] = None,
    symbol: Annotated[
        str, typer.Option(metavar="SYMBOL", help="Symbol whose bars are used.", autocompletion=symbols)
    ] = "AAPL",
    timeframe: Annotated[
        str | None, typer.Option(metavar="TIME", help="Such as 1m, 1h, 1d, 1mo. Left out: the coarsest that is loaded.")
    ] = None,
    bars: Annotated[
        Path | None, typer.Option("--bars", metavar="FILE", help="Use the bars of this CSV or Parquet file.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="How long one call of the strategy may take.")
    ] = 10.0,
    stack_outputs: StackOutputs = None,
) -> None:
    """Check that a strategy never looks ahead, looks back no further than its lookback, and folds exactly.

    Bars come from --bars, else from the named or running stack, else from the five series that come with Tickfold.
    Exit status 0 only if every promise holds.

    Example: tickfold check strategies/my_strategy.py --param window=20 --symbol IBM
    """
    checked = _strategy(source, strategy, by_name(param))
    series, origin = _bars(bars, canonical_symbol(symbol), timeframe, stack_outputs)
    used = series[-max(MOST_BARS, 4 * _lookback(checked, timeout)) :]
    _write_title(checked, used, origin)
    held = [_write(each) for each in (_imports(checked), *_live(_checks(checked, used, timeout)))]
    if not all(held):
        raise typer.Exit(1)
    if source.endswith(".py"):
        note(
            f"to run it, put it into strategies/, deploy again, and: tickfold run --strategy {checked.name} --symbol …"
        )


def _strategy(source: str, name: str | None, parameters: dict[str, int | float]) -> "Strategy":
    from tickfold.strategies import BUILT_IN, Registry, configure  # noqa: PLC0415
    from tickfold.strategies.files import FOLDER, load_file  # noqa: PLC0415

    if not source.endswith(".py"):
        return Registry.discover(FOLDER).create(source, parameters)
    found = {each.name: each for each in load_file(Path(source), BUILT_IN.strategies)}
    if name is None and len(found) > 1:
        raise RunError(f"{source} defines {len(found)} strategies; choose one with --strategy: {', '.join(found)}")
    if name is not None and name not in found:
        raise RunError(
            f"{source} defines no strategy {name!r}{suggestion(name, found)}; it defines: {', '.join(found)}"
        )
    return configure(found[name or next(iter(found))], parameters)


def _bars(file: Path | None, symbol: str, timeframe: str | None, stack_outputs: Path | None) -> tuple["Bars", str]:
    """Return bars and their origin."""
    if file is not None:
        from tickfold.engine.bars import with_decimals  # noqa: PLC0415
        from tickfold.market_data.bar_file import read_bar_file  # noqa: PLC0415

        read = read_bar_file(file, timeframe)
        return with_decimals(read.bars), f"{file.name}, {read.timeframe}"
    try:
        target = find_target(stack_outputs)
    except (TargetError, CheckoutError):
        if stack_outputs is not None:
            raise
        return _bundled_bars(symbol, timeframe)
    from tickfold.market_data.bar_store import BarStore  # noqa: PLC0415

    store = BarStore(target.s3(), target.output("bucket"))
    series = store.catalog.find(symbol, timeframe)
    return store.read(series, 0, series.bars), f"{series.symbol} {series.timeframe} in {target.origin}"


def _bundled_bars(symbol: str, timeframe: str | None) -> tuple["Bars", str]:
    with needs_checkout("a check on the bars that come with Tickfold", "give a file with --bars"):
        from embedded.sample_bars import SYMBOLS, TIMEFRAME, daily_bars  # noqa: PLC0415
    from tickfold.engine.bars import with_decimals  # noqa: PLC0415

    if symbol not in SYMBOLS or (timeframe and canonical_timeframe(timeframe) != TIMEFRAME):
        raise RunError(
            f"no stack is running, and Tickfold itself has no {timeframe or TIMEFRAME} bars of {symbol}, only "
            f"{TIMEFRAME} of {', '.join(SYMBOLS)}; give a file with --bars, or start a stack with `tickfold up`"
        )
    return with_decimals(daily_bars(symbol)), f"{symbol} {TIMEFRAME} that come with Tickfold"


def _imports(strategy: "Strategy") -> "Check":
    """Check what the strategy's file imports, whether the command named the file or the strategy."""
    from tickfold.strategies.checks import Check  # noqa: PLC0415
    from tickfold.strategies.files import file_of, foreign_imports  # noqa: PLC0415

    if foreign := foreign_imports(file_of(type(strategy))):
        finding = f"{', '.join(foreign)}, which the functions on AWS do not have"
        return Check("imports", False, finding, "use Python's own library, numpy, pydantic and tickfold")
    return Check("imports", True, "nothing that the functions on AWS do not have")


def _checks(strategy: "Strategy", bars: "Bars", seconds: float) -> "Iterator[Check]":
    """Yield the checks, made in a child process, in which each call of the strategy may take `seconds`."""
    from tickfold.strategies.checks import Check, check  # noqa: PLC0415 - numpy and pydantic take a while
    from tickfold.strategies.isolation import ChildEndedError, isolated, restart_timer  # noqa: PLC0415

    def restart() -> None:
        restart_timer(seconds)

    try:
        yield from isolated(lambda: check(strategy, bars, restart), seconds, restarts=True)
    except ChildEndedError as error:
        on = f"on at most {len(bars):,} bars"
        if error.timed_out:
            advice = "look for a loop that does not end; compute with arrays instead of bar by bar"
            yield Check("signals", False, f"a call {on} ran longer than {seconds:g} s", advice)
        else:
            yield Check("signals", False, f"{on} it {error.cause}", "it must return signals, and end nothing else")


def _lookback(strategy: "Strategy", seconds: float) -> int:
    """Return the lookback; 0 if it is invalid, which its check will report."""
    from tickfold.strategies.evaluation import lookback_of  # noqa: PLC0415

    try:
        return lookback_of([strategy], seconds)
    except StrategyFailedError:
        return 0


# --- what is shown ---------------------------------------------------------------------------------------------------


def _live(checks: "Iterator[Check]") -> "Iterator[Check]":
    """Yield `checks` as they are made; on a terminal, show that work is in progress."""
    with stderr().status("checking"):
        yield from checks


def _write_title(strategy: "Strategy", bars: "Bars", origin: str) -> None:
    from tickfold.market_data.series import utc  # noqa: PLC0415

    values = ", ".join(f"{name}={value}" for name, value in strategy.model_dump().items())
    first, last = (shown(utc(int(bars.timestamp[at]))) for at in (0, -1))
    title = f"{strategy.name}({values}) on {len(bars):,} bars of {origin}, {first} to {last}"
    stdout().print(Text(printable(title), style="bold"), soft_wrap=True)


def _write(check: "Check") -> bool:
    """Write one line with its advice; return whether the promise holds."""
    mark, style = _MARKS[check.holds]
    row = Table.grid(padding=(0, 1))
    row.add_column(width=1)
    row.add_column(width=14)
    row.add_column()
    row.add_row(Text(mark, style=style), check.promise, Text(printable(check.finding)))
    if check.advice:
        row.add_row("", "", Text(f"→ {check.advice}", style="dim"))
    stdout().print(row)
    return check.holds is True
