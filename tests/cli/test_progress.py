"""What a run's messages show without a terminal."""

import io
from datetime import date

import pytest

from tickfold.cli.progress import ProgressView
from tickfold.protocol import (
    Accepted,
    BacktestConfig,
    Cancelled,
    Failed,
    Fetching,
    Partial,
    Planned,
    Progress,
    Reopened,
    RunEvent,
    Sweep,
)

ID = "run-1"
CONFIG = BacktestConfig(stock="A", start_date=date(2020, 1, 1), end_date=date(2020, 1, 2), start_capital=1)
SWEEP = Sweep(run_id=ID, rank_by="sharpe", combinations=1, left_out=0, best=[], table_uri="s3://b/t")


def fetching(bars: int, done: int) -> Fetching:
    return Fetching(run_id=ID, symbol="A", timeframe="1m", bars=bars, pieces_done=done, pieces=7)


def planned(symbol: str = "A", bars: int = 2_148, chunks: int = 7, combinations: int = 1) -> Planned:
    return Planned(run_id=ID, symbol=symbol, timeframe="1d", bars=bars, chunks=chunks, combinations=combinations)


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        (Accepted(run_id=ID, execution_arn="arn", config=CONFIG), f"run {ID}\n"),
        (
            Accepted(run_id=ID, execution_arn="arn", config=CONFIG, ignored=["a", "b"]),
            f"run {ID}\nunknown fields of the request are ignored: a, b\n",
        ),
        (fetching(0, 0), "fetching A 1m: 0 bars\n"),
        (fetching(9_000, 3), ""),
        (fetching(20_000, 7), "fetching A 1m: 20,000 bars\n"),
        (planned(), "A 1d: 2,148 bars, 7 chunks\n"),
        (planned(bars=1, chunks=1), "A 1d: 1 bar, 1 chunk\n"),
        (planned("A,B", combinations=2_000), "A, B 1d: 2,148 bars, 7 chunks, 2,000 combinations\n"),
        (Progress(run_id=ID, chunks_done=3, chunks=7), ""),
        (Partial(run_id=ID, piece=1, pieces=1, equity=[]), ""),
        (SWEEP, ""),
        (Reopened(run_id=ID), "resumed after a failure\n"),
        (Failed(run_id=ID, stage="plan", reason="x"), ""),
        (Cancelled(run_id=ID), ""),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_message_is_a_line_or_silent(message: RunEvent, lines: str, capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressView() as view:
        view.show(message)
        assert view.run_id == ID
    assert tuple(capsys.readouterr()) == ("", lines)


def test_curves_and_table_are_kept_for_the_outcome() -> None:
    view = ProgressView("given")
    view.show(Partial(run_id=ID, piece=1, pieces=2, equity=[(0, 1.0)], buy_and_hold=[None]))
    view.show(Partial(run_id=ID, piece=2, pieces=2, equity=[(1, 2.0)], buy_and_hold=[3.0]))
    view.show(SWEEP)
    assert (view.run_id, view.table) == ("given", SWEEP)
    assert (view.curves.time, view.curves.equity, view.curves.buy_and_hold) == ([0, 1], [1.0, 2.0], [None, 3.0])
    view.show(Reopened(run_id=ID))
    assert view.curves.equity == [1.0, 2.0]  # pieces are sent once


def test_connection_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    view = ProgressView()
    view.show_connection(False)
    view.show_connection(True)
    assert tuple(capsys.readouterr()) == ("", "connection lost, reconnecting\nreconnected\n")


class Terminal(io.StringIO):
    """A terminal as far as a program can ask."""

    def isatty(self) -> bool:
        return True


def test_fetch_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    with ProgressView() as view:
        view.show(fetching(9_000, 3))
    assert "fetching A 1m: 9,000 bars" in terminal.getvalue()
    assert "3/7 pieces" in terminal.getvalue()


def test_curve_grows_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    days = [(day * 86_400_000, 100.0 + day) for day in range(3)]
    with ProgressView() as view:
        view.show(planned())
        view.show(Partial(run_id=ID, piece=1, pieces=2, equity=days, buy_and_hold=[100.0, 100.0, 90.0]))
    shown = terminal.getvalue()
    assert "equity 102.00" in shown
    assert "1970-01-03" in shown
    assert any("\u2800" < dots <= "\u28ff" for dots in shown)
