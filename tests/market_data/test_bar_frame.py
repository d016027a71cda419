"""Bars of data frames: of every library, with times in any unit, zone and place, and by the rules of bar files."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

from tickfold.engine.bars import COLUMNS, Bars
from tickfold.market_data.bar_file import read_bar_file
from tickfold.market_data.bar_frame import read_bar_frame, tickers_of
from tickfold.market_data.bar_table import BarFileError
from tickfold.market_data.reading_options import ReadingOptions

HOURS = pd.date_range("2024-03-08 14:00", periods=8, freq="h")
DAYS = pd.date_range("2024-03-04", periods=8, freq="B")
CLOSE = np.array([10.5, 11, 10.75, 11.25, 12, 11.5, 11, 10])


def priced(index: Any) -> pd.DataFrame:
    """Return bars at the times `index`."""
    columns = {"Open": CLOSE, "High": CLOSE + 1, "Low": CLOSE - 1, "Close": CLOSE, "Volume": np.arange(8)}
    return pd.DataFrame(columns, index=index)


def microseconds(times: pd.DatetimeIndex) -> Any:
    return times.as_unit("us").asi8


def told(frame: Any, **options: Any) -> str:
    with pytest.raises(BarFileError) as caught:
        read_bar_frame(frame, options=ReadingOptions(**options))
    return str(caught.value)


def polars(frame: pd.DataFrame) -> pl.DataFrame:
    return pl.from_pandas(frame.rename_axis("time"), include_index=True)


FRAMES: dict[str, Callable[[], Any]] = {
    "pandas, index": lambda: priced(HOURS),
    "pandas, named index": lambda: priced(HOURS.rename("Datetime")),
    "pandas, column": lambda: priced(HOURS).reset_index(names="Date"),
    "pandas, column beside an index that is no range": lambda: priced(HOURS).reset_index(names="t").iloc[::-1],
    "pandas, nanoseconds": lambda: priced(HOURS.as_unit("ns")),
    "pandas, seconds": lambda: priced(HOURS.as_unit("s")),
    "pandas, zone": lambda: priced(HOURS.tz_localize("UTC").tz_convert("Asia/Tokyo")),
    "pandas, text": lambda: priced(HOURS.astype(str)),
    "pandas, objects": lambda: priced(pd.Index(HOURS.to_pydatetime(), dtype=object)),
    "pandas, epochs": lambda: priced(HOURS.as_unit("ms").asi8),
    "pandas, pyarrow types": lambda: priced(HOURS).reset_index(names="time").convert_dtypes(dtype_backend="pyarrow"),
    "pandas, prices as text": lambda: priced(HOURS).astype(str),
    "polars": lambda: polars(priced(HOURS)),
    "polars, milliseconds with a zone": lambda: polars(priced(HOURS)).with_columns(
        pl.col("time").dt.cast_time_unit("ms").dt.replace_time_zone("UTC").dt.convert_time_zone("America/New_York")
    ),
    "polars, text": lambda: polars(priced(HOURS)).with_columns(pl.col("time").dt.to_string("%Y-%m-%d %H:%M:%S")),
    "polars, decimals": lambda: polars(priced(HOURS)).with_columns(pl.col("Close").cast(pl.Decimal(18, 4))),
    "pyarrow": lambda: pa.Table.from_pandas(priced(HOURS)),
    "pyarrow, seconds": lambda: pa.Table.from_pandas(priced(HOURS.as_unit("s"))),
    "pyarrow, batches": lambda: pa.Table.from_pandas(priced(HOURS)).to_reader(max_chunksize=3),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frame_of_any_kind_has_the_same_bars(kind: str) -> None:
    read = read_bar_frame(FRAMES[kind]())
    assert read.timeframe == "1h"
    assert_array_equal(read.bars.timestamp, microseconds(HOURS))
    assert_array_equal(read.bars.close, CLOSE)
    assert_array_equal(read.bars.volume, np.arange(8.0))


DAILY: dict[str, Callable[[], Any]] = {
    "pandas, midnights": lambda: priced(DAYS),
    "pandas, midnights of New York": lambda: priced(DAYS.tz_localize("America/New_York")),
    "pandas, dates": lambda: priced(pd.Index([each.date() for each in DAYS])),
    "pandas, periods": lambda: priced(DAYS.to_period("D")),
    "polars, dates": lambda: polars(priced(DAYS)).with_columns(pl.col("time").cast(pl.Date)),
    "pyarrow, dates": lambda: pa.table(
        {"date": pa.array([each.date() for each in DAYS])}
        | {name: pa.array(column) for name, column in priced(DAYS).items()}
    ),
}


@pytest.mark.parametrize("kind", DAILY)
def test_daily_bars_are_at_their_dates(kind: str) -> None:
    read = read_bar_frame(DAILY[kind]())
    assert read.timeframe == "1d"
    assert_array_equal(read.bars.timestamp, microseconds(DAYS))


def test_naive_times_are_in_the_zone_that_is_stated() -> None:
    read = read_bar_frame(priced(HOURS), options=ReadingOptions(timezone="Europe/Berlin"))
    assert_array_equal(read.bars.timestamp, microseconds(HOURS.tz_localize("Europe/Berlin").tz_convert("UTC")))
    assert read.notes == ("times converted from Europe/Berlin to UTC",)


def test_summer_time_after_2038_is_that_of_the_zone() -> None:
    hours = pd.date_range("2038-03-14 00:00", periods=8, freq="h", tz="America/Boise")
    frame = polars(priced(hours))
    assert_array_equal(read_bar_frame(frame).bars.timestamp, microseconds(hours))


def test_frame_gives_the_bars_of_its_file(tmp_path: Path) -> None:
    frame = priced(HOURS).rename_axis("time")
    frame.to_csv(tmp_path / "bars.csv")
    frame.to_parquet(tmp_path / "bars.parquet")
    found: list[Bars] = [read_bar_file(tmp_path / name).bars for name in ("bars.csv", "bars.parquet")]
    for name in COLUMNS:
        for bars in found:
            assert_array_equal(getattr(bars, name), getattr(read_bar_frame(frame).bars, name))


def yahoo(*tickers: str) -> pd.DataFrame:
    """Return bars with two levels of column names, as `yfinance.download` does."""
    several = pd.concat({ticker: priced(DAYS) * (at + 1) for at, ticker in enumerate(tickers)}, axis="columns")
    return several.swaplevel(axis="columns").rename_axis(columns=["Price", "Ticker"])


@pytest.mark.parametrize("swapped", [False, True])
def test_two_levels_of_names_are_prices_and_tickers(swapped: bool) -> None:
    frame = yahoo("AAPL", "IBM")
    frame = frame.swaplevel(axis="columns") if swapped else frame
    assert tickers_of(frame) == ["AAPL", "IBM"]
    assert_array_equal(read_bar_frame(frame, options=ReadingOptions(symbol="ibm")).bars.close, 2 * CLOSE)
    assert told(frame) == "the frame has bars of AAPL, IBM: load each with its own --symbol, such as --symbol AAPL"


def test_times_of_other_tickers_are_no_bars() -> None:
    frame = yahoo("AAPL", "LATE")
    frame.loc[frame.index[:2], (slice(None), "LATE")] = np.nan
    assert_array_equal(read_bar_frame(frame, options=ReadingOptions(symbol="LATE")).bars.close, 2 * CLOSE[2:])
    frame.loc[frame.index[5], ("Close", "LATE")] = np.nan
    assert "row 4: close (empty) is not a finite number" in told(frame, symbol="LATE")


def test_only_ticker_needs_no_name() -> None:
    assert_array_equal(read_bar_frame(yahoo("AAPL")).bars.close, CLOSE)


def test_rows_of_one_symbol_are_chosen() -> None:
    long = pd.concat([priced(DAYS).assign(symbol="A"), (priced(DAYS) * 2).assign(symbol="B")])
    long["symbol"] = long["symbol"].astype("category")
    assert_array_equal(read_bar_frame(long, options=ReadingOptions(symbol="B")).bars.close, 2 * CLOSE)
    assert told(long).startswith("the frame has bars of A, B")


def test_columns_may_be_named_in_order() -> None:
    frame = priced(DAYS).set_axis(["a", "b", "c", "d", "e"], axis="columns")
    names = ("date", "open", "high", "low", "close", "volume")
    assert_array_equal(read_bar_frame(frame, options=ReadingOptions(columns=names)).bars.close, CLOSE)
    assert told(frame, columns=names[:2]) == (
        "the frame has 6 columns (__index_level_0__, a, b, c, d, e), and 2 names are given"
    )


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "no frame": (
        lambda: [1, 2],
        "the frame is a list; expected a data frame of pandas, polars or pyarrow, or",
    ),
    "one column": (lambda: priced(DAYS)["Close"], "the frame is a Series, which has no columns; expected a data frame"),
    "lazy": (lambda: polars(priced(DAYS)).lazy(), "the frame is a LazyFrame; collect() it first"),
    "no times": (
        lambda: priced(DAYS).reset_index(drop=True),
        "the frame lacks a column timestamp or date; its ",
    ),
    "no close": (lambda: priced(DAYS).drop(columns="Close"), "the frame lacks a column close; its columns are: "),
    "two closes": (lambda: priced(DAYS).assign(close=1.0), "the frame has more than one column close: keep one"),
    "same names": (
        lambda: priced(DAYS).set_axis(["Open", "High", "Low", "Low", "Volume"], axis="columns"),
        "the frame cannot be read: ",
    ),
    "no rows": (lambda: priced(DAYS).iloc[:0], "the frame has no bars"),
    "a gap": (
        lambda: priced(DAYS).assign(Close=[*CLOSE[:7], np.nan]),
        "the frame has 1 bad row, nothing was loaded:\n  row 8: close (empty) is not a finite number",
    ),
    "crossed": (
        lambda: priced(DAYS).assign(High=1.0),
        "the frame has 8 bad rows, nothing was loaded:\n  row 1: high 1.0 is below low 9.5",
    ),
    "a time twice": (
        lambda: priced([*DAYS[:7], DAYS[0]]),
        "the frame has 1 bad row, nothing was loaded:\n  row 8: time 2024-03-04T00:00:00Z is already on row 1",
    ),
    "mixed": (lambda: priced(DAYS).assign(Close=[*CLOSE[:7], "ten"]), "the frame cannot be read: "),
}


@pytest.mark.parametrize("kind", BAD)
def test_frame_that_cannot_be_read_is_told(kind: str) -> None:
    frame, text = BAD[kind]
    assert told(frame()).startswith(text)


def test_frame_is_left_as_it_is() -> None:
    frame = priced(HOURS[::-1])
    before = frame.copy()
    assert read_bar_frame(frame).notes[-1] == "rows were out of order: sorted by time"
    pd.testing.assert_frame_equal(frame, before)
    assert date(2024, 3, 8) == HOURS[0].date()
