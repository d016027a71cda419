"""`python -m benchmarks.feed`, a part of `make bench`: what a symbol's feed costs and how fast its bars arrive.

The calls of a tick are counted, over a session on DynamoDB in this process; the rest of the cost is a model of prices.
Times are of the embedded stack on this machine, so they show what Tickfold adds, not AWS's own network.
"""

import json
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from moto import mock_aws
from rich.console import Console
from rich.table import Table
from websockets.sync.client import connect

from embedded.stack import EmbeddedStack
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.exchange_calendar import ExchangeCalendar
from tickfold.market_data.feed.feed import Feed
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.history import History
from tickfold.market_data.history_range import Wanted
from tickfold.market_data.providers.failover import Failover
from tickfold.market_data.providers.files import Files

SYMBOL = "MADEUP"
MINUTES_A_MONTH = 8_128
"""Session minutes of a month of 2026, on average."""
SESSIONS_A_MONTH = 21
TICKS_A_SESSION = 29 + 360 + 16
COMPACTIONS_A_SESSION = 7
CHEAP, DEAR = 4, 2
"""GET and HEAD, and PUT requests of a compaction, as its test counts them."""
YEAR_GIGABYTES = 0.6e-3
"""Of a year's minutes, on average over the year: each compaction keeps the version before."""
READ, WRITE = 0.125e-6, 0.625e-6
GIGABYTE_SECOND, REQUEST = 0.0000133334, 0.2e-6
GET, PUT, STORED_GIGABYTE = 0.4e-6, 5e-6, 0.023
SECRET, MESSAGE, EVENT, LOG_GIGABYTE = 0.40, 1e-6, 1e-6, 0.50
METRIC, ALARM = 0.30, 0.10
BYTES_LOGGED = 2_000
"""Of an invocation: three lines, and the metrics."""
FUNCTIONS = {
    # Invocations a month, seconds and gigabytes of each; a tick waits for its provider.
    "tick": (TICKS_A_SESSION * SESSIONS_A_MONTH, 1.0, 0.5),
    "deliver": (MINUTES_A_MONTH, 0.1, 1.73),
    "trade": (MINUTES_A_MONTH, 0.3, 1.73),
    "evaluate": (MINUTES_A_MONTH, 0.1, 1.73),
    "check-feed": (12 * 24 * 30, 0.2, 0.5),
    "check-silence": (12 * 24 * 30, 0.2, 0.5),
    "compact": (COMPACTIONS_A_SESSION * SESSIONS_A_MONTH, 2.0, 1.73),
}
FREE_METRICS, FREE_ALARMS, METRICS, ALARMS = 10, 10, 5, 2
LATENCIES = 120
INGESTED_DAYS = 500


@dataclass(frozen=True)
class Cost:
    """A line of the bill, in dollars a month; `free` of it is within the free tiers."""

    name: str
    dollars: float
    free: float = 0.0


def minutes(days: int) -> Bars:
    """Return made-up minutes of so many days up to the last session of 2025."""
    calendar = ExchangeCalendar.named("XNYS")
    end = datetime(2025, 12, 31, 22, tzinfo=UTC)
    times = calendar.minutes(end - timedelta(days=days), end)
    close = 100 + np.cumsum(np.random.default_rng(7).integers(-9, 10, len(times))) / 100
    close += 1 - min(close.min(), 1)
    return Bars(times, close, close + 0.05, close - 0.05, close, np.full(len(times), 100.0))


def write_csv(bars: Bars, folder: Path) -> Path:
    frame = pd.DataFrame({name: getattr(bars, name) for name in COLUMNS})
    frame = frame.assign(timestamp=pd.to_datetime(frame.timestamp, unit="us", utc=True))
    file = folder / f"{SYMBOL}.csv"
    frame.rename(columns={"timestamp": "time"}).to_csv(file, index=False)
    return file


# --- cost ------------------------------------------------------------------------------------------------------------


def counted_calls(folder: Path) -> Counter[str]:
    """Return DynamoDB's calls in a session that ticks each minute, and the items of its transactions."""
    counts = Counter[str]()

    def count(params: dict[str, Any], model: Any, **_event: object) -> None:
        counts[model.name] += 1
        counts["written in transactions"] += len(params.get("TransactItems", []))

    with mock_aws():
        dynamodb = boto3.resource("dynamodb", region_name="us-east-1")
        keys: Any = [{"AttributeName": "series", "KeyType": "HASH"}, {"AttributeName": "entry", "KeyType": "RANGE"}]
        attributes: Any = [{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys]
        table = dynamodb.create_table(
            TableName="bars", KeySchema=keys, AttributeDefinitions=attributes, BillingMode="PAY_PER_REQUEST"
        )
        WatchList(table).add([SYMBOL], "XNYS", "bench")
        feed, session = Feed(HotStore(table), Failover([Files(folder)])), datetime(2025, 12, 24, 14, 30, tzinfo=UTC)
        table.meta.client.meta.events.register("before-parameter-build.dynamodb", count)
        for minute in range(1, 226):  # a half day, and its quarter of an hour of grace
            for watched in WatchList(table).all():
                feed.tick(watched, session + timedelta(minutes=minute))
    return counts


def costs(counts: Counter[str]) -> Iterator[Cost]:
    """Yield the lines of a month's bill."""
    sessions = MINUTES_A_MONTH / 210  # of the half day that was counted
    reads = counts["Query"] + counts["GetItem"]
    writes = 2 * counts["written in transactions"]  # a transaction is charged twice
    yield Cost("DynamoDB, writes", writes * sessions * WRITE)
    yield Cost("DynamoDB, reads", reads * sessions * READ)
    for name, (invocations, seconds, gigabytes) in FUNCTIONS.items():
        dollars = invocations * (seconds * gigabytes * GIGABYTE_SECOND + REQUEST)
        yield Cost(f"Lambda, {name}", dollars, dollars)
    logged = sum(invocations for invocations, _, _ in FUNCTIONS.values()) * BYTES_LOGGED / 1e9 * LOG_GIGABYTE
    yield Cost("CloudWatch, logs", logged, logged)
    compactions = COMPACTIONS_A_SESSION * SESSIONS_A_MONTH
    yield Cost("S3, compactions", compactions * (CHEAP * GET + DEAR * PUT))
    yield Cost("S3, versions of a year", 12 * compactions * YEAR_GIGABYTES * STORED_GIGABYTE)
    yield Cost("CloudWatch, metrics", METRICS * METRIC, min(METRICS, FREE_METRICS) * METRIC)
    yield Cost("CloudWatch, alarms", ALARMS * ALARM, min(ALARMS, FREE_ALARMS) * ALARM)
    yield Cost("Secrets Manager, one secret", SECRET)
    yield Cost("EventBridge, events of bars", MINUTES_A_MONTH * EVENT)
    yield Cost("WebSocket, one subscriber", MINUTES_A_MONTH * MESSAGE)


# --- times -----------------------------------------------------------------------------------------------------------


def latencies(stack: EmbeddedStack) -> list[float]:
    """Return the milliseconds from a tick's invocation to its bar in the subscriber's socket."""
    WatchList(stack.cloud.table(stack.outputs["bars_table"])).add([SYMBOL], "XNYS", "bench")
    invoke = stack.client("lambda").invoke
    open_, taken = datetime(2025, 12, 29, 14, 30, tzinfo=UTC), list[float]()
    with connect(f"{stack.outputs['websocket_url']}?token={stack.token()}", max_size=40_000) as socket:
        for minute in range(LATENCIES + 5):
            event = {"scheduled_time": (open_ + timedelta(minutes=minute + 1)).isoformat()}
            if minute == 1:
                socket.send(json.dumps({"type": "subscribe", "topic": "symbol", "id": SYMBOL, "after": 1}))
                socket.recv(timeout=30)
            began = time.perf_counter()
            tick = threading.Thread(
                target=invoke, kwargs={"FunctionName": "tickfold-embedded-tick:live", "Payload": json.dumps(event)}
            )
            tick.start()
            if minute:
                socket.recv(timeout=30)
                taken.append(1_000 * (time.perf_counter() - began))
            tick.join()
    return taken[-LATENCIES:]  # without those that started workers


def ingests(stack: EmbeddedStack, folder: Path, file: Path) -> tuple[float, float]:
    """Return the bars a second of a fetch from files into the lake, and of pandas and pyarrow alone."""
    end = datetime(2026, 1, 1, tzinfo=UTC)
    wanted = Wanted(SYMBOL, "1m", end - timedelta(days=INGESTED_DAYS), end, ExchangeCalendar.named("XNYS"))
    lake = BarStore(stack.client("s3"), stack.outputs["bucket"])
    began = time.perf_counter()
    filled = History(lake, Failover([Files(folder)]), most_bars=1_000_000).fill(wanted, datetime.now(UTC))
    ours = filled.added / (time.perf_counter() - began)
    began = time.perf_counter()
    frame = pd.read_csv(file, parse_dates=["time"])
    pq.write_table(pa.Table.from_pandas(frame), folder / "peer.parquet")
    return ours, len(frame) / (time.perf_counter() - began)


def main() -> int:
    console = Console()
    with TemporaryDirectory() as directory:
        folder = Path(directory)
        file = write_csv(minutes(INGESTED_DAYS), folder)
        bill = list(costs(counted_calls(folder)))
        providers = json.dumps([{"name": "files", "path": str(folder)}])
        with EmbeddedStack(settings={"providers": providers}) as stack:
            taken = latencies(stack)
            ours, peer = ingests(stack, folder, file)
    shown = Table("a symbol's month", "dollars", "beyond free tiers", box=None, pad_edge=False)
    for line in (*bill, Cost("together", sum(each.dollars for each in bill), sum(each.free for each in bill))):
        shown.add_row(line.name, f"{line.dollars:.3f}", f"{line.dollars - line.free:.3f}")
    console.print(shown)
    ordered = sorted(taken)
    p99 = ordered[int(len(ordered) * 0.99) - 1]
    console.print(f"tick invoked to bar in the socket: median {statistics.median(taken):.0f} ms, p99 {p99:.0f} ms")
    console.print(
        f"history ingest: {ours:,.0f} bars a second, end to end; pandas and pyarrow alone {peer:,.0f}: "
        f"{peer / ours:.1f} times"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
