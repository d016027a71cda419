"""The functions of the feed, on the tables and the bucket of their environment."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from functions import settings
from functions.market_data import check_feed, compact, quotes, tick
from functions.market_data.scheduled_time import scheduled_time
from tests.aws import BARS, BUCKET, REGION
from tests.market_data.feed.market import HALF_DAY, at, minutes_of
from tests.market_data.feed.recording import write_minutes
from tests.market_data.providers.servers.market_server import KEY
from tests.market_data.providers.servers.schwab_server import SchwabServer
from tickfold.errors import RunError
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.schwab_oauth import Tokens
from tickfold.market_data.schwab_tokens import TokenStore
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.storage.bucket import Bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource, Table

CONTEXT: Any = SimpleNamespace(
    function_name="tick", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)
TEN = "2025-11-28T14:40:00Z"


@pytest.fixture
def table(dynamodb: "DynamoDBServiceResource") -> "Table":
    return dynamodb.Table(BARS)


@pytest.fixture(autouse=True)
def environment(
    bucket: Bucket, table: "Table", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The variables of both functions, keys in their secret, and a folder with the minutes of QQQ."""
    secret = boto3.client("secretsmanager", region_name=REGION).create_secret(Name="keys", SecretString="{}")
    write_minutes(tmp_path / "QQQ.csv", minutes_of(HALF_DAY))
    set_providers(monkeypatch, [{"name": "files", "path": str(tmp_path)}])
    monkeypatch.setenv(settings.KEYS_SECRET, secret["ARN"])
    monkeypatch.setenv(settings.BARS_TABLE, BARS)
    monkeypatch.setenv(settings.BUCKET, BUCKET)
    monkeypatch.setenv(settings.METRICS_NAMESPACE, "Tickfold/RealTimeStreaming")
    monkeypatch.setenv(settings.EVENT_SOURCE, "tickfold.test")


def set_providers(monkeypatch: pytest.MonkeyPatch, providers: list[dict[str, str]]) -> None:
    monkeypatch.setenv(settings.PROVIDERS, json.dumps(providers))
    for module in (tick, compact, quotes, check_feed):
        module.dependencies.cache_clear()


def body_of(answer: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(answer["body"])
    return body


def metrics_in(output: str) -> dict[str, Any]:
    """Return the values of the last metrics that were written, and their namespace."""
    (*_, written) = (json.loads(line) for line in output.splitlines() if "CloudWatchMetrics" in line)
    (definition,) = written["_aws"]["CloudWatchMetrics"]
    names = [metric["Name"] for metric in definition["Metrics"]]
    return {"namespace": definition["Namespace"], **{name: written[name] for name in names}}


def test_tick_answers_as_the_original_does(table: "Table", capsys: pytest.CaptureFixture[str]) -> None:
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    tick.handler({"scheduled_time": "2025-11-28T14:31:00Z"}, CONTEXT)
    capsys.readouterr()
    answer = tick.handler({"scheduled_time": "2025-11-28T14:32:00Z"}, CONTEXT)
    assert answer["statusCode"] == 200
    assert body_of(answer) == {
        "message": "Data fetched and uploaded successfully",
        "ticker": "QQQ",
        "equity_rows": 1,
        "indicator_rows": 1,
    }
    metrics = metrics_in(capsys.readouterr().out)
    assert metrics["namespace"] == "Tickfold/RealTimeStreaming"
    assert metrics["DataPointsFetched"] == [1.0]
    assert 0 < metrics["LatencyMilliseconds"][0] < 60_000


def test_tick_without_anything_due_answers_with_no_rows(table: "Table") -> None:
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    tick.handler({"scheduled_time": TEN}, CONTEXT)
    again = tick.handler({"scheduled_time": TEN}, CONTEXT)
    assert (again["statusCode"], body_of(again)["message"], body_of(again)["equity_rows"]) == (200, "No new data", 0)


def test_tick_of_an_empty_event_works_by_the_current_minute() -> None:
    answer = tick.handler({}, CONTEXT)
    assert answer["statusCode"] == 200
    assert body_of(answer)["message"] == "No symbols are watched: add some with `tickfold feed add SYMBOL`"
    assert scheduled_time({}).second == 0


def test_tick_of_a_market_leaves_the_others_alone(table: "Table") -> None:
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    WatchList(table).add(["BTC/USD"], "24/7", "ada")
    assert body_of(tick.handler({"scheduled_time": TEN, "market": "XNYS"}, CONTEXT))["ticker"] == "QQQ"


def test_symbol_that_fails_keeps_no_other_waiting(table: "Table") -> None:
    WatchList(table).add(["NONE", "QQQ"], "XNYS", "ada")
    answer = tick.handler({"scheduled_time": TEN}, CONTEXT)
    assert answer["statusCode"] == 502
    assert "files: no file of NONE" in body_of(answer)["message"]
    assert body_of(answer)["equity_rows"] == 10


def test_fault_of_a_symbol_is_told_without_its_details(table: "Table", tmp_path: Path) -> None:
    WatchList(table).add(["BROKEN", "QQQ"], "XNYS", "ada")
    write_minutes(tmp_path / "BROKEN.csv", minutes_of(HALF_DAY))
    table.put_item(Item={"series": "BROKEN#1m", "entry": "state", "revision": 1})  # a state of which most is lost
    answer = tick.handler({"scheduled_time": TEN}, CONTEXT)
    assert answer["statusCode"] == 502
    assert body_of(answer)["message"] == "BROKEN: internal error; see the log of this function"
    assert body_of(answer)["equity_rows"] == 10


def test_no_provider_configured_says_how_to_configure_one(table: "Table", monkeypatch: pytest.MonkeyPatch) -> None:
    set_providers(monkeypatch, [])
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    message = body_of(tick.handler({"scheduled_time": TEN}, CONTEXT))["message"]
    assert message.endswith("pulumi config set tickfold:providers alpaca")


def test_provider_without_keys_is_left_out(table: "Table", monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_providers(monkeypatch, [{"name": "alpaca"}, {"name": "files", "path": str(tmp_path)}])
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    assert body_of(tick.handler({"scheduled_time": TEN}, CONTEXT))["equity_rows"] == 10


def test_no_keys_at_all_says_how_to_set_them(table: "Table", monkeypatch: pytest.MonkeyPatch) -> None:
    set_providers(monkeypatch, [{"name": "alpaca"}])
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    answer = tick.handler({"scheduled_time": TEN}, CONTEXT)
    assert answer["statusCode"] == 502
    assert "tickfold data keys set alpaca" in body_of(answer)["message"]


@pytest.mark.parametrize("text", ["yesterday", "2025-11-28T14:40:00", 7])
def test_scheduled_time_that_is_none_is_refused(text: object) -> None:
    with pytest.raises(RunError, match="expected a time with its offset"):
        scheduled_time({"scheduled_time": text})


def test_scheduled_time_is_in_utc() -> None:
    assert scheduled_time({"scheduled_time": "2025-11-28T09:40:00-05:00"}) == at("2025-11-28T14:40")


def test_compact_puts_bars_of_watched_and_removed_symbols_into_the_lake(table: "Table", bucket: Bucket) -> None:
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    tick.handler({"scheduled_time": TEN}, CONTEXT)
    WatchList(table).remove(["QQQ"])
    assert compact.handler({"scheduled_time": "2025-11-28T18:20:00Z"}, CONTEXT) == {"added": {"QQQ": 10}}
    assert SeriesCatalog(bucket.s3, BUCKET).get("QQQ", "1m").bars == 10
    assert HotStore(table).state("QQQ").compacted == 10


def test_compact_reports_what_failed_after_the_others(table: "Table", bucket: Bucket) -> None:
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    tick.handler({"scheduled_time": TEN}, CONTEXT)
    bucket.put("data/series/QQQ/1m.json", b"damaged")
    with pytest.raises(compact.CompactionFailedError, match="not compacted: QQQ; see the log"):
        compact.handler({"scheduled_time": "2025-11-28T18:20:00Z"}, CONTEXT)


def test_quotes_answer_as_the_original_does(tmp_path: Path) -> None:
    for name in ("SPY", "AAPL"):
        write_minutes(tmp_path / f"{name}.csv", minutes_of(date(2025, 11, 26), HALF_DAY))
    answer = quotes.handler({"symbols": ["AAPL", "aapl", "NONE"], "include_trends": True}, CONTEXT)
    bars = minutes_of(date(2025, 11, 26), HALF_DAY)
    assert answer["statusCode"] == 200
    body = answer["body"]
    assert datetime.fromisoformat(body["timestamp"]).utcoffset() == timedelta()
    assert body["market_data"] == {
        "AAPL": {"price": bars.close[-1], "volume": bars.volume[390:].sum(), "market_cap": None}
    }
    change = 100 * (bars.close[-1] / bars.close[389] - 1)
    assert body["trends"] == {
        "sp500": {
            "current_price": bars.close[-1],
            "change_percent": pytest.approx(change, abs=1e-4),
            "trend": "up" if change > 0 else "down",
        }
    }
    assert body["unknown"] == ["NONE"]


def test_quotes_without_trends_have_none(tmp_path: Path) -> None:
    write_minutes(tmp_path / "SPY.csv", minutes_of(HALF_DAY))
    assert quotes.handler({"symbols": ["QQQ"]}, CONTEXT)["body"]["trends"] == {}


@pytest.mark.parametrize(
    "event", [{}, {"symbols": []}, {"symbols": "AAPL"}, {"symbols": ["A B"]}, {"symbols": ["A"] * 101}]
)
def test_quotes_of_no_symbols_are_refused(event: dict[str, Any]) -> None:
    answer = quotes.handler(event, CONTEXT)
    assert answer["statusCode"] == 400
    assert "symbol" in answer["body"]["error"]


def test_quotes_without_providers_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    set_providers(monkeypatch, [{"name": "alpaca"}])
    answer = quotes.handler({"symbols": ["AAPL"]}, CONTEXT)
    assert answer["statusCode"] == 502
    assert "tickfold data keys set alpaca" in answer["body"]["error"]


# --- Schwab's login --------------------------------------------------------------------------------------------------


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> TokenStore:
    """The secret of Schwab's login, in a stack that uses Schwab."""
    client = boto3.client("secretsmanager", region_name=REGION)
    client.put_secret_value(SecretId="keys", SecretString='{"schwab": {"app_key": "app", "app_secret": "hidden"}}')
    secret = client.create_secret(Name="schwab-tokens")["ARN"]
    monkeypatch.setenv(settings.SCHWAB_TOKENS_SECRET, secret)
    return TokenStore(client, secret)


def login(tokens: TokenStore, days: float) -> None:
    now = datetime.now(UTC)
    tokens.write(Tokens(KEY, now + timedelta(minutes=29), "refresh", now + timedelta(days=days)))


def test_schwab_is_asked_with_the_token_of_the_login(
    table: "Table", tokens: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    login(tokens, 5)
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    with SchwabServer() as server:
        server.add("QQQ", "1m", minutes_of(HALF_DAY), "splits")
        set_providers(monkeypatch, [{"name": "schwab", "base_url": server.url}])
        assert body_of(tick.handler({"scheduled_time": TEN}, CONTEXT))["equity_rows"] == 10


def test_schwab_without_a_login_says_how_to_log_in(
    table: "Table", tokens: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_providers(monkeypatch, [{"name": "schwab"}])
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    answer = tick.handler({"scheduled_time": TEN}, CONTEXT)
    assert answer["statusCode"] == 502
    assert "tickfold auth schwab" in body_of(answer)["message"]


# --- what the alarms look at -----------------------------------------------------------------------------------------


def test_check_feed_measures_silence_and_what_expires(table: "Table", tokens: TokenStore) -> None:
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    tick.handler({"scheduled_time": TEN}, CONTEXT)
    login(tokens, 2)
    measured = check_feed.handler({"scheduled_time": "2025-11-28T14:55:00Z"}, CONTEXT)
    assert measured.keys() == {"SilentSessionMinutes", "CalendarDaysLeft", "SchwabHoursLeft"}
    assert measured["SilentSessionMinutes"] == 15
    assert measured["CalendarDaysLeft"] > 365
    found = boto3.client("cloudwatch", region_name=REGION).list_metrics(Namespace="Tickfold/RealTimeStreaming")
    assert {metric["MetricName"] for metric in found["Metrics"]} == measured.keys()


@pytest.mark.parametrize(("days", "hours"), [(2.01, 48), (1.99, 47), (-1, 0), (None, 0)])
def test_check_feed_counts_the_hours_of_the_login(
    table: "Table", tokens: TokenStore, days: float | None, hours: int
) -> None:
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    if days is not None:
        login(tokens, days)
    assert check_feed.handler({}, CONTEXT)["SchwabHoursLeft"] == hours


def test_check_feed_outside_of_sessions_measures_no_silence(table: "Table") -> None:
    WatchList(table).add(["QQQ"], "XNYS", "ada")
    assert check_feed.handler({"scheduled_time": "2025-11-28T18:05:00Z"}, CONTEXT).keys() == {"CalendarDaysLeft"}


def test_check_feed_without_symbols_measures_nothing() -> None:
    assert check_feed.handler({"scheduled_time": "2025-11-28T14:55:00Z"}, CONTEXT) == {}
