"""A run in a notebook gives the numbers of the stack's run of the same bars, to the last bit."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backtesting.test import EURUSD
from pandas.testing import assert_frame_equal

import tickfold as tf
from embedded.sample_bars import daily_bars
from embedded.stack import EmbeddedStack
from tests.e2e.websocket_client import Json, run, start, sweep
from tickfold.engine.bars import COLUMNS
from tickfold.engine.calendar import SessionCalendar
from tickfold.market_data.bar_file import read_bar_file
from tickfold.market_data.bar_store import BarStore

RANGE: dict[str, Any] = {"start": "2000-03-01", "end": "2013-03-01"}
SMA: dict[str, Any] = {"fast": 10, "slow": 25}
ZONE = "America/New_York"
SESSIONS = "Asia/Tokyo 08:00"
TIES: dict[str, Any] = {"fast": 3, "slow": 12}

CASES: dict[str, tuple[str, dict[str, Any], Json]] = {
    "plain": ("sma_cross", {}, {}),
    "costs": (
        "sma_cross",
        {"commission": 0.002, "commission_minimum": 1, "slippage": "5bp", "spread": 0.0002, "direction": "long"},
        {
            "commission": {"relative": 0.002, "minimum": 1},
            "slippage": "5bp",
            "spread": 0.0002,
            "direction": "long",
        },
    ),
    "stops": (
        "sma_cross",
        {"stop_loss": "8%", "take_profit": 0.2, "trailing_stop": 0.1, "max_bars": 40, "close_at_end": False},
        {"stopLoss": "8%", "takeProfit": 0.2, "trailingStop": 0.1, "maxBars": 40, "closeAtEnd": False},
    ),
    "limits at the close": (
        "sma_cross",
        {"fill": "close", "limit": 0.01, "limit_bars": 5, "commission_per_share": 0.01},
        {"fill": "close", "limit": 0.01, "limitBars": 5, "commission": {"perShare": 0.01}},
    ),
    "volatility": (
        "sma_cross",
        {"size": "volatility:20%:60", "fractional": True, "capital": 5_000},
        {"sizing": {"kind": "volatility", "value": "20%", "bars": 60}, "fractionalShares": True, "startCapital": 5_000},
    ),
    "shares that cash does not pay": (
        "sma_cross",
        {"size": "shares:500", "commission_fixed": 3},
        {"sizing": {"kind": "shares", "value": 500}, "commission": {"fixed": 3}},
    ),
}


def frame(symbol: str) -> pd.DataFrame:
    bars = daily_bars(symbol)
    columns = {name.capitalize(): getattr(bars, name) for name in COLUMNS[1:]}
    return pd.DataFrame(columns, index=pd.DatetimeIndex(bars.timestamp.astype("datetime64[us]"), name="Date"))


def stored(stack: EmbeddedStack, uri: str) -> pd.DataFrame:
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    body = stack.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return pq.ParquetFile(io.BytesIO(body)).read().to_pandas()


def same(stack: EmbeddedStack, result: tf.BacktestResult, told: Json) -> None:
    assert dict(result.metrics) == told["metrics"]
    assert_frame_equal(result.trades, stored(stack, told["tradesUri"]), check_exact=True)
    assert_frame_equal(result.equity, stored(stack, told["equityUri"]), check_exact=True)


@pytest.mark.parametrize("case", CASES)
def test_run_equals_that_of_the_stack(stack: EmbeddedStack, url: str, case: str) -> None:
    strategy, options, config = CASES[case]
    told = run(url, start("AAPL", strategy=strategy, parameters=SMA, chunks=13, **config))[-1]
    result = tf.backtest(frame("AAPL"), strategy, symbol="AAPL", **RANGE, **SMA, **options)
    same(stack, result, told)
    assert len(result.trades) > 20


def _index(frame: pd.DataFrame) -> Any:
    return frame.index


KINDS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda frame: frame,
    "pandas in nanoseconds with a zone": lambda frame: frame.set_axis(
        _index(frame).tz_localize("UTC").tz_convert(ZONE).as_unit("ns")
    ),
    "polars in milliseconds": lambda frame: pl.from_pandas(frame, include_index=True).cast({"time": pl.Datetime("ms")}),
    "pyarrow in seconds": lambda frame: pa.Table.from_pandas(frame.set_axis(_index(frame).as_unit("s"))),
}


@pytest.fixture(scope="module")
def hourly(
    stack: EmbeddedStack, url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[pd.DataFrame, Json]]:
    """Bars of an hour that were loaded from a CSV file, and the stack's run over them.

    Averages of them tie, so that prices in decimals decide on trades, and their sessions are not those that they show.
    """
    bars = EURUSD.rename_axis("time")
    path = tmp_path_factory.mktemp("bars") / "eurusd.csv"
    bars.to_csv(path)
    read = read_bar_file(path)
    store, calendar = BarStore(stack.client("s3"), stack.outputs["bucket"]), SessionCalendar.parse(SESSIONS)
    store.put("EURUSD", read.timeframe, read.bars, "eurusd.csv", calendar=calendar)
    config = {"strategy": "sma_cross", "parameters": TIES, "sizing": {"value": 0.5}, "chunks": 7}
    yield bars, run(url, start("EURUSD", "2017-06-01", "2018-01-31", **config))[-1]
    store.remove("EURUSD", read.timeframe)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_of_every_kind_unit_and_zone_give_the_same(
    stack: EmbeddedStack, hourly: tuple[pd.DataFrame, Json], kind: str
) -> None:
    bars, told = hourly
    given = KINDS[kind](bars)
    options: dict[str, Any] = {"start": "2017-06-01", "end": "2018-01-31", "size": 0.5, "calendar": SESSIONS}
    same(stack, tf.backtest(given, "sma_cross", symbol="EURUSD", **TIES, **options), told)


def test_universe_equals_that_of_the_stack(stack: EmbeddedStack, url: str) -> None:
    stock = [{"symbol": "AAPL", "share": 0.5}, {"symbol": "FB", "share": 0.3}, {"symbol": "IBM", "share": 0.1}]
    terms: Json = {"strategy": "sma_cross", "parameters": SMA, "stopLoss": 0.08, "commission": 0.001}
    told = run(url, start(stock, **terms))[-1]
    bars = {symbol: frame(symbol) for symbol in ("AAPL", "FB", "IBM")}
    shares = {"AAPL": 0.5, "FB": "30%", "IBM": 0.1}
    result = tf.universe(bars, "sma_cross", shares=shares, **RANGE, **SMA, stop_loss=0.08, commission=0.001)
    same(stack, result, told)
    assert_frame_equal(result.equity_by_symbol, stored(stack, told["equityBySymbolUri"]), check_exact=True)
    own = {each["symbol"]: each["metrics"] for each in told["symbols"]}
    for symbol, headline in own.items():
        assert {name: result.by_symbol[symbol].metrics[name] for name in headline} == headline
        row = result.symbols.set_index("symbol").loc[symbol]
        assert [row[name] for name in headline] == list(headline.values())


def test_sweep_equals_that_of_the_stack(stack: EmbeddedStack, url: str) -> None:
    messages = run(url, sweep(chunks=4, rankBy="sortino"))
    (told,) = [message for message in messages if message["type"] == "sweep"]
    result = tf.sweep(
        frame("AAPL"), "sma_cross", symbol="AAPL", **RANGE, rank="sortino", fast=range(10, 31, 10), slow=[25, 60]
    )
    same(stack, result.best, messages[-1])
    expected = stored(stack, told["tableUri"])
    kept = [name for name in expected.columns if name != "parameters"]
    assert_frame_equal(result.table[kept], expected[kept], check_exact=True)
    assert result.left_out == told["leftOut"] == 1
    rows = [{"fast": row["parameters"]["fast"], "slow": row["parameters"]["slow"]} for row in told["best"]]
    assert result.table[["fast", "slow"]].to_dict("records") == rows


def test_walk_forward_equals_that_of_the_stack(stack: EmbeddedStack, url: str) -> None:
    messages = run(url, sweep(chunks=4, walkForward={"inSample": 500, "outOfSample": 250}))
    (told,) = [message for message in messages if message["type"] == "walk_forward"]
    result = tf.walk_forward(
        frame("AAPL"),
        "sma_cross",
        in_sample=500,
        out_of_sample=250,
        symbol="AAPL",
        **RANGE,
        fast=[10, 20, 30],
        slow=[25, 60],
    )
    same(stack, result, messages[-1])
    expected = stored(stack, told["tableUri"])
    kept = [name for name in expected.columns if name != "parameters"]
    assert_frame_equal(result.windows[kept], expected[kept], check_exact=True)
    assert (result.left_out, result.unused_bars) == (told["leftOut"], told["unusedBars"])
