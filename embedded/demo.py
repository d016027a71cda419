"""`make demo`: a backtest from end to end on this machine, by the commands that a user would type."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from embedded.cloud import Cloud
from embedded.stack import EmbeddedStack
from embedded.up import stopped_by_signals
from tickfold.storage import layout

COMMAND = Path(sys.executable).parent / "tickfold"
RUN = (
    "run --symbol AAPL --strategy sma_cross --param fast=10 --param slow=30 "
    "--capital 10000 --start 2000-03-01 --end 2013-03-01"
)


class StepFailedError(Exception):
    """A command of the demo failed."""


def run_demo() -> None:
    """Start the stack, list its bars, run a backtest, query the result, and stop.

    Raises:
        StepFailedError: a command failed.
    """
    with EmbeddedStack(log=lambda line: print(line, flush=True)) as stack:
        type_command("data list")
        type_command(RUN)
        type_command("query", "SELECT run_id, symbol, strategy, trades, total_return, sharpe, max_drawdown FROM runs")
        run_id = _latest_run(stack.cloud, stack.outputs["bucket"])
        type_command("query", f"SELECT * FROM trades WHERE run_id = '{run_id}' ORDER BY entry_time LIMIT 5")  # noqa: S608
    print("\nDone; the stack is stopped. To start one that keeps running: tickfold up")


def type_command(line: str, *last: str) -> None:
    """Print a `tickfold` command and run it.

    Raises:
        StepFailedError: its exit code is not 0.
    """
    print("\n$ " + " ".join(["tickfold", line, *(f'"{argument}"' for argument in last)]), flush=True)
    ended = subprocess.run([COMMAND, *line.split(), *last], check=False)
    if ended.returncode != 0:
        raise StepFailedError(f"`tickfold {line}` failed with exit code {ended.returncode}")


def _latest_run(cloud: Cloud, bucket: str) -> str:
    runs = cloud.client("s3").list_objects_v2(Bucket=bucket, Prefix=layout.RUNS)["Contents"]
    return Path(max(runs, key=lambda run: run["LastModified"])["Key"]).stem


def main() -> int:
    """Run the demo with its own state directory; return the exit code."""
    finished = False
    with tempfile.TemporaryDirectory(prefix="tickfold-demo-") as state, stopped_by_signals():
        os.environ["TICKFOLD_STATE_DIR"] = state
        try:
            run_demo()
        except StepFailedError as error:
            print(f"\n{error}", file=sys.stderr)
        else:
            finished = True
    return 0 if finished else 1


if __name__ == "__main__":
    sys.exit(main())
