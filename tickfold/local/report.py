"""The report of a run that no stack has recorded."""

from pathlib import Path

from tickfold.backtests.recorded_run import RecordedRun, decode_run
from tickfold.local.finished_run import FinishedRun
from tickfold.report.page import page
from tickfold.report.plotly_js import plotly_js
from tickfold.storage import parquet


def write_report(run: FinishedRun, path: Path) -> Path:
    """Write the report of `run` into the file `path`, and return that.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_text(page(recorded(run), plotly_js()), encoding="utf-8")
    return path


def recorded(run: FinishedRun) -> RecordedRun:
    """Return `run` as a stack would have recorded it."""
    by_symbol = run.equity_by_symbol
    return decode_run(
        run.config,
        run.created_at,
        run.result,
        equity=[parquet.encode(run.equity)],
        trades=[parquet.encode(run.trades)],
        by_symbol=[] if by_symbol is None else [parquet.encode(by_symbol)],
    )
