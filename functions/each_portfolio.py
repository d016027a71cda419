"""One portfolio after another: what fails for one is done for the others all the same."""

from collections.abc import Callable, Iterable

from aws_lambda_powertools import Logger


def each_portfolio(
    portfolios: Iterable[str], carry_out: Callable[[str], int], logger: Logger, failure: str
) -> tuple[dict[str, int], list[str]]:
    """Carry something out for each portfolio; return what it returned by portfolio, and the portfolios that failed.

    Each failure is logged as `failure`, with its reason.
    """
    done, failed = dict[str, int](), list[str]()
    for portfolio in portfolios:
        try:
            done[portfolio] = carry_out(portfolio)
        except Exception:
            logger.exception(failure, extra={"portfolio": portfolio})
            failed.append(portfolio)
    return done, failed
