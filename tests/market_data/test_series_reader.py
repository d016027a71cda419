"""Series by window: the lake and the hot table as one, combined to as many bars as are asked for."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.aws import BARS, aws, bucket, dynamodb
from tests.backtests.lake import FIRST, load, walk
from tickfold.engine.bars import COLUMNS, Bars, join
from tickfold.errors import RunError
from tickfold.market_data.aligned_spans import AlignedSpans
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.candles import combined
from tickfold.market_data.feed.feed_state import FeedState
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import STEP, FeedBar, MinuteBar, bars_of
from tickfold.market_data.series_reader import SeriesReader
from tickfold.protocol.series import SeriesPage
from tickfold.protocol.windows import Window
from tickfold.storage.bucket import Bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

__all__ = ["aws", "bucket", "dynamodb"]

OPEN = datetime(2025, 11, 28, 14, 30, tzinfo=UTC)


@pytest.fixture
def reader(bucket: Bucket, dynamodb: "DynamoDBServiceResource") -> SeriesReader:
    return SeriesReader(BarStore(bucket.s3, bucket.name), HotStore(dynamodb.Table(BARS)))


def minutes(count: int, first: int = 0) -> list[MinuteBar]:
    return [MinuteBar(OPEN + (first + n) * STEP, 10.0 + n, 11.0 + n, 9.0 + n, 10.5 + n, 100.0) for n in range(count)]


def feed(reader: SeriesReader, bars: list[MinuteBar], compacted: int = 0) -> None:
    """Let the feed have stored `bars` of NEW."""
    state = FeedState()
    for number, bar in enumerate(bars, start=1):
        after = state.received(bar, date(2025, 11, 28)).stored(bar, date(2025, 11, 28), "files")
        after = FeedState(**vars(after) | {"revision": state.revision + 1})
        assert reader.hot.append("NEW", state, after, [FeedBar(number, bar, None, None, "files")])
        state = after
    if compacted:
        reader.hot.set_compacted("NEW", compacted)


def times(reader: SeriesReader, **window: int) -> list[int]:
    return [candle.time for candle in reader.window("NEW", "1m", Window(**window)).candles]


def test_minutes_of_the_feed_follow_those_of_the_lake(reader: SeriesReader) -> None:
    bars = minutes(12)
    reader.lake.put("NEW", "1m", bars_of(bars[:7]), "the feed")
    feed(reader, bars, compacted=5)  # as between the lake's commit and the note of it
    expected = [int(bar.time.timestamp()) * 1_000 for bar in bars]
    assert times(reader) == expected
    assert times(reader, start=expected[3], end=expected[9]) == expected[3:9]
    assert times(reader, start=expected[8]) == expected[8:]
    assert times(reader, end=expected[0]) == []


def test_minutes_of_the_feed_alone_are_a_series(reader: SeriesReader) -> None:
    feed(reader, minutes(3))
    found = reader.window("NEW", "1m", Window())
    assert (found.bars, found.bars_each) == (3, 1)
    assert found.candles[1][1:] == (11.0, 12.0, 10.0, 11.5, 100.0)


def test_combined_minutes_are_aligned_across_lake_and_feed(reader: SeriesReader) -> None:
    bars = minutes(12)
    reader.lake.put("NEW", "1m", bars_of(bars[:7]), "the feed")
    feed(reader, bars, compacted=7)
    starts = [int(bar.time.timestamp()) * 1_000 for bar in bars]
    found = reader.window("NEW", "1m", Window(start=starts[3], points=4))
    assert (found.bars, found.bars_each) == (9, 4)
    assert [candle.time for candle in found.candles] == [starts[3], starts[4], starts[8]]
    assert [candle.volume for candle in found.candles] == [100.0, 400.0, 400.0]
    assert (found.candles[1].open, found.candles[1].close) == (14.0, 17.5)


def test_window_of_days_is_what_lies_in_it(reader: SeriesReader, bucket: Bucket) -> None:
    bars = walk(1)
    load(bucket, "WALK", bars)
    milliseconds = bars.timestamp // 1_000
    window = Window(start=int(milliseconds[100]), end=int(milliseconds[400]) + 1, points=5_000)
    found = reader.window("WALK", "1d", window)
    assert [candle.time for candle in found.candles] == milliseconds[100:401].tolist()
    assert [candle.close for candle in found.candles] == bars.close[100:401].tolist()


@pytest.mark.parametrize(("symbol", "timeframe"), [("WALK", "1h"), ("WALL", "1d"), ("WALL", "1m")])
def test_series_that_is_not_there_is_not_found(
    reader: SeriesReader, bucket: Bucket, symbol: str, timeframe: str
) -> None:
    load(bucket, "WALK", walk(1))
    with pytest.raises(RunError, match="WALK") as refused:
        reader.window(symbol, timeframe, Window())
    assert refused.value.code == "not_found"


def test_series_are_listed_by_page(reader: SeriesReader, bucket: Bucket) -> None:
    for symbol in ("C", "A", "B/D", "B"):
        load(bucket, symbol, walk(1, 30))
    pages = [reader.list(SeriesPage(limit=3))]
    pages.append(reader.list(SeriesPage(limit=3, after=pages[0].next)))
    assert [each.symbol for page in pages for each in page.series] == ["A", "B", "B/D", "C"]
    assert pages[1].next is None
    first = pages[0].series[0]
    assert (first.timeframe, first.bars, first.first, first.adjustment) == ("1d", 30, FIRST // 1_000, None)


@given(st.integers(1, 300), st.integers(1, 50), st.integers(0, 100), st.integers(0, 5))
def test_candles_are_their_bars(count: int, most: int, start: int, seed: int) -> None:
    bars = walk(seed, count)
    spans = AlignedSpans.covering(start, start + count, most)
    candles = combined(bars, spans)
    assert len(candles) <= most
    pieces = np.split(np.arange(count), spans.edges[1:])
    expected = [
        Bars(
            timestamp=bars.timestamp[piece[:1]],
            open=bars.open[piece[:1]],
            high=bars.high[piece].max(keepdims=True),
            low=bars.low[piece].min(keepdims=True),
            close=bars.close[piece[-1:]],
            volume=bars.volume[piece].sum(keepdims=True),
        )
        for piece in pieces
    ]
    for name in COLUMNS:
        assert getattr(candles, name).tolist() == getattr(join(expected), name).tolist()
