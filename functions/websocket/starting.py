"""Starts runs: what a client asks for is checked, recorded under its user, and handed to the workflow."""

import json
import secrets
from datetime import UTC, datetime

from aws_lambda_powertools import Logger

from functions import settings, wiring
from functions.websocket.caller import Caller
from functions.websocket.following import replay, stop_execution
from tickfold.backtests.failure import reason_of
from tickfold.backtests.planning import check
from tickfold.backtests.quota import Start
from tickfold.backtests.run import Run, new_run_id
from tickfold.errors import RunError
from tickfold.market_data.series import SeriesCatalog
from tickfold.protocol import Accepted, BacktestConfig, Failed, StartBacktest, StartSweep, SweepConfig, dump
from tickfold.realtime import topics
from tickfold.realtime.connections import MOST_TOPICS_OF_ROW

logger = Logger(child=True)


def start(caller: Caller, request: StartBacktest | StartSweep, ignored: list[str]) -> None:
    """Start a run, or, where the caller has started it before under the same key, send its messages again."""
    if request.portfolio is not None and request.portfolio not in caller.identity.portfolios:
        raise RunError(f"portfolio {request.portfolio} is not one of yours", "not_found")
    config = _checked(request.config)
    wanted = _record(caller, config, request.portfolio)
    accepted = Accepted(
        run_id=wanted.run_id,
        sequence=1,
        execution_arn=wanted.execution_arn,
        config=config,
        portfolio=request.portfolio,
        ignored=ignored,
    )
    # Without a key of the client's, the same message is at least not carried out twice.
    key = request.key or f"{caller.connection_id}/{caller.message_id}"
    asked = f"{request.portfolio} {dump(request.config)}"
    begun = Start(wanted.user_id, wanted.run_id, key, asked, wiring.limits())
    run = wiring.counted_runs().create(wanted, accepted, begun, told=caller.connection_id)
    _follow(caller, run, is_new=run is wanted)
    try:
        if run is wanted:
            caller.answer(accepted)
        else:
            replay(caller, run)
    finally:
        # Whatever became of the answer: a run that is recorded as running and never started would never end.
        if run.status == "running" and run.sequence == 1:
            _start_execution(run)


def _follow(caller: Caller, run: Run, *, is_new: bool) -> None:
    """Subscribe the caller to the run; a new run that cannot be followed is not started."""
    try:
        topic = topics.of_run(run.run_id)
        wiring.connections().subscribe(caller.connection_id, caller.identity, topic, MOST_TOPICS_OF_ROW)
    except Exception as error:
        if is_new:
            wiring.counted_runs().end(run.run_id, Failed(stage="start", reason=reason_of(error, "start")))
        raise


def _checked(config: BacktestConfig | SweepConfig) -> BacktestConfig | SweepConfig:
    """Return `config` with the timeframe that it leaves open."""
    symbols = [allocation.symbol for allocation in config.allocations]
    found = SeriesCatalog(wiring.s3(), wiring.bucket()).find_all(symbols, config.timeframe)
    check(config, found, wiring.strategies())
    return config.model_copy(update={"timeframe": found[0].timeframe})


def _record(caller: Caller, config: BacktestConfig | SweepConfig, portfolio: str | None) -> Run:
    now = datetime.now(UTC)
    symbols = [allocation.symbol for allocation in config.allocations]
    run_id = new_run_id(symbols, config.strategy, now, secrets.token_hex(3))
    machine = settings.require(settings.STATE_MACHINE_ARN)
    return Run(
        run_id=run_id,
        user_id=caller.identity.user_id,
        portfolio=portfolio,
        status="running",
        created_at=now,
        execution_arn=f"{machine.replace(':stateMachine:', ':execution:')}:{run_id}",
        request=dump(config),
        sequence=1,
    )


def _start_execution(run: Run) -> None:
    """Start the run's execution; to start it again is no error, since its name and its input are the same."""
    client, runs = wiring.step_functions(), wiring.counted_runs()
    given = json.dumps({"run_id": run.run_id, "request": json.loads(run.request)})
    try:
        client.start_execution(
            stateMachineArn=settings.require(settings.STATE_MACHINE_ARN), name=run.run_id, input=given
        )
        now = runs.get(run.run_id)
        if now is not None and now.status == "cancelled":  # by somebody who may have found nothing to stop
            stop_execution(run)
    except client.exceptions.ExecutionAlreadyExists:
        pass
    except Exception as error:
        logger.exception("the workflow could not be started")
        runs.end(run.run_id, Failed(stage="start", reason=reason_of(error, "start")))
