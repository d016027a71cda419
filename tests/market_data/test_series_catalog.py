"""The catalog: series are found by symbol and timeframe, and errors list those there are."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.market_data.conftest import BUCKET
from tickfold.engine.bars import Bars
from tickfold.errors import RunError
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.series_catalog import SeriesCatalog

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PRICES = np.array([10.0])
BAR = Bars(np.array([0]), PRICES, PRICES, PRICES, PRICES, PRICES)


@pytest.fixture
def catalog(s3: "S3Client") -> SeriesCatalog:
    """A catalog of GOOG in three timeframes and of IBM in one."""
    store = BarStore(s3, BUCKET)
    for symbol, timeframe in (("IBM", "1d"), ("GOOG", "90m"), ("GOOG", "1h"), ("GOOG", "5m")):
        store.put(symbol, timeframe, BAR, "test")
    return SeriesCatalog(s3, BUCKET)


def test_list_is_sorted_by_symbol_and_length_of_bar(catalog: SeriesCatalog) -> None:
    found = [(series.symbol, series.timeframe) for series in catalog.list()]
    assert found == [("GOOG", "5m"), ("GOOG", "1h"), ("GOOG", "90m"), ("IBM", "1d")]


def test_list_of_an_empty_bucket_is_empty(s3: "S3Client") -> None:
    assert SeriesCatalog(s3, BUCKET).list() == []


def test_find_takes_the_coarsest_timeframe_by_default(catalog: SeriesCatalog) -> None:
    assert catalog.find("GOOG").timeframe == "90m"
    assert catalog.find("GOOG", "5m").timeframe == "5m"
    assert catalog.find("GOOG", "60min").timeframe == "1h"


def test_find_matches_whole_symbols(s3: "S3Client", catalog: SeriesCatalog) -> None:
    BarStore(s3, BUCKET).put("GOOGL", "1w", BAR, "test")
    assert catalog.find("GOOG").timeframe == "90m"
    with pytest.raises(RunError, match=r"unknown symbol GOO \(did you mean GOOG\?\);"):
        catalog.find("GOO")


def test_symbols_that_go_on_after_a_slash_are_others(s3: "S3Client", catalog: SeriesCatalog) -> None:
    store = BarStore(s3, BUCKET)
    for symbol in ("IBM/USD", "IBM/USD:USD", "IBM/1D"):
        store.put(symbol, "1w", BAR, "test")
    assert [series.timeframe for series in catalog.find_of("IBM")] == ["1d"]
    assert (catalog.find("IBM").timeframe, catalog.find("IBM/USD").symbol) == ("1d", "IBM/USD")
    with pytest.raises(RunError, match=r"known symbols: GOOG, IBM, IBM/1D, IBM/USD, IBM/USD:USD$"):
        catalog.find("IBM/EUR")


def test_series_of_a_symbol_are_sorted_by_length(catalog: SeriesCatalog) -> None:
    assert [series.timeframe for series in catalog.find_of("GOOG")] == ["5m", "1h", "90m"]
    assert catalog.find_of("GOO") == ()


def test_series_that_was_removed_since_it_was_found_is_named(s3: "S3Client", catalog: SeriesCatalog) -> None:
    removed = False

    def remove(**_details: object) -> None:
        nonlocal removed
        if not removed:
            removed = True
            s3.delete_object(Bucket=BUCKET, Key="data/series/IBM/1d.json")

    s3.meta.events.register("before-call.s3.GetObject", remove)
    assert [series.symbol for series in catalog.list()] == ["GOOG"] * 3
    with pytest.raises(RunError, match="IBM has no 1d bars any more: they were removed"):
        catalog.get("IBM", "1d")


def test_unknown_timeframe_lists_the_known_ones_by_length(catalog: SeriesCatalog) -> None:
    with pytest.raises(RunError, match=r"GOOG has no 1d bars; it has: 5m, 1h, 90m$"):
        catalog.find("GOOG", "1d")


def test_unknown_symbol_lists_the_known_ones_once(catalog: SeriesCatalog) -> None:
    with pytest.raises(RunError, match=r"unknown symbol AAPL; known symbols: GOOG, IBM$"):
        catalog.find("AAPL")


def test_unknown_symbol_without_bars_says_how_to_load_them(s3: "S3Client") -> None:
    with pytest.raises(RunError, match="unknown symbol AAPL; no bars are loaded: see `tickfold data load`"):
        SeriesCatalog(s3, BUCKET).find("AAPL")


@pytest.mark.parametrize(("count", "end"), [(20, "S19$"), (21, "S19 and 1 more$"), (25, "S19 and 5 more$")])
def test_unknown_symbol_lists_twenty_symbols(s3: "S3Client", count: int, end: str) -> None:
    for number in range(count):
        s3.put_object(Bucket=BUCKET, Key=f"data/series/S{number:02}/1d.json", Body=b"{}")
    with pytest.raises(RunError, match=f"known symbols: S00, S01, .*{end}"):
        SeriesCatalog(s3, BUCKET).find("AAPL")


def test_symbols_are_found_across_pages(s3: "S3Client") -> None:
    for number in range(1_001):
        s3.put_object(Bucket=BUCKET, Key=f"data/series/S{number:04}/1d.json", Body=b"{}")
    with pytest.raises(RunError, match=r" and 981 more$"):
        SeriesCatalog(s3, BUCKET).find("AAPL")


def test_get_all_and_find_all_keep_the_order_of_symbols(catalog: SeriesCatalog) -> None:
    assert [series.symbol for series in catalog.find_all(["IBM", "GOOG"])] == ["IBM", "GOOG"]
    assert [series.timeframe for series in catalog.find_all(["GOOG", "GOOG"], "1h")] == ["1h", "1h"]
    assert [series.symbol for series in catalog.get_all(["GOOG", "GOOG"], "1h")] == ["GOOG", "GOOG"]


def test_find_all_reports_the_first_symbol_that_is_missing(catalog: SeriesCatalog) -> None:
    with pytest.raises(RunError, match="unknown symbol MISSING"):
        catalog.find_all(["IBM", "MISSING", "NEITHER"])
