"""The report of a run that no stack has recorded."""

from pathlib import Path

from tickfold.backtests.recorded_run import RecordedRun, decode_curve, decode_trades
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
    return RecordedRun(
        config=run.config,
        created_at=run.created_at,
        result=run.result,
        curve=decode_curve(parquet.encode(run.equity), run.config.start_capital),
        trades=decode_trades(parquet.encode(run.trades)),
    )
