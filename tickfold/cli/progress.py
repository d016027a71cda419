"""What is seen of a run while it goes on: its chunks on a bar, and the equity as it arrives."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from tickfold.cli.chart import Curves
from tickfold.cli.console import note, stderr
from tickfold.cli.symbols import shown
from tickfold.protocol import Accepted, Message, Partial, Planned, Reopened, Sweep, WalkForward
from tickfold.protocol import Progress as ChunkProgress
from tickfold.protocol.formats import counted, money

_LOST = "connection lost, connecting again"


class ProgressView:
    """Shows a run's messages on stderr: live on a terminal, else a line for each step."""

    def __init__(self, run_id: str | None = None) -> None:
        """Begin with nothing; the run's id is known if it was not started here."""
        self.run_id = run_id
        self.curves = Curves()
        self.table: Sweep | WalkForward | None = None
        self._told = "starting"
        self._live = stderr().is_terminal
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[chunks]}"),
            TextColumn("{task.fields[equity]}", style="green"),
            TimeElapsedColumn(),
            console=stderr(),
            transient=True,
            disable=not self._live,
        )
        self._task: TaskID = self._bar.add_task(self._told, total=None, chunks="", equity="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, message: Message) -> None:
        """Show what `message` says."""
        self.run_id = self.run_id or message.run_id
        match message:
            case Accepted():
                self._tell(f"run {message.run_id}")
                if message.ignored:
                    note(f"nobody knows these fields of the request, so they are ignored: {', '.join(message.ignored)}")
            case Planned():
                sets = f", {message.combinations:,} combinations" if message.combinations > 1 else ""
                bars = f"{counted(message.bars, 'bar')}, {counted(message.chunks, 'chunk')}"
                self._tell(f"{shown(message.symbol)} {message.timeframe}: {bars}{sets}")
                self._count(0, message.chunks)
            case ChunkProgress():
                self._count(message.chunks_done, message.chunks)
            case Partial():
                self.curves.add(message)
                self._bar.update(self._task, equity=f"equity {money(self.curves.equity[-1])}" if message.equity else "")

            case Sweep() | WalkForward():
                self.table = message
            case Reopened():
                self.curves = Curves()
                self._tell("goes on after a failure")

    def show_connection(self, connected: bool) -> None:
        """Show that the connection is lost, or that there is one again."""
        self._bar.update(self._task, description=self._told if connected else _LOST)
        if not self._live:
            note("connected again" if connected else _LOST)

    def _tell(self, text: str) -> None:
        self._told = text
        self._bar.update(self._task, description=text)
        if not self._live:
            note(text)

    def _count(self, done: int, chunks: int) -> None:
        self._bar.update(self._task, completed=done, total=chunks, chunks=f"{done:,}/{counted(chunks, 'chunk')}")
