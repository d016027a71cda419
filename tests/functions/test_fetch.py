"""Fetch: the bars that a run needs are in the lake afterwards, whatever ends an invocation."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from numpy.testing import assert_array_equal

from functions import settings
from functions.market_data import fetch
from tests.aws import BARS, BUCKET, REGION, RUNS
from tests.backtests.lake import config, load, walk
from tests.backtests.records import begin
from tests.market_data.feed.market import HALF_DAY, Market, at, minutes_of
from tests.market_data.providers.servers.alpaca_server import AlpacaServer
from tests.market_data.providers.servers.fault import Kind
from tests.market_data.providers.servers.market_server import KEY, SECRET, Dividend
from tests.market_data.providers.sessions import daily
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.errors import RunError
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.feed.feed import Feed
from tickfold.market_data.feed.watch_list import Watched
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.protocol import Fetching, dump, parse_message
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket

CONTEXT: Any = SimpleNamespace(
    function_name="fetch", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)
DAYS = {"startDate": "2005-01-03", "endDate": "2005-12-31"}
BLACK_FRIDAY = {"startDate": "2025-11-28", "endDate": "2025-11-28"}


@pytest.fixture
def alpaca(bucket: Bucket, runs: RunLifecycle, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlpacaServer]:
    """Alpaca with the bars of GOOG and ACME, the variables of the function, and the record of a run."""
    keys = {"alpaca": {"key_id": KEY, "secret_key": SECRET}}
    secret = boto3.client("secretsmanager", region_name=REGION).create_secret(
        Name="keys", SecretString=json.dumps(keys)
    )
    with AlpacaServer() as server:
        for symbol in ("GOOG", "ACME"):
            server.add(symbol, "1d", daily())
        for name, value in {
            settings.RUNS_TABLE: RUNS,
            settings.BARS_TABLE: BARS,
            settings.BUCKET: BUCKET,
            settings.KEYS_SECRET: secret["ARN"],
            settings.PROVIDERS: json.dumps([{"name": "alpaca", "base_url": server.url}]),
        }.items():
            monkeypatch.setenv(name, value)
        fetch.dependencies.cache_clear()
        begin(runs)
        yield server
    fetch.dependencies.cache_clear()


def event(stock: Any = "GOOG", **more: Any) -> dict[str, Any]:
    return {"run_id": "r1", "request": json.loads(dump(config(stock, **DAYS, **more)))}


def fetching(runs: RunLifecycle) -> list[tuple[str, int, int, int]]:
    """Return what was told of the fetch: symbol, bars, pieces done and pieces."""
    messages = map(parse_message, runs.messages_after("r1", 0))
    told = [each for each in messages if isinstance(each, Fetching)]
    return [(each.symbol, each.bars, each.pieces_done, each.pieces) for each in told]


def test_missing_bars_of_all_symbols_are_fetched_and_told_and_only_once(
    bucket: Bucket, runs: RunLifecycle, alpaca: AlpacaServer
) -> None:
    load(bucket, "WALK", walk(1))
    asked = event(["GOOG", "WALK", "ACME"])
    assert fetch.handler(asked, CONTEXT) == {"more": False}
    catalog = SeriesCatalog(bucket.s3, bucket.name)
    assert [(each.symbol, each.bars) for each in catalog.list()] == [("ACME", 252), ("GOOG", 252), ("WALK", 600)]
    told, requests = fetching(runs), len(alpaca.requests)
    assert {("ACME", 252, 1, 1), ("GOOG", 252, 1, 1)} <= set(told)
    assert fetch.handler(asked, CONTEXT) == {"more": False}
    assert (len(alpaca.requests), fetching(runs)) == (requests, told)


def test_fetch_that_takes_long_says_that_there_is_more_and_goes_on(bucket: Bucket, alpaca: AlpacaServer) -> None:
    given = fetch.dependencies()
    slow = replace(given, history=replace(given.history, most_bars=100), seconds=0)
    answers = [fetch.fetch(event(), slow) for _ in range(4)]
    assert answers == [{"more": True}, {"more": True}, {"more": True}, {"more": False}]
    (series,) = SeriesCatalog(bucket.s3, bucket.name).list()
    assert (series.bars, series.coverage) == (
        252,
        [(datetime(2005, 1, 3, tzinfo=UTC), datetime(2006, 1, 1, tzinfo=UTC))],
    )


@pytest.mark.parametrize("watched", [True, False])
def test_bars_of_the_feed_are_put_into_the_lake_before_those_that_it_does_not_fetch(
    bucket: Bucket, alpaca: AlpacaServer, watched: bool
) -> None:
    session = minutes_of(HALF_DAY)
    alpaca.add("GOOG", "1m", session[20:], "raw")
    hot, watch_list = fetch.dependencies().compaction.hot, fetch.dependencies().watch_list
    Feed(hot, Market(session)).tick(Watched("GOOG", "XNYS"), at("2025-11-28T14:50"))
    if watched:
        watch_list.add(["GOOG"], "XNYS", "ada")
    asked = {"run_id": "r1", "request": json.loads(dump(config("GOOG", timeframe="1m", **BLACK_FRIDAY)))}
    assert fetch.handler(asked, CONTEXT) == {"more": False}
    lake = BarStore(bucket.s3, BUCKET)
    series = lake.catalog.get("GOOG", "1m")
    expected, source = (session[:20], "exchange") if watched else (session, "exchange, alpaca")
    assert_array_equal(lake.read(series, 0, series.bars).timestamp, expected.timestamp)
    assert (series.source, series.adjustment) == (source, "raw")
    assert hot.state("GOOG").compacted == 20


def test_provider_that_is_down_is_worth_another_try(bucket: Bucket, alpaca: AlpacaServer) -> None:
    alpaca.page_size = 100
    alpaca.switch(Kind.NOT_JSON, after=2)  # the list of splits and dividends, and a page
    with pytest.raises(RunError, match="no provider has 1d bars of GOOG") as failed:
        fetch.handler(event(), CONTEXT)
    assert type(failed.value) is not RunError  # which the state machine never retries
    assert SeriesCatalog(bucket.s3, bucket.name).get("GOOG", "1d").bars == 100


def test_unknown_symbol_ends_the_run_with_the_provider_s_reason(runs: RunLifecycle, alpaca: AlpacaServer) -> None:
    with pytest.raises(RunError, match="alpaca: unknown or delisted symbol NOPE") as failed:
        fetch.handler(event("NOPE"), CONTEXT)
    assert type(failed.value) is RunError


def test_missing_keys_name_the_command_that_stores_them(alpaca: AlpacaServer) -> None:
    boto3.client("secretsmanager", region_name=REGION).put_secret_value(SecretId="keys", SecretString="{}")
    with pytest.raises(RunError, match=r"alpaca: no API key is stored; run `tickfold data keys set alpaca`"):
        fetch.handler(event(), CONTEXT)


def test_dividend_after_the_last_fetch_is_fetched_and_no_bar_again(bucket: Bucket, alpaca: AlpacaServer) -> None:
    fetch.handler(event(), CONTEXT)
    catalog = SeriesCatalog(bucket.s3, bucket.name)
    before = catalog.get("GOOG", "1d")
    assert before.actions
    known = replace(before.actions, last=date(2005, 6, 30))
    key = layout.series_key("GOOG", "1d")
    bucket.put(key, before.model_copy(update={"actions": known}).model_dump_json().encode())
    alpaca.dividends["GOOG"] = [Dividend(date(2005, 10, 18), 0.5)]
    alpaca.requests.clear()
    assert fetch.handler(event(), CONTEXT) == {"more": False}
    after = catalog.get("GOOG", "1d")
    assert after.actions
    assert [(each.day, each.value) for each in after.actions.found] == [(date(2005, 10, 18), 0.5)]
    assert {each.path for each in alpaca.requests} == {"/v1/corporate-actions"}
    assert after.model_copy(update={"actions": None}) == before.model_copy(update={"actions": None})
