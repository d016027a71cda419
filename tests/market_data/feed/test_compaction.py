"""Compaction: the lake and the hot table together have each bar once, whatever was in either and whatever failed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from botocore.model import OperationModel
from numpy.testing import assert_array_equal

from tests.market_data.feed.market import HALF_DAY, MONDAY, Market, at, minutes_of, without
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.feed.compaction import KEPT, Compaction
from tickfold.market_data.feed.feed import Feed
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import Watched
from tickfold.storage.bucket import Bucket

GOOG = Watched("GOOG", "XNYS")
OPEN, CLOSE = at("2025-11-28T14:30"), at("2025-11-28T18:00")
LATER = CLOSE + timedelta(hours=2)
MINUTE = timedelta(minutes=1)


def feed(hot: HotStore, bars: Bars, minutes: int) -> None:
    Feed(hot, Market(bars)).tick(GOOG, OPEN + minutes * MINUTE)


def assert_lake_has(lake: BarStore, expected: Bars) -> None:
    series = lake.catalog.get("GOOG", "1m")
    found = lake.read(series, 0, series.bars)
    for name in COLUMNS:
        assert_array_equal(getattr(found, name), getattr(expected, name), name)


def test_bars_of_the_hot_table_are_appended_to_the_lake(hot: HotStore, lake: BarStore) -> None:
    bars = minutes_of(HALF_DAY)
    feed(hot, bars, 30)
    compaction = Compaction(hot, lake)
    assert compaction.compact("GOOG", LATER) == 30
    assert_lake_has(lake, bars[:30])
    assert lake.catalog.get("GOOG", "1m").source == "exchange"
    feed(hot, bars, 50)
    assert compaction.compact("GOOG", LATER) == 20
    assert_lake_has(lake, bars[:50])


def test_compaction_without_new_bars_writes_nothing(hot: HotStore, lake: BarStore) -> None:
    feed(hot, minutes_of(HALF_DAY), 30)
    compaction = Compaction(hot, lake)
    compaction.compact("GOOG", LATER)
    before = lake.catalog.get("GOOG", "1m")
    assert compaction.compact("GOOG", LATER) == 0
    assert lake.catalog.get("GOOG", "1m") == before


def test_symbol_without_bars_compacts_to_nothing(hot: HotStore, lake: BarStore) -> None:
    assert Compaction(hot, lake).compact("GOOG", LATER) == 0
    assert lake.catalog.list() == []


def test_bars_that_begin_later_stay(hot: HotStore, lake: BarStore) -> None:
    bars = minutes_of(HALF_DAY)
    feed(hot, bars, 30)
    assert Compaction(hot, lake).compact("GOOG", OPEN + 10 * MINUTE) == 10
    assert hot.state("GOOG").compacted == 10
    assert_lake_has(lake, bars[:10])


def test_bars_that_a_load_brought_meanwhile_are_not_doubled(hot: HotStore, lake: BarStore) -> None:
    bars, elsewhere = minutes_of(HALF_DAY), minutes_of(HALF_DAY, seed=8)
    lake.put("GOOG", "1m", elsewhere[:20], "a file")
    feed(hot, bars, 30)
    assert Compaction(hot, lake).compact("GOOG", LATER) == 10
    assert_lake_has(lake, Bars.concatenate([elsewhere[:20], bars[20:30]]))


def test_compaction_that_failed_half_way_is_done_again(hot: HotStore, lake: BarStore) -> None:
    bars = minutes_of(HALF_DAY)
    feed(hot, bars, 30)
    lake.put("GOOG", "1m", bars[:30], "exchange")  # the lake was written, and nothing noted
    assert Compaction(hot, lake).compact("GOOG", LATER) == 0
    assert hot.state("GOOG").compacted == 30
    assert_lake_has(lake, bars[:30])


def test_ticks_go_on_after_compaction(hot: HotStore, lake: BarStore) -> None:
    bars = minutes_of(HALF_DAY)
    source = Market(bars, page=5)
    compaction = Compaction(hot, lake)
    source.after_page[1] = lambda: compaction.compact("GOOG", LATER)
    Feed(hot, source).tick(GOOG, OPEN + 30 * MINUTE)
    assert hot.state("GOOG").sequence == 30
    compaction.compact("GOOG", LATER)
    assert_lake_has(lake, bars[:30])


def test_compactions_of_an_unfinished_session_cover_it_without_a_gap(hot: HotStore, lake: BarStore) -> None:
    untraded = [*range(10), *range(25, 35)]
    bars = without(minutes_of(HALF_DAY), untraded)
    compaction = Compaction(hot, lake)
    for minutes in (15, 31, 40):
        feed(hot, bars, minutes)
        compaction.append("GOOG")
    series = lake.catalog.get("GOOG", "1m")
    assert_lake_has(lake, bars[:20])
    assert series.coverage == [(OPEN + 10 * MINUTE, OPEN + 40 * MINUTE)]


def test_series_that_the_feed_begins_is_as_traded_and_one_that_was_loaded_stays(hot: HotStore, lake: BarStore) -> None:
    bars = minutes_of(HALF_DAY)
    feed(hot, bars, 30)
    Compaction(hot, lake).append("GOOG")
    assert lake.catalog.get("GOOG", "1m").adjustment == "raw"
    lake.put("GOOG", "1m", bars[:20], "a file", replace=True)
    feed(hot, bars, 40)
    Compaction(hot, lake).append("GOOG")
    series = lake.catalog.get("GOOG", "1m")
    assert (series.adjustment, series.source) == (None, "a file, exchange")


def test_compactions_at_once_put_each_bar_into_the_lake_once(hot: HotStore, lake: BarStore) -> None:
    bars = minutes_of(HALF_DAY)
    feed(hot, bars, 30)
    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(Compaction(hot, lake).append, ["GOOG"] * 4))
    assert 30 in added
    assert_lake_has(lake, bars[:30])
    assert hot.state("GOOG").compacted == 30


def test_compaction_takes_few_calls_and_none_of_the_lake_without_new_bars(
    hot: HotStore, lake: BarStore, bucket: Bucket
) -> None:
    bars = minutes_of(HALF_DAY)
    compaction = Compaction(hot, lake)
    feed(hot, bars, 30)
    compaction.append("GOOG")
    feed(hot, bars, 60)
    calls = list[str]()

    def note(model: OperationModel, **_others: object) -> None:
        calls.append(model.name)

    bucket.s3.meta.events.register("before-call.s3", note)
    try:
        compaction.append("GOOG")
        assert sorted(calls) == ["GetObject", "GetObject", "GetObject", "HeadObject", "PutObject", "PutObject"]
        calls.clear()
        compaction.append("GOOG")
        assert calls == []
    finally:
        bucket.s3.meta.events.unregister("before-call.s3", note)


def test_rows_are_deleted_once_the_lake_has_them_for_long(hot: HotStore, lake: BarStore) -> None:
    bars = minutes_of(HALF_DAY, MONDAY)
    feed(hot, bars, 210)
    Feed(hot, Market(bars)).tick(GOOG, at("2025-12-01T15:00"))
    compaction = Compaction(hot, lake)
    compaction.compact("GOOG", LATER + timedelta(days=4))
    assert len(list(hot.bars_after("GOOG", 0))) == 240
    compaction.compact("GOOG", CLOSE + KEPT)
    assert [each.sequence for each in hot.bars_after("GOOG", 0)] == list(range(211, 241))
    assert_lake_has(lake, bars[:240])


def test_rows_that_the_lake_does_not_take_are_kept(hot: HotStore, bucket: Bucket) -> None:
    feed(hot, minutes_of(HALF_DAY), 30)
    with pytest.raises(bucket.s3.exceptions.NoSuchBucket):
        Compaction(hot, BarStore(bucket.s3, "removed")).compact("GOOG", LATER + timedelta(days=30))
    assert len(list(hot.bars_after("GOOG", 0))) == 30
    assert hot.state("GOOG").compacted == 0
