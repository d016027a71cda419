"""What a client may do with runs that exist: follow them, list them, ask for their results, cancel them."""

import json
from contextlib import suppress
from typing import assert_never

from functions import wiring
from functions.websocket.caller import Caller
from tickfold.backtests.run import Run
from tickfold.errors import RunError
from tickfold.protocol import (
    HEADLINE_METRICS,
    MAX_MESSAGE_BYTES,
    Cancel,
    Cancelled,
    GetResult,
    ListRuns,
    Message,
    Resume,
    Resumed,
    Runs,
    RunSummary,
    Subscribe,
    Subscribed,
    SweepConfig,
    Unsubscribe,
    Unsubscribed,
    dump,
    parse_config,
    parse_message,
)
from tickfold.realtime import topics

_BYTES_BESIDE_RUNS = 1_000


def resume(caller: Caller, request: Resume) -> None:
    """Subscribe the caller to a run, and send what it has missed; what comes in between may come twice."""
    run = _visible(caller, request.run_id)
    wiring.connections().subscribe(caller.connection_id, caller.identity, topics.of_run(run.run_id))
    run = wiring.runs().get(run.run_id) or run  # what was appended before the subscription must be sent from here
    caller.answer(Resumed(run_id=run.run_id, status=run.status, last_sequence=run.sequence))
    for body in wiring.runs().messages_after(run.run_id, request.after):
        if not caller.send(body):
            return


def replay(caller: Caller, run: Run) -> None:
    """Send all of a run's messages so far, the first as the answer to what was sent."""
    first, *others = wiring.runs().messages_after(run.run_id, 0)
    caller.answer(parse_message(first))
    for body in others:
        if not caller.send(body):
            return


def list_runs(caller: Caller, request: ListRuns) -> None:
    """Send as many of the caller's runs as were asked for and fit into a message."""
    runs, following = wiring.runs().of_user(caller.identity.user_id, request.limit, request.before)
    fitting: list[RunSummary] = []
    room = MAX_MESSAGE_BYTES - _BYTES_BESIDE_RUNS
    for run in runs:
        summary = _summary(run)
        room -= len(dump(summary).encode()) + 1
        if room < 0:
            following = runs[len(fitting) - 1].created_at.isoformat()
            break
        fitting.append(summary)
    caller.answer(Runs(runs=fitting, next=following))


def get_result(caller: Caller, request: GetResult) -> None:
    """Send the message that a run has ended with."""
    run = _visible(caller, request.run_id)
    if run.ended_with is None or run.status == "running":
        done = f"{run.chunks_done} of {run.chunks} chunks are done"
        raise RunError(f"run {run.run_id} is still going on: {done}", "conflict")
    caller.answer(parse_message(run.ended_with))


def subscribe(caller: Caller, request: Subscribe) -> None:
    """Subscribe the caller to a topic that is its own."""
    topic, name = _topic(caller, request)
    wiring.connections().subscribe(caller.connection_id, caller.identity, topic)
    caller.answer(Subscribed(topic=request.topic, id=name))


def unsubscribe(caller: Caller, request: Unsubscribe) -> None:
    """Undo it."""
    topic, name = _topic(caller, request)
    wiring.connections().unsubscribe(caller.connection_id, topic)
    caller.answer(Unsubscribed(topic=request.topic, id=name))


def cancel(caller: Caller, request: Cancel) -> None:
    """Stop a run of the caller's own; to stop it twice is no error, and answered alike."""
    run = _visible(caller, request.run_id)
    if run.user_id != caller.identity.user_id:
        raise RunError(f"run {run.run_id} is not yours: only who started it may cancel it", "conflict")
    cancelled = wiring.counted_runs().end(run.run_id, Cancelled(), told=caller.connection_id) or _cancelled_before(run)
    try:
        # After it, so that the execution of a run that has a result is never stopped; and again when asked again.
        stop_execution(run)
    finally:
        caller.answer(cancelled)


def stop_execution(run: Run) -> None:
    """Stop the run's execution, if it was started and has not ended by itself."""
    client = wiring.step_functions()
    with suppress(client.exceptions.ExecutionDoesNotExist, client.exceptions.ValidationException):
        client.stop_execution(executionArn=run.execution_arn, error="Cancelled", cause="cancelled by its owner")


def _cancelled_before(run: Run) -> Message:
    """Return the message by which the run was cancelled before: to cancel twice is no error."""
    ended = wiring.runs().get(run.run_id) or run
    if ended.status != "cancelled" or ended.ended_with is None:
        raise RunError(f"run {run.run_id} has ended already: {ended.status}", "conflict")
    return parse_message(ended.ended_with)


def _visible(caller: Caller, run_id: str) -> Run:
    """Return a run of the caller's or of one of its portfolios; of others it does not learn that they exist."""
    run = wiring.runs().get(run_id)
    if run is None or (run.user_id != caller.identity.user_id and run.portfolio not in caller.identity.portfolios):
        raise RunError(f"there is no run {run_id}", "not_found")
    return run


def _topic(caller: Caller, request: Subscribe | Unsubscribe) -> tuple[str, str]:
    """Return the topic that is meant, and the id by which the caller knows it."""
    match request.topic:
        case "user":
            name = caller.identity.user_id
            if request.id not in (None, name):
                raise RunError(f"you are {name}, and can subscribe to no other user", "not_found")
            return topics.of_user(name), name
        case "portfolio":
            name = request.id or ""
            if name not in caller.identity.portfolios:
                raise RunError(f"portfolio {name} is not one of yours", "not_found")
            return topics.of_portfolio(name), name
        case "run":
            name = _visible(caller, request.id or "").run_id
            return topics.of_run(name), name
    assert_never(request.topic)


def _summary(run: Run) -> RunSummary:
    config = parse_config(json.loads(run.request))
    symbols = [allocation.symbol for allocation in config.allocations]
    metrics = json.loads(run.result)["metrics"] if run.result else {}
    return RunSummary(
        run_id=run.run_id,
        status=run.status,
        created_at=int(run.created_at.timestamp() * 1_000),
        stock=symbols[0] if len(symbols) == 1 else f"{symbols[0]} and {len(symbols) - 1} more",
        strategy=config.strategy,
        start_date=config.start_date,
        end_date=config.end_date,
        sweep=isinstance(config, SweepConfig),
        portfolio=run.portfolio,
        chunks_done=run.chunks_done,
        chunks=run.chunks,
        metrics={name: metrics[name] for name in HEADLINE_METRICS if name in metrics},
    )
