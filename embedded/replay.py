"""Replays historical bars as if they were live: the stack's own schedules fire, at the times of then, at any speed."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from embedded.schedules import MINUTE, Schedules
from embedded.stack import EmbeddedStack
from tickfold.engine.bars import Bars
from tickfold.errors import RunError
from tickfold.market_data.bar_file import read_bar_file
from tickfold.market_data.bar_store import BarStore, encode
from tickfold.market_data.exchange_calendar import ALWAYS_OPEN, ExchangeCalendar
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import TIMEFRAME
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.providers.files import ENDINGS
from tickfold.market_data.series import utc
from tickfold.protocol.market_data import Market
from tickfold.protocol.symbol import parse_symbol

NOTHING_STORED = (
    "no minutes are stored to be replayed: name a file of them by --replay SYMBOL.csv, or store some first, by "
    "`tickfold data fetch SYMBOL --timeframe 1m --start DAY` with keys of a provider, or `tickfold data load`"
)
_STORED_SESSIONS = 5
"""Of the lake's minutes, so many sessions are replayed, the last ones."""
_AFTER_LAST = timedelta(hours=1)
"""From the last bar on, so that its session is settled and put into the lake."""


@dataclass(frozen=True)
class Recording:
    """The minutes of a symbol that are replayed: the market whose sessions they lie in, their first and their last."""

    symbol: str
    market: Market
    first: datetime
    last: datetime
    bars: int


def write_stored(lake: BarStore, folder: Path) -> None:
    """Write the last sessions of the lake's first series of minutes to a file in `folder`, in place of all there.

    Raises:
        RunError: the lake has no minutes.
    """
    series = next((each for each in lake.catalog.list() if each.timeframe == TIMEFRAME), None)
    if series is None:
        raise RunError(NOTHING_STORED)
    sessions = series.dates[-_STORED_SESSIONS:]
    bars = lake.read(series, *series.span(sessions[0], sessions[-1]))
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    (folder / f"{series.symbol.replace('/', '-')}_{TIMEFRAME}.parquet").write_bytes(encode(bars))


def recordings(path: Path) -> list[Recording]:
    """Return what the file SYMBOL.csv, or each file of a folder, has.

    Raises:
        RunError: there is nothing there, or a file does not hold minutes.
    """
    if not path.exists():
        raise RunError(f"{path} does not exist; expected a file SYMBOL.csv of minutes, or a folder of such files")
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found = [_recording(file) for file in files if file.name.lower().endswith(ENDINGS)]
    if not found:
        raise RunError(f"{path} has no files of bars; expected SYMBOL{', SYMBOL'.join(ENDINGS)}")
    return found


def _recording(file: Path) -> Recording:
    name = file.name[: -len(next(ending for ending in ENDINGS if file.name.lower().endswith(ending)))]
    try:
        symbol = parse_symbol(name.removesuffix(f"_{TIMEFRAME}").replace("-", "/"))
    except ValueError as error:
        raise RunError(f"{file}: a file is named after its symbol; {error}") from None
    bars = read_bar_file(file, TIMEFRAME).bars
    first, last = utc(int(bars.timestamp[0])), utc(int(bars.timestamp[-1]))
    return Recording(symbol, _market_of(bars), first, last, len(bars))


def _market_of(bars: Bars) -> Market:
    """Return the market whose sessions all bars lie in."""
    try:
        inside = ExchangeCalendar.named("XNYS").in_session(bars.timestamp)
    except RunError:  # before or after the calendar
        return ALWAYS_OPEN
    return "XNYS" if inside.all() else ALWAYS_OPEN


@dataclass(frozen=True)
class Replay:
    """A replay of `recordings` in a stack at `speed` times real time; 0 is as fast as the stack can."""

    stack: EmbeddedStack
    recordings: Sequence[Recording]
    speed: float
    log: Callable[[str], None]

    def run(self, stopped: threading.Event) -> None:
        """Watch the symbols, and fire their markets' schedules from their first bar to their last, until `stopped`.

        What an earlier replay has stored is left out.

        Raises:
            InvocationFailedError: a function failed.
        """
        table = self.stack.cloud.table(self.stack.outputs["bars_table"])
        for each in self.recordings:
            WatchList(table).add([each.symbol], each.market, "replay")
        start, end = self._from(HotStore(table)), max(each.last for each in self.recordings) + _AFTER_LAST
        self.log(f"replays {', '.join(_shown(each) for each in self.recordings)}")
        schedules = Schedules(self.stack.cloud, {each.market for each in self.recordings})
        pause = MINUTE.total_seconds() / self.speed if self.speed else 0.0
        for minute in schedules.due_minutes(start, end):
            if stopped.wait(pause):
                return
            schedules.fire(minute)
        self.log("the replay has ended; to replay again, start with --fresh")

    def _from(self, hot: HotStore) -> datetime:
        """Return when to begin: with the first bar, or where an earlier replay has ended."""
        states = [hot.state(each.symbol).last_time for each in self.recordings]
        stored = [time for time in states if time]
        if len(stored) == len(states):
            return min(stored) + MINUTE
        return min(each.first for each in self.recordings)


def _shown(recording: Recording) -> str:
    return f"{recording.symbol} ({recording.bars:,} minutes from {recording.first:%Y-%m-%d %H:%M} UTC)"
