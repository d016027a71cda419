"""The progress of a fetch: a bar of its pieces for each symbol, on a terminal."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from tickfold.cli.console import printable, stderr

if TYPE_CHECKING:
    from rich.progress import TaskID

    from tickfold.market_data.history import Filled


class FetchProgress:
    """Shows how far a fetch is, on stderr; nothing where that is not a terminal."""

    def __init__(self) -> None:
        """Begin without symbols."""
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        self._last: Filled | None = None
        self._tasks: dict[str, TaskID] = {}
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} pieces, {task.fields[added]:,} bars"),
            TimeElapsedColumn(),
            console=stderr(),
            transient=True,
        )
        self._live = stderr().is_terminal

    def __enter__(self) -> Self:
        if self._live:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._bars.stop()

    def show(self, filled: "Filled") -> None:
        """Show how far the fetch of a symbol is."""
        self._last = filled
        if filled.symbol not in self._tasks:
            name = f"{filled.symbol} {filled.timeframe}"
            self._tasks[filled.symbol] = self._bars.add_task(name, total=filled.pieces, added=0)
        self._bars.update(self._tasks[filled.symbol], completed=filled.done, added=filled.added)

    def tell(self, text: str) -> None:
        """Write a line to stderr, above the bars."""
        self._bars.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    def stored(self, symbol: str, *, even_none: bool = True) -> str:
        """Return in words how much of a symbol has been stored; "" if that is nothing, unless `even_none`."""
        added = self._last.added if self._last and self._last.symbol == symbol else 0
        return f"{added:,} bars of {symbol} are stored" if added or even_none else ""
