"""`tickfold backtest`: the bars of a file, without a stack, with the options and the summary of `run`."""

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from backtesting.test import GOOG

import tickfold as tf
from tests.cli.conftest import Command
from tickfold.cli.backtest import BACKTEST
from tickfold.cli.run import RUN
from tickfold.storage import tables

READ = "goog.csv: times carry no offset: taken as UTC\n"


@pytest.fixture(autouse=True)
def frame(alone: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """The bars that are in goog.csv of the working directory."""
    monkeypatch.chdir(alone)
    GOOG.to_csv("goog.csv", index_label="date")
    return GOOG


def test_options_are_those_of_run() -> None:
    flags = {option.flag for option in RUN.options}
    of_a_stack = {"--symbol", "--strategy", "--timeframe", "--adjustment", "--chunks"}
    assert flags - {option.flag for option in BACKTEST.options} == of_a_stack
    assert {option.flag for option in BACKTEST.options} <= flags


def test_summary_is_that_of_run(tickfold: Command) -> None:
    ended = tickfold("backtest", "goog.csv", "sma_cross", "--fast", "10", "--slow=30", "--commission", "0.1%")
    assert (ended.status, ended.stderr) == (0, READ)
    lines = [line.rstrip() for line in ended.stdout.splitlines()]
    assert lines[0] == "GOOG 1d   sma_cross fast=10 slow=30   2004-08-19 … 2013-03-01"
    assert "Final equity            44,930.20      Trades                         66" in lines
    assert "execution" not in ended.stdout


def test_json_has_the_metrics_of_the_python_function(tickfold: Command, frame: pd.DataFrame) -> None:
    ended = tickfold("backtest", "goog.csv", "momentum", "--stop-loss", "5%", "--symbol", "G", "--json")
    found = json.loads(ended.stdout)
    assert (found["symbol"], found["status"]) == ("G", "succeeded")
    assert (found["chunks"], found["replayed_bars"]) == (1, 0)
    assert found["metrics"] == dict(tf.backtest(frame, "momentum", stop_loss=0.05).metrics)
    assert "trades_uri" not in found


def test_trades_equity_and_report_are_written(tickfold: Command) -> None:
    ended = tickfold("backtest", "goog.csv", "sma_cross", "--save", "out", "--report", "pages/goog.html")
    assert ended.stderr == f"{READ}saved out/trades.parquet\nsaved out/equity.parquet\nsaved pages/goog.html\n"
    assert pq.read_schema("out/trades.parquet") == tables.TRADES
    assert pq.read_schema("out/equity.parquet") == tables.EQUITY
    assert "<h1>GOOG 1d" in Path("pages/goog.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (
            ("--comission", "1"),
            2,
            "--comission is neither an option (did you mean --commission?) nor a parameter",
        ),
        (("--fast", "50"), 3, "strategy sma_cross: fast (50) must be less than slow (30)"),
        (("--stop-loss", "5"), 2, "--stop-loss '5': input should be less than 1"),
        (("--start", "2030-01-01"), 2, "--start 2030-01-01 is after the last bar: GOOG has 2,148 1d bars"),
        (("--timeframe", "1h"), 3, "goog.csv: timeframe 1h was given, but its bars look like 1d"),
    ],
)
def test_what_is_wrong_is_told(tickfold: Command, arguments: tuple[str, ...], status: int, told: str) -> None:
    ended = tickfold("backtest", "goog.csv", "sma_cross", *arguments)
    assert (ended.status, ended.stdout) == (status, "")
    assert ended.stderr.removeprefix(READ).startswith(f"tickfold: {told}")


def test_option_without_its_value_is_told(tickfold: Command) -> None:
    ended = tickfold("backtest", "goog.csv", "sma_cross", "--fast")
    assert ended.status == 2
    assert "--fast has no value: write --fast 10" in ended.stderr


def test_dialect_of_the_file_is_stated(tickfold: Command) -> None:
    GOOG.to_csv("goog.txt", index_label="date", sep=";", decimal=",")
    ended = tickfold("backtest", "goog.txt", "--timezone", "America/New_York", "--separator", ";", "--decimal", ",")
    assert ended.status == 0
    assert "goog.txt: read as: " in ended.stderr
