"""A run of a hundred million bars, and workers that are killed while they fold: each ends as a single pass does.

The single pass is made here, block by block, from bars that are made anew each time.
"""

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedded import record
from embedded.cloud import Cloud
from tests.soak.kept_stack import TICKFOLD, up
from tickfold.backtests.results import defined
from tickfold.backtests.run_store import RunStore
from tickfold.engine.accounting.account import Account
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import SessionCalendar
from tickfold.engine.carried_run import CarriedRun
from tickfold.engine.decisions.automaton import decide
from tickfold.engine.decisions.exits import StopLoss
from tickfold.engine.decisions.orders import Orders
from tickfold.engine.decisions.signal_events import signal_events
from tickfold.engine.signals import Signals
from tickfold.market_data.bar_store import BarStore
from tickfold.storage import layout, parquet
from tickfold.storage.bucket import Bucket
from tickfold.strategies import BUILT_IN

LONG_BARS = int(os.environ.get("TICKFOLD_SOAK_BARS", "100000000"))
KILLED_BARS, KILLS = 4_000_000, 10
MOST_BYTES = 1_500_000_000
"""That any process may have at its peak, this one included."""
SECONDS = 3_600
BLOCK = 500_000
CALENDAR = SessionCalendar(week=7)
STRATEGY = BUILT_IN.create("sma_cross", {"fast": 20, "slow": 90})
ORDERS = Orders(exits=(StopLoss(0.02),))
TERMS = ["--strategy=sma_cross", "--param=fast=20", "--param=slow=90", "--stop-loss=2%", "--capital=1000000", "--json"]


def minutes_of(year: int, most: int) -> Bars:
    """Return the minutes of a year, at most so many: a random walk around 100 dollars, in cents."""
    begin, end = (np.datetime64(f"{each}-01-01", "us") for each in (year, year + 1))
    times = np.arange(begin, end, np.timedelta64(1, "m"))[:most].astype(np.int64)
    rng = np.random.default_rng(year)
    close = 10_000 + np.abs(rng.integers(-20, 21, len(times)).cumsum()) % 10_000
    open_ = np.concatenate([close[:1], close[:-1]])
    high, low = np.maximum(open_, close) + 5, np.minimum(open_, close) - 5
    prices = {"open": open_, "high": high, "low": low, "close": close}
    dollars = {name: cents / 100 for name, cents in prices.items()}
    return Bars(times, **dollars, volume=np.full(len(times), 100.0), decimals=2, calendar=CALENDAR)


def years(bars: int) -> Iterator[Bars]:
    """Yield so many minutes from 1970 on, year by year."""
    year = 1970
    while bars:
        some = minutes_of(year, bars)
        yield some
        year, bars = year + 1, bars - len(some)


def single_pass(bars: int) -> tuple[dict[str, Any], str]:
    """Return the metrics of a single pass, as a result has them, and a checksum of its curve."""
    run, curve, seen = CarriedRun.start(Account(1e6), ORDERS, CALENDAR), sha256(), 0
    before: Bars | None = None
    for year in years(bars):
        for first in range(0, len(year), BLOCK):
            block = year[first : first + BLOCK]
            seen += len(block)
            decisions = decide(block, signal_events(_signals(before, block), ORDERS.direction), ORDERS)
            posted = run.post(block, decisions, run.market.update(block.close), last=seen == bars)
            curve.update(posted.equity.tobytes())
            before = block[-STRATEGY.lookback :]
    return defined(run.metrics().as_dict()), curve.hexdigest()


def _signals(before: Bars | None, block: Bars) -> Signals:
    """Return the signals of `block`, of which `before` has the warm-up."""
    if before is None:
        return STRATEGY.signals(block)
    seen = Bars.concatenate([before, block])
    return STRATEGY.signals(seen)[len(before) :]


class Lake:
    """The data of the running stack."""

    def __init__(self) -> None:
        found = record.read()
        assert found is not None
        cloud = Cloud(found.endpoint_url)
        self._bucket = Bucket(cloud.client("s3"), found.outputs["bucket"])
        self._runs = RunStore(cloud.table(found.outputs["runs_table"]))

    def load(self, symbol: str, bars: int) -> None:
        """Store so many minutes, year by year: a file of all of them would be as large as they are."""
        store = BarStore(self._bucket.s3, self._bucket.name)
        for year in years(bars):
            store.put(symbol, "1m", year, "a random walk", calendar=CALENDAR)

    def curve(self, result: dict[str, Any]) -> str:
        """Return the checksum of the equity of a run's files."""
        found = sha256()
        for part in range(result.get("parts", 1)):
            body = self._bucket.get(layout.equity_key(result["run_id"], part))
            found.update(parquet.decode(body, {"equity": np.float64})["equity"].tobytes())
        return found.hexdigest()

    def chunks_before_the_curve(self, run_id: str) -> tuple[int, int]:
        """Return how many chunks were done when the first points of the equity were sent, and how many there are."""
        messages = [json.loads(body) for body in self._runs.messages_after(run_id, 0)]
        first = next(place for place, message in enumerate(messages) if message["type"] == "partial")
        done = [message["chunksDone"] for message in messages[:first] if message["type"] == "progress"]
        (chunks,) = (message["chunks"] for message in messages if message["type"] == "planned")
        return max(done, default=0), chunks


class Children:
    """The processes of a stack, found under /proc."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self.peak = 0

    def pids(self) -> list[int]:
        """Return the parent and all its descendants."""
        parents: dict[int, int] = {}
        for each in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = each.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            parents[int(each.parent.name)] = int(fields[1])
        found = [self._parent]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def workers(self, function: str) -> list[int]:
        """Return the workers of a function."""
        return [pid for pid in self.pids() if f"-embedded-{function}-" in _read(pid, "cmdline")]

    def watch(self, stop: threading.Event) -> None:
        """Keep the largest peak of any process in `peak`, in bytes, until told to stop."""
        while not stop.wait(0.5):
            for pid in self.pids():
                for line in _read(pid, "status").splitlines():
                    if line.startswith("VmHWM:"):
                        self.peak = max(self.peak, int(line.split()[1]) * 1_024)


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""  # it has ended


@contextmanager
def begun(symbol: str) -> Iterator["subprocess.Popen[str]"]:
    """Run over all bars of `symbol` from the command line."""
    command = [str(TICKFOLD), "run", "--symbol", symbol, "--timeframe", "1m", *TERMS]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def result_of(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """Wait for the run to end; return its document."""
    output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, output + errors
    document: dict[str, Any] = json.loads(output)
    return document


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    """The processes of a running stack that keeps its data on disk; what they need at most is watched."""
    monkeypatch.setenv("TICKFOLD_STATE_DIR", str(tmp_path / "state"))
    with up(tmp_path / "up.log") as stack:
        found, stop = Children(stack.pid), threading.Event()
        watcher = threading.Thread(target=found.watch, args=[stop])
        watcher.start()
        try:
            yield found
        finally:
            stop.set()
            watcher.join()


@pytest.mark.soak
def test_hundred_million_bars_end_as_a_single_pass_in_bounded_memory(children: Children) -> None:
    lake = Lake()
    lake.load("LONG", LONG_BARS)
    started = time.monotonic()
    with begun("LONG") as process:
        result = result_of(process)
    seconds, megabytes = time.monotonic() - started, children.peak / 1e6
    print(f"\n{LONG_BARS:,} bars in {seconds:.0f} s, the largest process {megabytes:,.0f} MB")
    metrics, curve = single_pass(LONG_BARS)
    assert result["bars"] == LONG_BARS
    assert result["metrics"] == metrics
    assert lake.curve(result) == curve
    assert children.peak < MOST_BYTES
    done, chunks = lake.chunks_before_the_curve(result["run_id"])
    print(f"the first of the curve was sent when {done} of {chunks} chunks were done")
    assert done < chunks / 2


@pytest.mark.soak
def test_run_whose_folding_workers_are_killed_ends_as_a_single_pass(children: Children) -> None:
    lake, chance = Lake(), random.Random(20261126)  # noqa: S311 - when to kill is no secret
    lake.load("KILLED", KILLED_BARS)
    metrics, curve = single_pass(KILLED_BARS)
    killed = 0
    for _ in range(3 * KILLS):  # some runs have ended before their turn
        with begun("KILLED") as process:
            killed += kill_one(children, process, chance.uniform(0, 1))
            result = result_of(process)
        assert result["metrics"] == metrics
        assert lake.curve(result) == curve
        if killed == KILLS:
            break
    assert killed == KILLS


def kill_one(children: Children, process: "subprocess.Popen[str]", seconds: float) -> bool:
    """Kill a worker that folds, so many seconds after the first is at work; return whether there was one."""
    while process.poll() is None and not any(_is_busy(pid) for pid in children.workers("reduce")):
        time.sleep(0.02)
    time.sleep(seconds)
    while process.poll() is None:
        for pid in children.workers("reduce"):
            if _is_busy(pid):
                os.kill(pid, signal.SIGKILL)
                return True
        time.sleep(0.02)
    return False


def _is_busy(pid: int) -> bool:
    """Return whether a process has used the processor just now."""

    def ticks() -> int:
        fields = _read(pid, "stat").rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) if fields else 0

    before = ticks()
    time.sleep(0.1)
    return ticks() - before > 1
