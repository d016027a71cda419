"""Runs: start, list, look at and cancel them; their results, trades, curves and messages."""

from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from functions.api.operation import Area, Call, Located
from tickfold.backtests.following import final_message, visible_run
from tickfold.backtests.listing import summary
from tickfold.backtests.messages_page import messages_page
from tickfold.protocol import (
    Accepted,
    Cancel,
    Cancelled,
    Failed,
    ListRuns,
    Message,
    Result,
    Runs,
    RunSummary,
)
from tickfold.protocol.backtests import RunsPage
from tickfold.protocol.requests import StartRun
from tickfold.protocol.run_views import EquityWindow, MessagesPage, RunMessages, Trades, TradesPage
from tickfold.protocol.windows import Window
from tickfold.protocol.wire import RunId, Wire

area = Area("runs", "Backtests and sweeps: start, list, look at and cancel them; their results, trades and curves.")


class RunPath(Wire):
    """A run."""

    run_id: Annotated[RunId, Field(pattern="^[A-Za-z0-9_-]+$", description="Its id, as in `accepted`.")]


@area.operation("GET", "/v1/runs", answer=Runs)
def list_runs(call: Call, query: RunsPage) -> str:
    """List your runs, newest first."""
    return call.reply_to(ListRuns(limit=query.limit, before=query.before), call.services.lister.list_runs)


@area.operation(
    "POST",
    "/v1/runs",
    answer=Accepted,
    status=HTTPStatus.ACCEPTED,
    refusals=("not_found", "conflict", "limit"),
    headers={"Location": "The run."},
    key="key",
)
def start_run(call: Call, body: StartRun, ignored: list[str]) -> Located:
    """Start a backtest or a sweep.

    With an `Idempotency-Key`, the same request within two days starts no second run and has the same answer. Without
    one, every request starts a run.
    """
    reply = call.reply_to(body, call.services.starter.start, ignored)
    return Located(reply, f"/v1/runs/{Accepted.model_validate_json(reply).run_id}")


@area.operation("GET", "/v1/runs/{runId}", answer=RunSummary, refusals=("not_found",))
def get_run(call: Call, path: RunPath) -> RunSummary:
    """Look at a run: how far it is, and once it has succeeded its headline metrics."""
    return summary(visible_run(call.services.runs, call.user, path.run_id))


@area.operation("DELETE", "/v1/runs/{runId}", answer=Cancelled, refusals=("not_found", "conflict"))
def cancel_run(call: Call, path: RunPath) -> str:
    """Cancel a run. Its record stays. Idempotent; has the same answer."""
    return call.reply_to(Cancel(run_id=path.run_id), call.services.canceller.cancel)


@area.operation(
    "GET",
    "/v1/runs/{runId}/result",
    answer=Result | Failed | Cancelled,
    refusals=("not_found", "conflict"),
    has_etag=True,
)
def get_result(call: Call, path: RunPath) -> Message:
    """Get the message that a run has ended with: its result, why it failed, or that it was cancelled."""
    return final_message(visible_run(call.services.runs, call.user, path.run_id))


@area.operation("GET", "/v1/runs/{runId}/trades", answer=Trades, refusals=("not_found", "conflict"), has_etag=True)
def list_trades(call: Call, path: RunPath, query: TradesPage) -> Trades:
    """List the closed trades of a run that has succeeded, in the order of their exits; of a sweep, of its best set."""
    return call.services.run_reader.trades(visible_run(call.services.runs, call.user, path.run_id), query)


@area.operation(
    "GET", "/v1/runs/{runId}/equity", answer=EquityWindow, refusals=("not_found", "conflict"), has_etag=True
)
def get_equity(call: Call, path: RunPath, query: Window) -> EquityWindow:
    """Get a window of the equity curve of a run that has succeeded, with drawdown and buy and hold beside."""
    return call.services.run_reader.equity(visible_run(call.services.runs, call.user, path.run_id), query)


@area.operation("GET", "/v1/runs/{runId}/messages", answer=RunMessages, refusals=("not_found",))
def list_messages(call: Call, path: RunPath, query: MessagesPage) -> RunMessages:
    """List the messages of a run so far; they are kept for seven days."""
    return messages_page(call.services.runs, visible_run(call.services.runs, call.user, path.run_id), query)
