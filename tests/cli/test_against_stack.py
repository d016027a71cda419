"""The commands against the embedded stack: bars loaded, a run made and saved, and its rows found again in SQL."""

import json
from pathlib import Path

import backtesting
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from embedded.stack import EmbeddedStack
from tests.cli.conftest import Command
from tickfold.cli.download import save
from tickfold.protocol import Result

GOOG = Path(backtesting.__file__).parent / "test" / "GOOG.csv"
RUN = "run --symbol real --strategy sma_cross --param fast=10 --param slow=30"


@pytest.fixture(autouse=True)
def _loaded(stack: EmbeddedStack, tickfold: Command) -> None:
    ended = tickfold("data", "load", str(GOOG), "--symbol", "real")
    assert ended.status == 0, ended.stderr
    assert ended.stdout == "loaded 2,148 bars; REAL 1d now has 2,148 from 2004-08-19 to 2013-03-01\n"


def test_loaded_bars_are_listed_once(tickfold: Command) -> None:
    listed = json.loads(tickfold("data", "list", "--json").stdout)
    assert [series for series in listed if series["symbol"] == "REAL"] == [
        {
            "symbol": "REAL",
            "timeframe": "1d",
            "bars": 2148,
            "first": "2004-08-19",
            "last": "2013-03-01",
            "source": "GOOG.csv",
        }
    ]


def test_a_file_with_a_bad_row_loads_nothing(tickfold: Command, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(GOOG.read_text() + "2013-03-04,1,0,0,0,0\n")
    ended = tickfold("data", "load", str(bad), "--symbol", "bad")
    assert ended.status == 1
    assert "line 2150: high '0' is not above 0" in ended.stderr
    assert "BAD" not in tickfold("data", "list").stdout


def test_a_run_has_its_golden_result_and_its_files(tickfold: Command, tmp_path: Path) -> None:
    ended = tickfold(*RUN.split(), "--chunks", "9", "--json", "--save", str(tmp_path / "new" / "dir"))
    document = json.loads(ended.stdout)
    assert (ended.status, document["status"], document["chunks"]) == (0, "succeeded", 9)
    assert document["metrics"]["final_equity"] == pytest.approx(51_422.99, abs=0.005)
    assert document["metrics"]["trades"] == 66
    assert sorted(path.name for path in (tmp_path / "new" / "dir").iterdir()) == ["equity.parquet", "trades.parquet"]
    trades = pq.ParquetFile(tmp_path / "new" / "dir" / "trades.parquet").read()
    equity = pq.ParquetFile(tmp_path / "new" / "dir" / "equity.parquet").read()
    assert (trades.num_rows, equity.num_rows) == (66, 2148)
    assert equity["equity"][-1].as_py() == pytest.approx(document["metrics"]["final_equity"])


def test_a_download_that_fails_leaves_no_files(stack: EmbeddedStack, result: Result, tmp_path: Path) -> None:
    s3, bucket = stack.client("s3"), stack.outputs["bucket"]
    series = f"s3://{bucket}/data/series/REAL/1d.json"
    absent = result.model_copy(update={"trades_uri": series, "equity_uri": f"s3://{bucket}/absent"})
    with pytest.raises(ClientError, match="404"):
        save(s3, absent, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_range_is_that_of_the_bars_unless_it_is_given(tickfold: Command) -> None:
    document = json.loads(tickfold("run", "--symbol", "real", "--start", "2012-01-01", "--json").stdout)
    assert (document["start"], document["end"]) == ("2012-01-01", "2013-03-01")


def test_a_run_and_its_trades_are_found_in_sql(tickfold: Command) -> None:
    run_id = json.loads(tickfold(*RUN.split(), "--json").stdout)["run_id"]
    runs = tickfold("query", f"SELECT symbol, strategy, trades FROM runs WHERE run_id = '{run_id}'")  # noqa: S608
    assert (runs.status, runs.stdout) == (0, "symbol,strategy,trades\nREAL,sma_cross,66\n")
    assert "bytes scanned" in runs.stderr
    trades = tickfold("query", f"SELECT count(*) AS trades FROM trades WHERE run_id = '{run_id}'", "--json")  # noqa: S608
    assert json.loads(trades.stdout) == [{"trades": 66}]


def test_a_wrong_statement_is_one_clear_line(tickfold: Command) -> None:
    ended = tickfold("query", "SELECT * FROM nonsense")
    assert (ended.status, ended.stdout) == (1, "")
    assert ended.stderr.startswith("tickfold: query failed: ")
    assert "nonsense" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_an_unknown_symbol_names_those_that_are_known(tickfold: Command) -> None:
    ended = tickfold("run", "--symbol", "nope", "--start", "2012-01-01", "--end", "2012-12-31")
    assert ended.status == 1
    assert ended.stderr.startswith("tickfold: unknown symbol NOPE; known symbols: AAPL,")
