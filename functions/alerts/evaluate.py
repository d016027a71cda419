"""Evaluate: advances the rules that watch bars and portfolios, when some are announced, and the ends of runs.

An event of bars names symbols, whose bars are read from the hot table, and one of journals names portfolios; now and
then the journals of all portfolios that rules watch are read, as an event may be lost. A batch of the stream of runs
has their records. Each may come again, whole or in parts, which alerts nobody twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.each_portfolio import each_portfolio
from functions.settings import EvaluateSettings
from tickfold.alerts.alert_store import AlertStore
from tickfold.alerts.evaluator import Evaluator
from tickfold.alerts.observation import SeenRun
from tickfold.errors import TickfoldError
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.portfolios.store import PortfolioStore

logger = Logger()

Event = dict[str, Any]


class NotEvaluatedError(TickfoldError):
    """The rules on some portfolios could not be evaluated; the others are."""


@dataclass(frozen=True)
class Dependencies:
    """What Evaluate works with."""

    evaluator: Evaluator
    hot: HotStore
    portfolios: PortfolioStore


@cache
def dependencies() -> Dependencies:
    settings, dynamodb = EvaluateSettings.read(), wiring.dynamodb()
    evaluator = Evaluator(AlertStore(dynamodb.Table(settings.alerts_table)))
    bars, trading = dynamodb.Table(settings.bars_table), dynamodb.Table(settings.trading_table)
    return Dependencies(evaluator, HotStore(bars), PortfolioStore(trading))


@logger.inject_lambda_context(clear_state=True)
def handler(event: Event, _context: LambdaContext) -> None:
    logger.info("evaluated", extra={"alerts": evaluate(event, dependencies())})


def evaluate(event: Event, given: Dependencies) -> int:
    """Advance the rules that watch what an event tells of; without anything, those on portfolios. Return the alerts.

    Raises:
        NotEvaluatedError: for some portfolios that failed.
    """
    evaluator = given.evaluator
    if "Records" in event:
        return evaluator.evaluate([*ended_runs(DynamoDBStreamEvent(event))])
    detail = event.get("detail", {})
    if "symbols" in detail:
        return sum(evaluator.evaluate_bars(symbol, given.hot) for symbol in detail["symbols"])
    return _evaluate_journals(detail.get("portfolios") or evaluator.store.watched_portfolios(), given)


def _evaluate_journals(portfolios: Iterable[str], given: Dependencies) -> int:
    alerts, failed = each_portfolio(
        portfolios,
        lambda portfolio: given.evaluator.evaluate_journal(portfolio, given.portfolios),
        logger,
        "the rules on a portfolio could not be evaluated",
    )
    if failed:
        raise NotEvaluatedError(f"not evaluated: {', '.join(failed)}; see the log")
    return sum(alerts.values())


def ended_runs(event: DynamoDBStreamEvent) -> Iterator[SeenRun]:
    """Yield the runs whose end a batch tells."""
    for record in event.records:
        change = record.dynamodb
        row: Mapping[str, Any] = (change and change.new_image) or {}
        if "run_id" in row:
            ended_at = (change and change.approximate_creation_date_time) or int(datetime.now(UTC).timestamp())
            yield SeenRun(row["user_id"], row["run_id"], row["status"], datetime.fromtimestamp(ended_at, UTC))
