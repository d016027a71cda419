"""A load that another one has overtaken: nothing of it is stored, and it is done again."""

from typing import Final

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from tickfold.market_data.bar_store import SeriesChangedError

_ATTEMPTS: Final = 5


def unless_overtaken() -> Retrying:
    """Return what calls a load again while others overtake it, a few times.

    Raises:
        SeriesChangedError: by what is returned, if each time another load was first.
    """
    return Retrying(
        retry=retry_if_exception_type(SeriesChangedError),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        stop=stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
