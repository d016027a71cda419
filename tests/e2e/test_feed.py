"""The feed end to end: a replayed session is the same in the hot table, in the lake and in what subscribers got."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from embedded.replay import Recording, Replay, recordings
from embedded.stack import EmbeddedStack
from tests.conftest import url_for
from tests.e2e.faulty_proxy import DYNAMODB, LOST, Fault, Request, between
from tests.e2e.release import deployed
from tests.e2e.websocket_client import SMA, Json, WebSocketClient, connected, start
from tests.market_data.feed.market import HALF_DAY, MONDAY, minutes_of
from tests.market_data.feed.recording import write_minutes
from tests.market_data.sinks.conftest import Database, database, server
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.minute_bar import bars_of
from tickfold.market_data.feed.watch_list import WatchList

__all__ = ["database", "server"]

TICK, COMPACT, CHECK_FEED = (f"tickfold-embedded-{name}:live" for name in ("tick", "compact", "check-feed"))
RULE = {"timeframe": "1m", "parameters": {"fast": 2, "slow": 5}}
DAY = {"startDate": "2025-11-28", "endDate": "2025-11-28"}
SILENCE = "tickfold-embedded-SilentSessionMinutes"
SECONDS = 60


@pytest.fixture
def recording(stack: EmbeddedStack, replayed: Path) -> Iterator[tuple[Recording, Bars]]:
    """A half day of a new symbol, and its first hour of the next session."""
    bars = minutes_of(HALF_DAY, MONDAY)[:270]
    file = replayed / f"F{secrets.token_hex(3).upper()}.csv"
    write_minutes(file, bars)
    (recording,) = recordings(file)
    yield recording, bars
    WatchList(stack.cloud.table(stack.outputs["bars_table"])).remove([recording.symbol])
    file.unlink()


@contextmanager
def replaying(stack: EmbeddedStack, recording: Recording) -> Iterator[None]:
    """Replay as fast as the stack can, beside the block."""
    with ThreadPoolExecutor(1) as pool:
        replay = pool.submit(Replay(stack, [recording], 0, lambda _line: None).run, threading.Event())
        yield
        replay.result()


def frame_of(bars: Bars) -> pd.DataFrame:
    """Return the bars with the indicators that pandas computes over all of them at once."""
    frame = pd.DataFrame({name: getattr(bars, name) for name in COLUMNS})
    session = frame.timestamp // 86_400_000_000
    typical = (frame.high + frame.low + frame.close) / 3
    vwap = (typical * frame.volume).groupby(session).cumsum() / frame.volume.groupby(session).cumsum()
    return frame.assign(sma9=frame.close.rolling(9).mean(), vwap=vwap)


def assert_equal(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Assert that bars are equal to the last bit, and indicators but for the order in which pandas sums."""
    pd.testing.assert_frame_equal(found[list(COLUMNS)], expected[list(COLUMNS)], check_exact=True)
    for name in ("sma9", "vwap"):
        assert_allclose(found[name], expected[name], rtol=1e-14)


def pushed(messages: list[Json]) -> pd.DataFrame:
    rows = [bar for message in messages for bar in message["bars"]]
    frame = pd.DataFrame(rows, columns=["timestamp", *COLUMNS[1:], "sma9", "vwap"]).astype(np.float64)
    return frame.assign(timestamp=(frame.timestamp * 1_000).astype(np.int64))


def received(client: WebSocketClient, last: int) -> list[Json]:
    """Return the `bars` messages up to that with the number `last`, each number once: delivery may repeat some."""
    messages, reached = list[Json](), 0
    while reached < last:
        message = client.receive()
        if message["type"] != "bars" or message["sequence"] <= reached:
            continue
        known = max(reached + 1 - message["first"], 0) if messages else 0
        messages.append(message | {"first": message["first"] + known, "bars": message["bars"][known:]})
        reached = message["sequence"]
    return messages


def subscribe(client: WebSocketClient, symbol: str, **more: Any) -> None:
    client.send({"type": "subscribe", "topic": "symbol", "id": symbol, **more})


def test_replayed_sessions_are_equal_row_for_row_everywhere(
    stack: EmbeddedStack, recording: tuple[Recording, Bars]
) -> None:
    known, bars = recording
    expected = frame_of(bars)
    with connected(url_for(stack, "watcher")) as client:
        client.send({"type": "add_feed_symbols", "symbols": [known.symbol]})
        assert client.receive()["type"] == "feed"
        subscribe(client, known.symbol, after=0)
        assert client.receive()["type"] == "subscribed"
        with replaying(stack, known):
            messages = received(client, len(bars))
    assert [message["first"] for message in messages[1:]] == [message["sequence"] + 1 for message in messages[:-1]]
    assert_equal(pushed(messages), expected)

    stored = list(HotStore(stack.cloud.table(stack.outputs["bars_table"])).bars_after(known.symbol, 0))
    hot = pd.DataFrame({name: getattr(bars_of(row.bar for row in stored), name) for name in COLUMNS})
    hot = hot.assign(sma9=[row.sma9 for row in stored], vwap=[row.vwap for row in stored]).astype({"sma9": float})
    assert_equal(hot, expected)

    pd.testing.assert_frame_equal(lake_of(stack, known.symbol), expected[list(COLUMNS)], check_exact=True)


def test_run_during_the_session_sees_every_minute_so_far(
    stack: EmbeddedStack, recording: tuple[Recording, Bars]
) -> None:
    known, bars = recording
    table, expected = stack.cloud.table(stack.outputs["bars_table"]), pd.DataFrame(vars_of(bars))
    WatchList(table).add([known.symbol], "XNYS", "test")
    with connected(url_for(stack, "runner")) as client:
        for time, minutes in (("15:07", 37), ("15:13", 43)):
            tick(stack, time)
            assert run_of(client, known.symbol) == minutes
            # Exactly these, each once: a file that providers fetch from has later ones, too.
            pd.testing.assert_frame_equal(lake_of(stack, known.symbol), expected[:minutes], check_exact=True)
            assert HotStore(table).state(known.symbol).compacted == minutes
        tick(stack, "15:20")
        compact(stack, "15:20")
        tick(stack, "18:15")
        compact(stack, "18:20")
        pd.testing.assert_frame_equal(lake_of(stack, known.symbol), expected[:210], check_exact=True)
        assert run_of(client, known.symbol) == 210


def run_of(client: WebSocketClient, symbol: str) -> int:
    """Run a backtest over the day of the recording's first session; return how many bars it had."""
    client.send(start(symbol, **SMA | RULE | DAY))
    accepted, planned, *_, result = client.receive_all()
    # Nothing was missing: what the feed has is no fetch.
    assert (accepted["type"], planned["type"], result["type"]) == ("accepted", "planned", "result"), result
    return int(result["bars"])


def test_run_that_fetches_tells_how_far_it_is(stack: EmbeddedStack, recording: tuple[Recording, Bars]) -> None:
    known, _ = recording
    with connected(url_for(stack, "fetcher")) as client:
        client.send(start(known.symbol, **SMA | RULE | DAY))
        messages = client.receive_all()
    assert [message["sequence"] for message in messages] == list(range(1, len(messages) + 1))
    *_, last = fetching = [message for message in messages if message["type"] == "fetching"]
    assert messages[1 : len(fetching) + 1] == fetching
    assert (last["symbol"], last["bars"], last["piecesDone"], last["pieces"]) == (known.symbol, 210, 1, 1)
    assert (messages[len(fetching) + 1]["type"], messages[-1]["bars"]) == ("planned", 210)


def lake_of(stack: EmbeddedStack, symbol: str) -> pd.DataFrame:
    lake = BarStore(stack.client("s3"), stack.outputs["bucket"])
    series = lake.catalog.get(symbol, "1m")
    return pd.DataFrame(vars_of(lake.read(series, 0, series.bars)))


def vars_of(bars: Bars) -> dict[str, Any]:
    return {name: getattr(bars, name) for name in COLUMNS}


def test_late_subscriber_gets_the_session_so_far_and_then_the_stream(
    stack: EmbeddedStack, recording: tuple[Recording, Bars]
) -> None:
    known, bars = recording
    table = stack.cloud.table(stack.outputs["bars_table"])
    WatchList(table).add([known.symbol], "XNYS", "test")
    tick(stack, "16:00")
    with connected(url_for(stack, "late")) as client:
        subscribe(client, known.symbol)
        assert client.receive()["type"] == "subscribed"
        snapshot = received(client, 90)
        tick(stack, "16:03")
        stream = received(client, 93)
    assert_equal(pushed([*snapshot, *stream]), frame_of(bars[:93]))


def test_postgresql_has_each_bar_once_although_it_was_down_meanwhile(
    stack: EmbeddedStack, recording: tuple[Recording, Bars], database: Database
) -> None:
    known, bars = recording
    secrets_manager, secret = stack.client("secretsmanager"), stack.outputs["keys_secret"]
    secrets_manager.put_secret_value(SecretId=secret, SecretString=json.dumps({"postgres": database.url}))
    WatchList(stack.cloud.table(stack.outputs["bars_table"])).add([known.symbol], "XNYS", "test")
    try:
        with deployed(stack, "export"):  # by a worker that has not read the secret yet
            tick(stack, "14:40")
            wait_until(lambda: rows_in(database, known.symbol) == 10)
            database.server.stop()
            tick(stack, "14:50")
            tick(stack, "15:00")
            database.server.start()
            wait_until(lambda: rows_in(database, known.symbol) == 30)
    finally:
        secrets_manager.put_secret_value(SecretId=secret, SecretString="{}")
    expected = frame_of(bars[:30])
    found = database.query(
        "SELECT extract(epoch FROM timestamp) * 1000000, open, high, low, close, volume, sma9, vwap"
        " FROM equity_data LEFT JOIN indicators USING (ticker, timestamp) WHERE ticker = %s ORDER BY timestamp",
        known.symbol,
    )
    frame = pd.DataFrame(found, columns=[*COLUMNS, "sma9", "vwap"]).astype(np.float64)
    assert_equal(frame.assign(timestamp=frame.timestamp.astype(np.int64)), expected)


def test_silence_in_the_session_and_its_end_are_told_to_the_alarm_topic(
    stack: EmbeddedStack, recording: tuple[Recording, Bars]
) -> None:
    known, _ = recording
    sqs, sns = stack.client("sqs"), stack.client("sns")
    queue = sqs.create_queue(QueueName=known.symbol)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    (topic,) = [each["TopicArn"] for each in sns.list_topics()["Topics"]]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(let_send(topic, arn))})
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    watch_list = WatchList(stack.cloud.table(stack.outputs["bars_table"]))
    watch_list.remove([each.symbol for each in watch_list.all()])  # which may have bars after this session
    watch_list.add([known.symbol], "XNYS", "test")
    # Other tests may have left it in alarm, and only a change is told. Of this one too: OK, if the alarm is looked at
    # before the minutes are counted.
    stack.client("cloudwatch").set_alarm_state(AlarmName=SILENCE, StateValue="INSUFFICIENT_DATA", StateReason="test")
    try:
        invoke(stack, CHECK_FEED, "14:50")
        wait_until(lambda: told_of_silence(stack, queue) == "ALARM")
        # The metric is looked at over five minutes, so the next bar does not end the alarm at once.
        stack.client("cloudwatch").set_alarm_state(AlarmName=SILENCE, StateValue="OK", StateReason="test")
        wait_until(lambda: told_of_silence(stack, queue) == "OK")
    finally:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=queue)


def let_send(topic: str, queue: str) -> Json:
    condition = {"ArnEquals": {"aws:SourceArn": topic}}
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    return {"Version": "2012-10-17", "Statement": [allow | {"Resource": queue, "Condition": condition}]}


def told_of_silence(stack: EmbeddedStack, queue: str) -> str:
    """Return the state of the alarm of silence that the queue is told next."""
    sqs = stack.client("sqs")
    while True:
        (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=SECONDS // 3)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        alarm = json.loads(json.loads(message["Body"])["Message"])
        if alarm["AlarmName"] == SILENCE:
            return str(alarm["NewStateValue"])


def throttled(*reasons: str) -> Fault:
    """Return what DynamoDB answers where one write of a transaction is throttled, and the others are not."""
    codes = [{"Code": reason} for reason in reasons]
    return Fault(400, "TransactionCanceledException", {"CancellationReasons": codes})


TOO_FAST = Fault(400, "ThrottlingException")
TOO_MUCH = Fault(400, "ProvisionedThroughputExceededException")
TROUBLES: dict[str, Iterable[Fault]] = {
    "none": (),
    "the request is throttled": [TOO_FAST] * 2,
    "the table is throttled": [TOO_MUCH] * 2,
    "the state's write is throttled": [throttled("ThrottlingError", "None")] * 5,
    "the bar's write is throttled": [throttled("None", "ProvisionedThroughputExceeded")] * 5,
    "carried out, and the answer lost": [LOST],
    "throttled, then carried out, and the answer lost": [TOO_FAST, LOST],
    "throttled until the tick gives up": repeat(TOO_FAST),
    "none again": (),
}
"""What happens to the transaction of one minute's tick after another."""


def test_throttled_table_has_each_minute_once(stack: EmbeddedStack, recording: tuple[Recording, Bars]) -> None:
    known, bars = recording
    hot = HotStore(stack.cloud.table(stack.outputs["bars_table"]))
    WatchList(stack.cloud.table(stack.outputs["bars_table"])).add([known.symbol], "XNYS", "test")
    faults: Iterator[Fault] = iter(())

    def trouble(request: Request) -> Fault | None:
        is_append = request.operation == "TransactWriteItems" and known.symbol.encode() in request.body
        return next(faults, None) if is_append else None

    stored, expected = list[int](), list(range(1, len(TROUBLES) + 1))
    with between(stack, ["tick"], DYNAMODB, trouble) as counted:
        for minute, each in enumerate(TROUBLES.values(), 31):
            faults = iter(each)
            invoke(stack, TICK, f"14:{minute}")
            stored.append(hot.state(known.symbol).sequence)
    assert stored == [*expected[:-2], expected[-3], expected[-1]]  # what a tick gave up, the next has made up
    assert counted.keys() == {TOO_FAST.error, TOO_MUCH.error, "TransactionCanceledException", LOST.error}
    rows = list(hot.bars_after(known.symbol, 0))
    assert [row.sequence for row in rows] == expected
    pd.testing.assert_frame_equal(
        pd.DataFrame(vars_of(bars_of(row.bar for row in rows))),
        pd.DataFrame(vars_of(bars))[: len(expected)],
        check_exact=True,
    )


def tick(stack: EmbeddedStack, time: str) -> None:
    answer = invoke(stack, TICK, time)
    # 502 if the provider does not have a symbol that another test watches.
    assert json.loads(answer["body"])["equity_rows"] > 0, answer


def compact(stack: EmbeddedStack, time: str) -> None:
    invoke(stack, COMPACT, time)


def invoke(stack: EmbeddedStack, function: str, time: str) -> Json:
    event = json.dumps({"scheduled_time": f"2025-11-28T{time}:00Z"})
    answer = stack.client("lambda").invoke(FunctionName=function, Payload=event)
    payload = answer["Payload"].read()
    assert "FunctionError" not in answer, payload
    returned: Json = json.loads(payload)
    return returned


def rows_in(database: Database, symbol: str) -> int:
    """Return how many bars PostgreSQL has; none while the tables are not there yet."""
    if not database.query("SELECT to_regclass('equity_data') IS NOT NULL")[0][0]:
        return 0
    return int(database.query("SELECT count(*) FROM equity_data WHERE ticker = %s", symbol)[0][0])


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < deadline, f"not within {SECONDS} s"
        time.sleep(0.2)
