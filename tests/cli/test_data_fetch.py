"""`tickfold data fetch` against a provider's server: bars in the lake, and words for whatever keeps them out."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.cli.conftest import BUCKET, Command
from tests.market_data.providers.servers.alpaca_server import AlpacaServer
from tests.market_data.providers.servers.fault import Kind
from tests.market_data.providers.servers.http_server import Received, Reply
from tests.market_data.providers.servers.market_server import KEY, SECRET, Dividend
from tests.market_data.providers.servers.schwab_server import SchwabServer
from tests.market_data.providers.sessions import daily, intraday, session
from tickfold.cli.exit_codes import ExitCode
from tickfold.engine.bars import join
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.schwab_oauth import Tokens
from tickfold.market_data.schwab_tokens import TokenStore
from tickfold.market_data.series import Series

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

YEAR = ("--start", "2005-01-01", "--end", "2005-12-31")


@pytest.fixture
def alpaca(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Iterator[AlpacaServer]:
    """Alpaca with GOOG's bars, as the provider of the stack that commands use, which has its keys."""
    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    keys = {"alpaca": {"key_id": KEY, "secret_key": SECRET}}
    secrets.create_secret(Name="keys", SecretString=json.dumps(keys))
    monkeypatch.setenv("TICKFOLD_KEYS_SECRET", "keys")
    with AlpacaServer() as server:
        server.add("GOOG", "1d", daily())
        server.add("GOOG", "1d", daily(), "all")
        server.add("GOOG", "1m", intraday())
        monkeypatch.setenv("TICKFOLD_PROVIDERS", json.dumps([{"name": "alpaca", "base_url": server.url}]))
        yield server


def series_of(s3: "S3Client", symbol: str = "GOOG", timeframe: str = "1d") -> Series:
    return BarStore(s3, BUCKET).catalog.get(symbol, timeframe)


def test_missing_bars_are_fetched_and_told(tickfold: Command, s3: "S3Client", alpaca: AlpacaServer) -> None:
    ended = tickfold("data", "fetch", "goog", *YEAR)
    assert (ended.status, ended.stderr) == (0, "")
    assert ended.stdout == (
        "GOOG 1d: fetched 252 bars from alpaca, prices as traded with 0 splits and 0 dividends beside them; "
        "it now has 252 bars from 2005-01-03 to 2005-12-30\n"
    )
    assert series_of(s3).bars == 252


def test_covered_range_is_told_and_nobody_asked(tickfold: Command, s3: "S3Client", alpaca: AlpacaServer) -> None:
    tickfold("data", "fetch", "GOOG", *YEAR)
    alpaca.requests.clear()
    ended = tickfold("data", "fetch", "GOOG", *YEAR)
    assert (ended.status, ended.stdout) == (
        0,
        "GOOG 1d: nothing to fetch: the lake has all from 2005-01-01 to 2006-01-01\n",
    )
    assert alpaca.requests == []


def test_future_is_nothing_to_fetch_yet(tickfold: Command, alpaca: AlpacaServer) -> None:
    ended = tickfold("data", "fetch", "GOOG", "--start", "2100-01-01", "--timeframe", "daily")
    assert (ended.status, ended.stdout) == (0, "GOOG 1d: nothing to fetch yet: no bar of the range is final\n")
    assert alpaca.requests == []


def test_minutes_are_those_of_the_regular_session(tickfold: Command, s3: "S3Client", alpaca: AlpacaServer) -> None:
    early = replace(intraday()[:2], timestamp=intraday()[:2].timestamp - 3_600_000_000)
    alpaca.add("GOOG", "1m", join([early, intraday()]))
    days = ("--start", "2024-03-08", "--end", "2024-03-08", "--timeframe", "1m")
    assert tickfold("data", "fetch", "GOOG", *days).status == 0
    assert series_of(s3, timeframe="1m").bars == len(session(date(2024, 3, 8), intraday()))


def test_json_has_an_object_for_each_symbol(tickfold: Command, alpaca: AlpacaServer) -> None:
    high = daily().high.copy()
    high[300] *= 100
    alpaca.add("ACME", "1d", replace(daily(), high=high))
    alpaca.dividends["GOOG"] = [Dividend(date(2006, 2, 6), 0.1)]
    ended = tickfold("data", "fetch", "GOOG", "ACME", "NOPE", "--start", "2005-01-01", "--end", "2006-12-31", "--json")
    goog, acme, nope = json.loads(ended.stdout)
    assert (goog["status"], goog["added"], goog["providers"]) == ("fetched", 503, ["alpaca"])
    assert (goog["adjustment"], goog["splits"], goog["dividends"]) == ("raw", 0, 1)
    assert (acme["added"], [each["kind"] for each in acme["errors"]]) == (502, ["outlier"])
    assert (nope["status"], "unknown or delisted symbol NOPE" in nope["reason"]) == ("failed", True)
    assert ended.status == ExitCode.REFUSED


def test_bars_with_errors_are_shown(tickfold: Command, alpaca: AlpacaServer) -> None:
    high = daily().high.copy()
    high[200:207] *= 100
    alpaca.add("ACME", "1d", replace(daily(), high=high))
    ended = tickfold("data", "fetch", "ACME", *YEAR)
    assert ended.stderr.count("left out: high ") == 5
    assert "… and 2 more; --json lists all" in ended.stderr


def test_symbol_that_fails_keeps_no_other_from_being_fetched(
    tickfold: Command, s3: "S3Client", alpaca: AlpacaServer
) -> None:
    ended = tickfold("data", "fetch", "NOPE", "GOOG", *YEAR)
    assert ended.status == ExitCode.REFUSED
    assert "NOPE 1d: no provider has 1d bars of NOPE" in ended.stderr
    assert "alpaca: unknown or delisted symbol NOPE" in ended.stderr
    assert series_of(s3).bars == 252


def test_failure_between_pages_says_what_is_stored_and_how_to_go_on(
    tickfold: Command, s3: "S3Client", alpaca: AlpacaServer
) -> None:
    alpaca.page_size = 100
    alpaca.switch(Kind.REVOKED, after=2)  # the list of splits and dividends, and a page
    ended = tickfold("data", "fetch", "GOOG", *YEAR)
    assert ended.status == ExitCode.REFUSED
    assert "100 bars of GOOG are stored; the same command goes on from there" in ended.stderr
    assert KEY not in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
    alpaca.fault = None
    assert "fetched 152 bars from alpaca" in tickfold("data", "fetch", "GOOG", *YEAR).stdout
    assert series_of(s3).bars == 252


class InterruptingServer(AlpacaServer):
    """Interrupts the process, as Ctrl-C does, when it is asked for a range after the first."""

    asked = 0

    def respond(self, request: Received) -> Reply:
        self.asked += request.path == "/v2/stocks/bars"
        if self.asked == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return super().respond(request)


def test_interrupt_keeps_what_is_stored_and_says_how_to_go_on(
    tickfold: Command, s3: "S3Client", alpaca: AlpacaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with InterruptingServer() as server:
        server.add("GOOG", "1d", daily())
        server.add("ACME", "1d", daily())
        monkeypatch.setenv("TICKFOLD_PROVIDERS", json.dumps([{"name": "alpaca", "base_url": server.url}]))
        ended = tickfold("data", "fetch", "GOOG", "ACME", *YEAR)
    assert ended.status == ExitCode.INTERRUPTED
    assert "interrupted: 0 bars of ACME are stored; the same command goes on from there" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert series_of(s3).bars == 252


def test_missing_keys_say_which_would_help_and_how_to_set_them(
    tickfold: Command, alpaca: AlpacaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKFOLD_PROVIDERS", '[{"name": "alpha_vantage"}, {"name": "schwab"}]')
    ended = tickfold("data", "fetch", "GOOG", *YEAR)
    assert ended.status == ExitCode.REFUSED
    assert "alpha_vantage: no API key is stored; run `tickfold data keys set alpha_vantage`" in ended.stderr
    assert "schwab: no login is stored; run `tickfold auth schwab`" in ended.stderr


def test_stack_without_providers_says_how_to_name_or_configure_one(
    tickfold: Command, alpaca: AlpacaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKFOLD_PROVIDERS", "[]")
    ended = tickfold("data", "fetch", "GOOG", *YEAR)
    assert ended.status == ExitCode.REFUSED
    for remedy in ("--provider alpaca", "tickfold data keys set alpaca", "pulumi config set tickfold:providers alpaca"):
        assert remedy in ended.stderr


def test_files_need_no_keys_and_no_configuration(
    tickfold: Command, s3: "S3Client", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ["date,open,high,low,close,volume", "2005-01-03,10,12,9,11,5", "2005-01-04,10,12,9,11,5"]
    (tmp_path / "ACME.csv").write_text("\n".join(rows))
    ended = tickfold("data", "fetch", "ACME", *YEAR, "--provider", "files", "--path", str(tmp_path))
    assert (ended.status, ended.stderr) == (0, "")
    assert "fetched 2 bars from files, prices as traded" in ended.stdout
    assert series_of(s3, "ACME").source == "files"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--provider", "polygon"], "--provider 'polygon' is not a provider; expected one of alpaca"),
        (["--provider", "files"], "--provider files needs --path"),
        (["--path", "here"], "--path is for --provider files"),
        (["--end", "2004-12-31"], "--end 2004-12-31 is before --start 2005-01-01"),
    ],
)
def test_wrong_options_are_refused(
    tickfold: Command, alpaca: AlpacaServer, arguments: list[str], expected: str
) -> None:
    ended = tickfold("data", "fetch", "GOOG", "--start", "2005-01-01", *arguments)
    assert (ended.status, expected in ended.stderr) == (ExitCode.WRONG_USE, True), ended.stderr
    assert alpaca.requests == []


def test_timeframe_longer_than_a_day_is_refused(tickfold: Command, alpaca: AlpacaServer) -> None:
    ended = tickfold("data", "fetch", "GOOG", *YEAR, "--timeframe", "weekly")
    assert ended.status == ExitCode.REFUSED
    assert "1w bars cannot be fetched, only loaded" in ended.stderr


def test_series_that_was_adjusted_before_a_dividend_is_refused(
    tickfold: Command, s3: "S3Client", alpaca: AlpacaServer
) -> None:
    tickfold("data", "fetch", "GOOG", *YEAR, "--adjustment", "all")
    store = BarStore(s3, BUCKET)
    old = series_of(s3).model_copy(update={"adjusted_on": date(2024, 1, 2)})
    s3.put_object(Bucket=BUCKET, Key="data/series/GOOG/1d.json", Body=old.model_dump_json().encode())
    alpaca.dividends["GOOG"] = [Dividend(date(2024, 6, 10), 0.2)]
    ended = tickfold("data", "fetch", "GOOG", "--start", "2005-01-01", "--end", "2006-12-31")
    assert ended.status == ExitCode.REFUSED
    assert "GOOG 1d had a dividend on 2024-06-10" in ended.stderr
    assert "tickfold data remove GOOG --timeframe 1d" in ended.stderr
    assert store.catalog.get("GOOG", "1d") == old


# --- Schwab ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def schwab(s3: "S3Client", monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenStore]:
    """The secret of the login at Schwab, which has GOOG's bars, of a stack that uses it."""
    secrets = boto3.client("secretsmanager", region_name="us-east-1")
    keys = {"schwab": {"app_key": "app", "app_secret": "hidden"}}
    secrets.create_secret(Name="keys", SecretString=json.dumps(keys))
    secrets.create_secret(Name="schwab-tokens")
    with SchwabServer() as server:
        server.add("GOOG", "1d", daily(), "splits")
        for name, value in {
            "TICKFOLD_KEYS_SECRET": "keys",
            "TICKFOLD_SCHWAB_TOKENS_SECRET": "schwab-tokens",
            "TICKFOLD_BARS_TABLE": "bars",
            "TICKFOLD_PROVIDERS": json.dumps([{"name": "schwab", "base_url": server.url}]),
        }.items():
            monkeypatch.setenv(name, value)
        yield TokenStore(secrets, "schwab-tokens")


def test_schwab_is_asked_with_the_token_of_the_login(tickfold: Command, s3: "S3Client", schwab: TokenStore) -> None:
    now = datetime.now(UTC)
    schwab.write(Tokens(KEY, now + timedelta(minutes=29), "refresh", now + timedelta(days=5)))
    ended = tickfold("data", "fetch", "GOOG", *YEAR)
    assert (ended.status, ended.stderr) == (0, "")
    assert ended.stdout.startswith("GOOG 1d: fetched 252 bars from schwab, prices adjusted for splits; it now has 252")
    assert series_of(s3).bars == 252


def test_schwab_without_a_login_says_how_to_log_in(tickfold: Command, schwab: TokenStore) -> None:
    ended = tickfold("data", "fetch", "GOOG", *YEAR)
    assert ended.status != 0
    assert "tickfold auth schwab" in ended.stderr


def test_schwab_of_a_stack_that_does_not_use_it_says_how_to_log_in(
    tickfold: Command, schwab: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TICKFOLD_SCHWAB_TOKENS_SECRET")
    ended = tickfold("data", "fetch", "GOOG", *YEAR)
    assert ended.status != 0
    assert "tickfold auth schwab" in ended.stderr
