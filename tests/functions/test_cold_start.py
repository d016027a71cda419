"""What a cold worker imports. pandas costs half a second of each, and pyarrow imports it where one lets it."""

import subprocess
import sys

import pytest

WORK = """
import sys
import numpy as np
import functions.websocket.message, functions.backtests.plan, functions.backtests.reduce, functions.backtests.simulate
from tickfold.engine.accounting.account import Account
from tickfold.engine.backtest import fold, simulate
from tickfold.engine.bars import Bars
from tickfold.engine.decisions.chunk import cut
from tickfold.engine.decisions.exits import StopLoss
from tickfold.engine.decisions.orders import Orders
from tickfold.backtests import chunk_files, results, sweep_results
from tickfold.market_data import bar_store
from tickfold.storage import parquet, tables
from tickfold.strategies import BUILT_IN

close = 100 + np.random.default_rng(7).integers(-9, 10, 1_000).cumsum() / 100
written = bar_store.encode(Bars(np.arange(1_000) * 60_000_000, close, close, close, close, np.ones(1_000)))
strategy, chunks = BUILT_IN.create("sma_cross", {"fast": 3, "slow": 9}), cut(1_000, 9, 1, chunks=4)

orders = Orders(exits=(StopLoss(0.05),))

def work(chunk):
    bars = bar_store.decode(written, chunk.start - chunk.warm_up(strategy.lookback), chunk.stop)
    file = chunk_files.encode([simulate(bars, chunk, strategy, orders)])
    return chunk_files.ChunkFile(chunk, file).of(0)

bars = bar_store.decode(written)
outcome = fold([work(chunk) for chunk in chunks], bars, Account(10_000), orders).outcome
assert len(outcome.statement.trades) > 10
parquet.encode(results.equity_table(bars, outcome.statement))
parquet.encode(results.trades_table("WALK", outcome.statement.trades, results.times_of(bars, outcome.statement.trades)))
(row,) = sweep_results.sweep_rows([strategy], [outcome.metrics], [0])
parquet.encode(parquet.table([row | {"parameters": "{}"}], tables.SWEEPS))
parquet.column(["WALK", None], tables.RUNS.field("symbol").type)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_plan_simulate_and_reduce_work_without_pandas() -> None:
    pytest.importorskip("pandas")  # where it is not installed there is nothing to show
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True, timeout=60)
    imported = done.stdout.split()
    assert {"numpy", "pyarrow", "boto3"} <= set(imported)
    assert "pandas" not in imported


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("functions.api.http", ["pandas", "pyarrow", "numpy", "jwt", "cryptography"]),
        ("functions.market_data.catch_up", ["pandas", "pyarrow"]),
        ("functions.websocket.authorize", ["pandas", "pyarrow", "numpy", "pydantic", "tenacity"]),
        ("functions.websocket.connect", ["pandas", "pyarrow", "numpy", "pydantic", "tenacity"]),
        ("functions.websocket.disconnect", ["pandas", "pyarrow", "numpy", "pydantic", "tenacity"]),
        ("functions.websocket.deliver", ["pandas", "pyarrow", "numpy", "pydantic", "tenacity"]),
        ("functions.backtests.report_failure", ["pandas", "pyarrow", "numpy"]),
        ("functions.backtests.reconcile", ["pandas", "pyarrow", "numpy"]),
        ("functions.market_data.export", ["pandas", "pyarrow", "numpy", "pydantic", "tenacity"]),
        ("functions.websocket.message", ["pandas", "pyarrow"]),
        ("functions.alerts.evaluate", ["pandas", "pyarrow"]),
        ("functions.alerts.check_silence", ["pandas", "pyarrow"]),
        ("functions.alerts.send", ["pandas", "pyarrow", "numpy"]),
        ("functions.alerts.follow_link", ["pandas", "pyarrow", "numpy"]),
        ("functions.backtests.plan", ["pandas", "pyarrow"]),
        ("functions.backtests.simulate", ["pandas"]),
        ("functions.backtests.reduce", ["pandas"]),
    ],
)
def test_functions_import_no_more_than_they_need(module: str, unwanted: list[str]) -> None:
    code = f"import sys, {module}; print(sorted(set({unwanted}) & set(sys.modules)))"
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "[]"
