"""Export portfolios: puts what journals have since the last time into the lake, where SQL reads it."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.each_portfolio import each_portfolio
from functions.settings import ExportPortfoliosSettings
from tickfold.errors import TickfoldError
from tickfold.portfolios.lake.export import LakeExport
from tickfold.portfolios.store import PortfolioStore
from tickfold.storage.bucket import Bucket

logger = Logger()

Event = dict[str, Any]


class NotExportedError(TickfoldError):
    """Some portfolios could not be exported; the others are."""


@dataclass(frozen=True)
class Dependencies:
    """What Export portfolios works with."""

    portfolios: PortfolioStore
    lake: LakeExport


@cache
def dependencies() -> Dependencies:
    settings = ExportPortfoliosSettings.read()
    portfolios = PortfolioStore(wiring.dynamodb().Table(settings.trading_table))
    return Dependencies(portfolios, LakeExport(portfolios, Bucket(wiring.s3(), settings.bucket)))


def export_portfolios(_event: Event, given: Dependencies) -> Event:
    """Put into the lake what it lacks of each portfolio; return how many entries that were, by portfolio.

    Raises:
        NotExportedError: for some portfolios that failed.
    """
    known = given.portfolios.all_ids()
    counts, failed = each_portfolio(known, given.lake.export, logger, "a portfolio could not be exported")
    written = {portfolio: count for portfolio, count in counts.items() if count}
    logger.info("exported", extra={"written": written})
    if failed:
        raise NotExportedError(f"not exported: {', '.join(failed)}; see the log")
    return {"written": written}


@logger.inject_lambda_context(clear_state=True)
def handler(event: Event, _context: LambdaContext) -> Event:
    return export_portfolios(event, dependencies())
