"""What to do when a portfolio was changed by another since it was read: read it again, and decide anew."""

from collections.abc import Callable
from typing import Final, TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from tickfold.errors import RunError
from tickfold.portfolios.store import OvertakenError

_ATTEMPTS: Final = 20
Changed = TypeVar("Changed")


def until_written(portfolio: str, change: Callable[[], Changed]) -> Changed:
    """Return what `change` returns, which reads the portfolio, decides, and writes; again while others overtake it.

    Raises:
        RunError: others overtook it over and over, 5 s in all at most. Nothing was written.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(OvertakenError),
        wait=wait_random_exponential(multiplier=0.01, max=0.25),
        stop=stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
    try:
        return attempts(change)
    except OvertakenError:
        reason = f"portfolio {portfolio} is being changed all the time, and nothing was done: try again"
        raise RunError(reason, "conflict") from None
