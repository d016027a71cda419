"""The progress of a run: a bar of its chunks, and its equity curve as it grows."""

from types import TracebackType
from typing import TYPE_CHECKING, Self, assert_never

from tickfold import protocol
from tickfold.cli.chart import Curves, chart
from tickfold.cli.console import note, stderr
from tickfold.protocol.formats import counted, money
from tickfold.protocol.symbol import shown_symbols

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import TaskID

_LOST = "connection lost, reconnecting"


class ProgressView:
    """Shows a run's messages on stderr: live on a terminal, else a line a step."""

    def __init__(self, run_id: str | None = None) -> None:
        """Begin without messages; the run's id is known if it was started elsewhere."""
        from rich.live import Live  # noqa: PLC0415 - slow to load
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        self.run_id = run_id
        self.curves = Curves()
        self.table: protocol.Sweep | protocol.WalkForward | None = None
        self._status = "starting"
        self._live = stderr().is_terminal
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            TextColumn("{task.fields[equity]}", style="green"),
            TimeElapsedColumn(),
            console=stderr(),
        )
        self._task: TaskID = self._bar.add_task(self._status, total=None, count="", equity="")
        self._display = Live(get_renderable=self._shown, console=stderr(), transient=True, refresh_per_second=10)

    def __enter__(self) -> Self:
        if self._live:
            self._display.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.stop()

    def _shown(self) -> "RenderableType":
        """Return the bar, and below it the curves as far as they are known."""
        from rich.console import Group  # noqa: PLC0415 - slow to load

        bar, curves = self._bar.get_renderable(), self.curves
        return Group(bar, chart(curves, stderr().width)) if len(curves.time) > 1 else bar

    def show(self, message: "protocol.RunEvent") -> None:
        """Show the state after `message`."""
        self.run_id = self.run_id or message.run_id
        match message:
            case protocol.Accepted():
                self._announce(f"run {message.run_id}")
                if message.ignored:
                    note(f"unknown fields of the request are ignored: {', '.join(message.ignored)}")
            case protocol.Fetching():
                bars = f"fetching {message.symbol} {message.timeframe}: {counted(message.bars, 'bar')}"
                self._announce(bars, noted=message.pieces_done in (0, message.pieces))
                self._count(message.pieces_done, message.pieces, "piece")
            case protocol.Planned():
                sets = f", {message.combinations:,} combinations" if message.combinations > 1 else ""
                bars = f"{counted(message.bars, 'bar')}, {counted(message.chunks, 'chunk')}"
                self._announce(f"{shown_symbols(message.symbol)} {message.timeframe}: {bars}{sets}")
                self._count(0, message.chunks, "chunk")
            case protocol.Progress():
                self._count(message.chunks_done, message.chunks, "chunk")
            case protocol.Partial():
                self.curves.add(message)
                self._bar.update(self._task, equity=f"equity {money(self.curves.equity[-1])}" if message.equity else "")
            case protocol.Sweep() | protocol.WalkForward():
                self.table = message
            case protocol.Reopened():  # the pieces of the curve that were sent stay valid
                self._announce("resumed after a failure")
            case protocol.Result() | protocol.Failed() | protocol.Cancelled():
                pass  # shown by what ends the command
            case _:
                assert_never(message)

    def show_connection(self, connected: bool) -> None:
        """Show that the connection is lost, or back."""
        self._bar.update(self._task, description=self._status if connected else _LOST)
        if not self._live:
            note("reconnected" if connected else _LOST)

    def _announce(self, text: str, *, noted: bool = True) -> None:
        """Show `text` beside the bar; without one, as a line, if it is `noted` there."""
        self._status = text
        self._bar.update(self._task, description=text)
        if noted and not self._live:
            note(text)

    def _count(self, done: int, total: int, unit: str) -> None:
        self._bar.update(self._task, completed=done, total=total, count=f"{done:,}/{counted(total, unit)}")
