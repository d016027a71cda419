"""The page of limits, from the constants that enforce them."""

from components.configuration import Configuration
from tickfold.alerts import alert_requests, alert_store, webhook
from tickfold.backtests import grid, missing_bars, planning, quota, run_reader, run_store
from tickfold.identity import token_verifier, user
from tickfold.market_data import series_reader
from tickfold.market_data.feed import compaction, watch_list
from tickfold.portfolios import placing, reading, store
from tickfold.protocol import MAX_MESSAGE_BYTES, MAX_REQUEST_BYTES, MOST_FEED_SYMBOLS, MOST_SYMBOLS
from tickfold.protocol.alerts import MOST_RULES
from tickfold.protocol.parameters import MOST_PARAMETERS
from tickfold.protocol.windows import MOST_POINTS
from tickfold.realtime import connections, delivery
from tickfold.strategies import evaluation, files
from tickfold.trading import bots

INTRODUCTION = """# Limits

Generated from the constants that enforce them by `make docs`. A request above a limit gets an `error` and has no side
effects.

| limit | value |
|---|---|
"""
_DAY = 24 * 3_600


def render() -> str:
    """Return the page."""
    rows = (*_run(), *_sweep(), *_feed(), *_portfolios(), *_alerts(), *_realtime(), *_http())
    return INTRODUCTION + "".join(f"| {what} | {value} |\n" for what, value in rows)


def _run() -> list[tuple[str, str]]:
    names = ("max_running_runs", "max_daily_runs", "max_active_runs")
    running, daily, active = (Configuration.model_fields[name].default for name in names)
    return [
        ("chunks of a run", f"{planning.MOST_CHUNKS:,}"),
        ("symbols of a run", f"{MOST_SYMBOLS:,}"),
        ("bars of a chunk", f"{grid.LONGEST_CHUNK:,}"),
        ("bars of a run", f"{planning.MOST_CHUNKS * grid.LONGEST_CHUNK:,}"),
        ("longest range fetched for a run, in bars", f"{missing_bars.MOST_BARS:,}"),
        ("time of a strategy for one chunk", f"{evaluation.SECONDS:g} s"),
        ("time to import a strategy's file", f"{files.IMPORT_SECONDS:g} s"),
        ("parameters of a strategy in a request", f"{MOST_PARAMETERS:,}"),
        ("runs of a user at once (`tickfold:maxRunningRuns`)", f"{running:,}"),
        ("runs of all users that are carried out at once; others wait (`tickfold:maxActiveRuns`)", f"{active:,}"),
        ("time of a run, waiting included", "24 hours"),
        ("runs that a user may start in a UTC day (`tickfold:maxDailyRuns`)", f"{daily:,}"),
        ("retention of a run's record", f"{run_store.RECORDS_LIVE_SECONDS // _DAY} days"),
        ("retention of a run's messages", f"{run_store.MESSAGES_LIVE_SECONDS // _DAY} days"),
        ("retention of the key of a start", f"{quota.ROWS_LIVE_SECONDS // _DAY} days"),
    ]


def _sweep() -> list[tuple[str, str]]:
    return [
        ("combinations of a sweep, including rejected ones", f"{grid.MOST_COMBINATIONS:,}"),
        ("bars × combinations of a sweep", f"{grid.MOST_BARS:,}"),
        ("bars × combinations of one chunk", f"{grid.MOST_CHUNK_BARS:,}"),
        ("windows × combinations of a walk-forward", f"{grid.MOST_WINDOW_RUNS:,}"),
        ("in-sample bars of all windows × combinations", f"{grid.MOST_WINDOW_BARS:,}"),
    ]


def _feed() -> list[tuple[str, str]]:
    return [
        ("symbols of the feed", f"{watch_list.MOST_SYMBOLS:,}"),
        ("symbols in one request to the feed", f"{MOST_FEED_SYMBOLS:,}"),
        ("retention of bars in the hot table, once they are in the data lake", f"{compaction.KEPT.days} days"),
    ]


def _alerts() -> list[tuple[str, str]]:
    return [
        ("alert rules of a user", f"{MOST_RULES:,}"),
        ("messages of a user in a UTC day to have an address confirmed", f"{alert_requests.MOST_CONFIRMATIONS:,}"),
        ("times that an alert is posted to a webhook that does not take it", f"{webhook.ATTEMPTS:,}"),
        ("retention of alerts", f"{alert_store.ALERTS_LIVE_SECONDS // _DAY} days"),
    ]


def _portfolios() -> list[tuple[str, str]]:
    return [
        ("portfolios of a user", f"{store.MOST_PORTFOLIOS:,}"),
        ("open orders of a portfolio, exits of brackets included", f"{placing.MOST_OPEN_ORDERS:,}"),
        ("symbols that a portfolio holds or orders", f"{placing.MOST_SYMBOLS:,}"),
        ("bots of a portfolio that are not stopped", f"{bots.MOST_BOTS:,}"),
        ("entries of a journal sent to a subscriber that lacks them", f"{reading.MOST_REPLAYED:,}"),
    ]


def _realtime() -> list[tuple[str, str]]:
    return [
        ("bytes of a request", f"{MAX_REQUEST_BYTES:,}"),
        ("bytes of a message", f"{MAX_MESSAGE_BYTES:,}"),
        ("progress messages of a run", f"{run_store.PROGRESS_STEPS}, {1 / run_store.PROGRESS_SECONDS:g} per second"),
        ("subscriptions of a connection", f"{connections.MOST_TOPICS:,}"),
        (
            "time in which a connection must accept its messages",
            f"{delivery.BASE_TIMEOUT_SECONDS:g} s + {delivery.TIMEOUT_SECONDS_PER_MESSAGE:g} s per message",
        ),
        ("characters of a token", f"{token_verifier.LONGEST_TOKEN:,}"),
        ("portfolios of a user", f"{user.MOST_PORTFOLIOS:,}"),
    ]


def _http() -> list[tuple[str, str]]:
    requests = Configuration.model_fields["max_requests_a_minute"].default
    return [
        ("HTTP requests of a user in a minute (`tickfold:maxRequestsAMinute`)", f"{requests:,}"),
        ("points of a window over HTTP", f"{MOST_POINTS:,}"),
        ("bars of a window of a series over HTTP", f"{series_reader.MOST_BARS:,}"),
        ("bars of a run whose curve or trades are read over HTTP", f"{run_reader.MOST_BARS:,}"),
    ]
