"""The commands against the embedded stack: bars loaded, a run made and saved, and its rows found again in SQL."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from embedded.stack import EmbeddedStack
from tests.cli.conftest import Command
from tests.golden import GOOG, assert_golden
from tickfold.cli.download import save
from tickfold.protocol import Result

GOLDEN = (
    "run --symbol real --strategy sma_cross --param fast=10 --param slow=30 --capital 10000 "
    "--start 2004-08-19 --end 2013-03-01"
)
KEYS = [
    *("run_id", "status", "symbol", "start", "end", "bars", "strategy", "parameters", "chunks", "replayed_bars"),
    *("sequential_bars", "metrics", "sessions", "adjustment"),
    *("execution_arn", "trades_uri", "equity_uri", "duration_seconds"),
]
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
            "sessions": "weekdays",
            "periods_per_year": 252,
            "adjustment": "as_loaded",
            "source": "GOOG.csv",
        }
    ]


def test_a_file_with_a_bad_row_loads_nothing(tickfold: Command, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text(GOOG.read_text() + "2013-03-04,1,0,0,0,0\n")
    ended = tickfold("data", "load", str(bad), "--symbol", "bad")
    assert ended.status == 3
    assert "line 2150: high '0' is not above 0" in ended.stderr
    assert "BAD" not in tickfold("data", "list").stdout


def _own(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what differs from run to run, and what the cut decides."""
    apart = ("run_id", "execution_arn", "trades_uri", "equity_uri", "duration_seconds", "chunks", "replayed_bars")
    return {name: value for name, value in document.items() if name not in apart}


def _by_chunks(tickfold: Command, command: str, *numbers: int) -> dict[int, dict[str, Any]]:
    """Run `command` with each of the `numbers` of chunks; return what it writes, by the number."""
    documents = {}
    for chunks in numbers:
        ended = tickfold(*command.split(), "--chunks", str(chunks), "--json")
        assert ended.status == 0, ended.stderr
        documents[chunks] = json.loads(ended.stdout)
        assert list(documents[chunks]) == KEYS
        assert documents[chunks]["chunks"] == chunks
    return documents


def test_the_golden_run_is_the_same_for_every_cut(tickfold: Command) -> None:
    """One chunk, a few, and many."""
    documents = _by_chunks(tickfold, GOLDEN, 1, 7, 64)
    assert_golden(documents[1]["metrics"])
    assert documents[1]["replayed_bars"] == 0 < documents[64]["replayed_bars"]
    assert all(_own(document) == _own(documents[1]) for document in documents.values())


def test_a_run_of_one_bar_a_chunk_is_the_same(tickfold: Command) -> None:
    """Two months: tests/engine and tests/soak have thousands of chunks."""
    cross = "run --symbol real --strategy sma_cross --param fast=2 --param slow=5 --start 2013-01-02 --end 2013-03-01"
    documents = _by_chunks(tickfold, cross, 1, 41)
    assert documents[41]["bars"] == 41
    assert documents[41]["metrics"]["trades"] > 0
    assert documents[41]["replayed_bars"] > 0
    assert _own(documents[41]) == _own(documents[1])


def test_a_saved_run_has_both_files(tickfold: Command, tmp_path: Path) -> None:
    ended = tickfold(*RUN.split(), "--chunks", "9", "--json", "--save", str(tmp_path / "new" / "dir"))
    document = json.loads(ended.stdout)
    assert sorted(path.name for path in (tmp_path / "new" / "dir").iterdir()) == ["equity.parquet", "trades.parquet"]
    trades = pq.ParquetFile(tmp_path / "new" / "dir" / "trades.parquet").read()
    equity = pq.ParquetFile(tmp_path / "new" / "dir" / "equity.parquet").read()
    assert (trades.num_rows, equity.num_rows) == (66, 2148)
    assert equity["equity"][-1].as_py() == document["metrics"]["final_equity"]
    assert equity.schema.field("timestamp").type == pa.timestamp("ms")


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


def test_sql_finds_the_trades_and_the_equity_of_the_message(tickfold: Command) -> None:
    document = json.loads(tickfold(*RUN.split(), "--json").stdout)
    run_id, metrics = document["run_id"], document["metrics"]

    def asked(sql: str) -> list[dict[str, Any]]:
        ended = tickfold("query", sql, "--json")
        assert ended.status == 0, ended.stderr
        found: list[dict[str, Any]] = json.loads(ended.stdout)
        return found

    (run,) = asked(f"SELECT symbol, strategy, trades, final_equity FROM runs WHERE run_id = '{run_id}'")  # noqa: S608
    assert run == {
        "symbol": "REAL",
        "strategy": "sma_cross",
        "trades": metrics["trades"],
        "final_equity": metrics["final_equity"],
    }
    assert asked(f"SELECT count(*) AS n FROM trades WHERE run_id = '{run_id}'") == [{"n": metrics["trades"]}]  # noqa: S608
    (last,) = asked(f"SELECT timestamp, equity FROM equity WHERE run_id = '{run_id}' ORDER BY 1 DESC LIMIT 1")  # noqa: S608
    assert last["equity"] == metrics["final_equity"]
    assert last["timestamp"].startswith("2013-03-01 00:00:00")


def test_several_symbols_add_up_in_message_files_and_sql(tickfold: Command, tmp_path: Path) -> None:
    several = "run --symbol real=0.5,ibm=0.25 --strategy sma_cross --param fast=10 --param slow=30 --chunks 5 --json"
    ended = tickfold(*several.split(), "--save", str(tmp_path))
    document = json.loads(ended.stdout)
    assert list(document) == [*KEYS, "symbols", "runs_by_symbol_uri", "equity_by_symbol_uri"]
    assert (document["symbol"], document["chunks"]) == ("REAL,IBM", 10)
    assert (document["start"], document["end"]) == ("2000-03-01", "2013-03-01")  # IBM's first bar, and the last of both
    saved = {path.name for path in tmp_path.iterdir()}
    assert saved == {"trades.parquet", "equity.parquet", "runs_by_symbol.parquet", "equity_by_symbol.parquet"}
    metrics, run_id = document["metrics"], document["run_id"]

    def asked(sql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(tickfold("query", sql.format(run_id), "--json").stdout)
        return found

    (run,) = asked("SELECT symbol, bars, chunks, trades, final_equity FROM runs WHERE run_id = '{}'")
    assert run == {name: document[name] for name in ("symbol", "bars", "chunks")} | {
        "trades": metrics["trades"],
        "final_equity": metrics["final_equity"],
    }
    trades = asked(
        "SELECT symbol, count(*) AS n, sum(pnl) AS pnl FROM trades WHERE run_id = '{}' GROUP BY 1 ORDER BY 1"
    )
    assert [(each["symbol"], each["n"]) for each in trades] == [
        (own["symbol"], own["metrics"]["trades"]) for own in reversed(document["symbols"])
    ]
    assert sum(each["pnl"] for each in trades) == pytest.approx(metrics["final_equity"] - 10_000)
    by_symbol = asked("SELECT symbol, share, bars, final_equity FROM runs_by_symbol WHERE run_id = '{}'")
    assert by_symbol == [
        {name: own[name] for name in ("symbol", "share", "bars")} | {"final_equity": own["metrics"]["final_equity"]}
        for own in document["symbols"]
    ]
    last = asked(
        "SELECT symbol, max_by(equity, timestamp) AS equity, max(timestamp) AS at FROM equity_by_symbol "
        "WHERE run_id = '{}' GROUP BY 1"
    )
    (combined,) = asked("SELECT equity, shares, close FROM equity WHERE run_id = '{}' ORDER BY timestamp DESC LIMIT 1")
    assert combined == {"equity": metrics["final_equity"], "shares": None, "close": None}
    assert sum(each["equity"] for each in last) + 2_500 == pytest.approx(metrics["final_equity"], rel=1e-12)


def test_rows_are_csv_when_they_are_piped(tickfold: Command) -> None:
    bars = "SELECT count(*) AS bars, max(close) AS highest FROM bars WHERE symbol = 'REAL' AND timeframe = '1d'"
    ended = tickfold("query", bars)
    assert (ended.status, ended.stdout) == (0, "bars,highest\n2148,806.85\n")
    assert "bytes scanned" in ended.stderr


def test_a_wrong_statement_is_one_clear_line(tickfold: Command) -> None:
    ended = tickfold("query", "SELECT * FROM nonsense")
    assert (ended.status, ended.stdout) == (3, "")
    assert ended.stderr.startswith("tickfold: query failed: ")
    assert "nonsense" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_an_unknown_symbol_names_those_that_are_known(tickfold: Command) -> None:
    ended = tickfold("run", "--symbol", "nope", "--start", "2012-01-01", "--end", "2012-12-31")
    assert ended.status == 3
    assert ended.stderr.startswith("tickfold: unknown symbol NOPE; known symbols: AAPL,")


def test_a_saved_sweep_has_its_table_and_the_best_runs_files(tickfold: Command, tmp_path: Path) -> None:
    sweep = "sweep --symbol real --strategy sma_cross --param fast=10:20:5 --param slow=30,60 --rank final_equity"
    ended = tickfold(*sweep.split(), "--json", "--save", str(tmp_path))
    assert ended.status == 0, ended.stderr
    document = json.loads(ended.stdout)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["equity.parquet", "sweep.parquet", "trades.parquet"]
    saved = pq.ParquetFile(tmp_path / "sweep.parquet").read().to_pylist()
    assert [json.loads(row["parameters"]) for row in saved] == [row["parameters"] for row in document["best"]]
    assert saved[0]["final_equity"] == document["result"]["metrics"]["final_equity"]
    asked = f"SELECT rank, final_equity FROM sweeps WHERE run_id = '{document['run_id']}' ORDER BY rank"  # noqa: S608
    found = json.loads(tickfold("query", asked, "--json").stdout)
    assert [row["final_equity"] for row in found] == [row["final_equity"] for row in saved]


def test_sql_finds_the_windows_of_a_walk_forward(tickfold: Command) -> None:
    sweep = "sweep --symbol real --strategy sma_cross --param fast=10,20 --param slow=30,60 --walk-forward 500:250"
    document = json.loads(tickfold(*sweep.split(), "--json").stdout)
    asked = "SELECT window_number, parameters, out_of_sample_return FROM walk_forward "
    found = json.loads(tickfold("query", f"{asked} WHERE run_id = '{document['run_id']}' ORDER BY 1", "--json").stdout)
    assert [(row["window_number"], json.loads(row["parameters"]), row["out_of_sample_return"]) for row in found] == [
        (row["window"], row["parameters"], row["out_of_sample"]["total_return"]) for row in document["first"]
    ]
    assert len(found) == document["windows"] == (2148 - 500) // 250


@pytest.mark.parametrize("windows", [[], ["--walk-forward", "500:250"]], ids=["sweep", "walk-forward"])
def test_the_run_that_a_sweep_ends_with_has_a_report(tickfold: Command, tmp_path: Path, windows: list[str]) -> None:
    sweep = "sweep --symbol real --strategy sma_cross --param fast=10,20 --param slow=30,60 --json"
    document = json.loads(tickfold(*sweep.split(), *windows).stdout)
    page = tmp_path / "report.html"
    ended = tickfold("report", document["run_id"], "--output", str(page))
    assert ended.status == 0, ended.stderr
    assert document["run_id"] in page.read_text()
