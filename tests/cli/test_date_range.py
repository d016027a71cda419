"""A range of which one day is given: the other one is the series' own, and no message says that it was given."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.cli.conftest import BUCKET, Command
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import MICROSECONDS_PER_DAY
from tickfold.market_data.bar_store import BarStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HAS = "GOOG has 5 1d bars from 1970-01-02 to 1970-01-06\n"


@pytest.fixture(autouse=True)
def _loaded(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> None:
    close = np.full(5, 10.0)
    times = MICROSECONDS_PER_DAY * np.arange(1, 6)
    BarStore(s3, BUCKET).put("GOOG", "1d", Bars(times, close, close, close, close, close), "five days")
    monkeypatch.setenv("TICKFOLD_WEBSOCKET_URL", "ws://127.0.0.1:1/nobody")
    monkeypatch.setenv("TICKFOLD_TOKEN", "a.b.c")


@pytest.mark.parametrize("command", [("run",), ("sweep", "--strategy", "sma_cross")], ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--start", "2020-01-01"), f"tickfold: --start 2020-01-01 is after the last bar: {HAS}"),
        (("--end", "1969-12-31"), f"tickfold: --end 1969-12-31 is before the first bar: {HAS}"),
        (
            ("--start", "1970-01-05", "--end", "1970-01-03"),
            "tickfold: --end 1970-01-03 is before --start 1970-01-05\n",
        ),
    ],
)
def test_day_beyond_the_bars_is_told_with_their_range(
    tickfold: Command, command: tuple[str, ...], option: tuple[str, ...], told: str
) -> None:
    ended = tickfold(*command, "--symbol", "goog", *option)
    assert (ended.status, ended.stdout, ended.stderr) == (2, "", told)


@pytest.mark.parametrize("option", [(), ("--start", "1970-01-06"), ("--end", "1970-01-02")])
def test_day_within_the_bars_is_sent(tickfold: Command, option: tuple[str, ...]) -> None:
    assert "cannot connect to" in tickfold("run", "--symbol", "goog", *option).stderr
