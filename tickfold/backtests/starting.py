"""Starting runs: a request is checked, recorded for its user, and handed to the workflow."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from tickfold.backtests.failure import reason_of
from tickfold.backtests.following import replay
from tickfold.backtests.missing_bars import fed_until, missing_bars, uncompacted
from tickfold.backtests.planning import check, check_timeframes, strategies_of
from tickfold.backtests.quota import Limits, Start
from tickfold.backtests.reduction_memory import check_memory
from tickfold.backtests.run import Run, new_run_id
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.workflow import Workflow
from tickfold.engine.timeframe import canonical_timeframe
from tickfold.errors import RunError
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.series import Series
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.protocol import (
    Accepted,
    BacktestConfig,
    Failed,
    StartBacktest,
    StartSweep,
    SweepConfig,
    dump,
)
from tickfold.realtime import topics
from tickfold.realtime.caller import Caller
from tickfold.realtime.connections import MOST_TOPICS_OF_ROW, Subscriptions
from tickfold.strategies import Registry
from tickfold.strategies.code_version import code_version

_FETCH = "name a timeframe, such as 1d, to have bars of a new symbol fetched"
_CONFIGURE = (
    "to have bars fetched, store keys of a provider (tickfold data keys set alpaca) and configure it for the stack"
)


class Log(Protocol):
    """Where a run that cannot be started is logged, under the keys that were appended."""

    def append_keys(self, **keys: str) -> None: ...

    def exception(self, message: str, /) -> None: ...


@dataclass(frozen=True)
class RunStarter:
    """Starts runs within `limits`, over the series of a catalog, that a reducer with `reduce_memory` MB can hold.

    Bars that the lake lacks are put there before a run is planned: those that the feed has stored in the hot table, and
    with `fetches`, for which providers are configured, others too.
    """

    runs: RunLifecycle
    connections: Subscriptions
    series: SeriesCatalog
    hot: HotStore
    watch_list: WatchList
    strategies: Registry
    workflow: Workflow
    limits: Limits
    reduce_memory: int
    log: Log
    fetches: bool = False

    def start(self, caller: Caller, request: StartBacktest | StartSweep, ignored: list[str]) -> None:
        """Start a run; or, if the caller has started it before under the same key, send its messages again.

        `ignored` are the unknown fields of the request.

        Raises:
            RunError: the request cannot be carried out, or the user has reached a limit. Nothing is started.
        """
        if request.portfolio is not None and request.portfolio not in caller.user.portfolios:
            raise RunError(f"portfolio {request.portfolio} is not one of yours", "not_found")
        config, fetch = self._checked(request.config)
        new = self._record(caller, config, request.portfolio)
        accepted = Accepted(
            run_id=new.run_id,
            sequence=1,
            execution_arn=new.execution_arn,
            config=config,
            portfolio=request.portfolio,
            ignored=ignored,
        )
        start = _start(caller, request, new.run_id, self.limits)
        run = self.runs.create(new, accepted, start, already_sent_to=caller.connection_id)
        self.log.append_keys(run_id=run.run_id)
        self._subscribe(caller, run, is_new=run is new)
        try:
            if run is new:
                caller.reply(accepted)
            else:
                replay(self.runs, caller, run)
        finally:
            # Whatever became of the reply: a run that is recorded as running and never started would never end.
            if run.is_running and run.sequence == 1:
                self._execute(run, fetch=fetch)

    def _checked(self, config: BacktestConfig | SweepConfig) -> tuple[BacktestConfig | SweepConfig, bool]:
        """Return `config` with the timeframe filled in, and whether bars have to be fetched for it.

        What depends on bars that are not there yet is left for Plan to check.
        """
        timeframe = config.timeframe and (canonical_timeframe(config.timeframe) or config.timeframe)
        fetch = timeframe is not None and self._lacks_bars(config, timeframe)
        if timeframe is None or not fetch:
            found = self._found(config)
            check_timeframes(found)
            timeframe = found[0].timeframe
            fetch = fetch or (config.timeframe is None and self._lacks_bars(config, timeframe))
        sets = len(strategies_of(config, self.strategies))
        if not fetch:
            ranges = check(config, found, self.strategies)
            check_memory(config, [each.bars for each in ranges], self.reduce_memory, sets=sets)
        return config.model_copy(update={"timeframe": timeframe}), fetch

    def _lacks_bars(self, config: BacktestConfig | SweepConfig, timeframe: str) -> bool:
        if uncompacted(config, timeframe, self.hot):
            return True
        fed = fed_until(config, timeframe, self.hot, self.watch_list)
        return self.fetches and bool(missing_bars(config, timeframe, self.series, datetime.now(UTC), fed))

    def _found(self, config: BacktestConfig | SweepConfig) -> Sequence[Series]:
        """Return the series of each symbol.

        Raises:
            RunError: there is none; the message says how to get its bars.
        """
        try:
            return self.series.find_all([allocation.symbol for allocation in config.allocations], config.timeframe)
        except RunError as error:
            raise RunError(f"{error}; {_FETCH if self.fetches else _CONFIGURE}", error.code) from None

    def _record(self, caller: Caller, config: BacktestConfig | SweepConfig, portfolio: str | None) -> Run:
        now = datetime.now(UTC)
        symbols = [allocation.symbol for allocation in config.allocations]
        run_id = new_run_id(symbols, config.strategy, now, secrets.token_hex(3))
        return Run(
            run_id=run_id,
            user_id=caller.user.user_id,
            portfolio=portfolio,
            status="running",
            created_at=now,
            execution_arn=self.workflow.execution_arn(run_id),
            request=dump(config),
            sequence=1,
            code=code_version(self.strategies.strategies[config.strategy]),
        )

    def _subscribe(self, caller: Caller, run: Run, *, is_new: bool) -> None:
        """Subscribe the caller to the run; a new run that nobody could follow is not started."""
        try:
            topic = topics.of_run(run.run_id)
            self.connections.subscribe(caller.connection_id, caller.user, topic, MOST_TOPICS_OF_ROW)
        except Exception as error:
            if is_new:
                self._fail(run, error)
            raise

    def _execute(self, run: Run, *, fetch: bool) -> None:
        """Start the run's execution, which begins with a fetch if bars are missing. Idempotent."""
        try:
            if self.workflow.start(run, fetch=fetch) and self.runs.status(run.run_id) == "cancelled":
                self.workflow.stop(run)  # whoever cancelled it may have found nothing to stop
        except Exception as error:
            self.log.exception("the execution could not be started")
            self._fail(run, error)

    def _fail(self, run: Run, error: Exception) -> None:
        self.runs.end(run.run_id, Failed(stage="start", reason=reason_of(error, "start")))


def _start(caller: Caller, request: StartBacktest | StartSweep, run_id: str, limits: Limits) -> Start:
    """Return the start of a run. Without a key of the client's, API Gateway's id of the message serves as one."""
    key = request.key or f"{caller.connection_id}/{caller.message_id}"
    return Start(caller.user.user_id, run_id, key, f"{request.portfolio} {dump(request.config)}", limits)
