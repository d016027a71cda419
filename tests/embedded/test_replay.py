"""What a replay finds in files; that it takes the path of live bars is shown by tests/e2e/test_feed.py."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from embedded.replay import recordings, write_stored
from embedded.up import up
from tests.aws import aws, bucket
from tests.market_data.feed.market import HALF_DAY, at, minutes_of
from tests.market_data.feed.recording import write_minutes
from tickfold.engine.bars import COLUMNS
from tickfold.errors import RunError
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.providers.files import Files
from tickfold.market_data.providers.provider import BarRequest
from tickfold.storage.bucket import Bucket

__all__ = ["aws", "bucket"]


@pytest.fixture
def lake(bucket: Bucket) -> BarStore:
    return BarStore(bucket.s3, bucket.name)


def test_folder_has_a_recording_for_each_file(tmp_path: Path) -> None:
    bars = minutes_of(HALF_DAY)
    write_minutes(tmp_path / "GOOG.csv", bars)
    write_minutes(tmp_path / "BTC-USD_1m.csv", bars)
    (tmp_path / "notes.md").write_text("not bars")
    found = {each.symbol: each for each in recordings(tmp_path)}
    assert found.keys() == {"GOOG", "BTC/USD"}
    assert (found["GOOG"].first, found["GOOG"].bars) == (at("2025-11-28T14:30"), 210)
    assert found["GOOG"].last == found["GOOG"].first + timedelta(minutes=209)


def test_minutes_outside_of_sessions_are_of_a_market_that_never_closes(tmp_path: Path) -> None:
    bars = minutes_of(HALF_DAY)
    write_minutes(tmp_path / "IN.csv", bars)
    write_minutes(tmp_path / "OUT.csv", replace(bars, timestamp=bars.timestamp - np.int64(3_600_000_000)))
    assert [each.market for each in recordings(tmp_path)] == ["XNYS", "24/7"]


def test_last_sessions_of_the_first_series_of_minutes_are_replayed(lake: BarStore, tmp_path: Path) -> None:
    days = [date(2025, 11, day) for day in (20, 21, 24, 25, 26, 28)]
    bars = minutes_of(*days)
    lake.put("BTC/USD", "1d", bars[:1], "a file")
    for symbol in ("BTC/USD", "GOOG"):
        lake.put(symbol, "1m", bars, "a file")
    (tmp_path / "OLD.csv").write_text("of an earlier replay")
    write_stored(lake, tmp_path)
    (found,) = recordings(tmp_path)
    assert (found.symbol, found.first, found.last) == ("BTC/USD", at("2025-11-21T14:30"), at("2025-11-28T17:59"))
    request = BarRequest("BTC/USD", "1m", found.first, found.last + timedelta(minutes=1))
    (page,) = Files(tmp_path).bars(request)
    for name in COLUMNS:
        assert_array_equal(getattr(page, name), getattr(bars[390:], name), name)


def test_lake_without_minutes_says_where_to_get_some(lake: BarStore, tmp_path: Path) -> None:
    lake.put("GOOG", "1d", minutes_of(HALF_DAY)[:1], "a file")
    with pytest.raises(RunError, match=r"no minutes are stored .* --replay SYMBOL.csv, .*`tickfold data fetch"):
        write_stored(lake, tmp_path)


def test_replay_without_minutes_is_refused_before_the_stack_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKFOLD_STATE_DIR", str(tmp_path))
    lines = list[str]()
    with pytest.raises(RunError, match="no minutes are stored"):
        up(0, lines.append, replays=True)
    assert lines == []


@pytest.mark.parametrize(
    ("name", "reason"), [("missing", "does not exist; expected a file"), (".", "has no files of bars; expected SYMBOL")]
)
def test_nothing_to_replay_says_what_is_expected(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(RunError, match=reason):
        recordings(tmp_path / name)


def test_file_of_days_is_refused(tmp_path: Path) -> None:
    rows = "\n".join(f"2025-11-{day:02d},10,11,9,10,100" for day in range(3, 8))
    (tmp_path / "GOOG.csv").write_text(f"time,open,high,low,close,volume\n{rows}\n")
    with pytest.raises(RunError, match="1d"):
        recordings(tmp_path)
