"""What a replay finds in files; that it takes the path of live bars is shown by tests/e2e/test_feed.py."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from embedded.replay import recordings
from tests.market_data.feed.market import HALF_DAY, at, minutes_of
from tests.market_data.feed.recording import write_minutes
from tickfold.errors import RunError


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
