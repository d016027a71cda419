"""Returns by calendar month and year (UTC): from the last bar of one to the last bar of the next."""

from dataclasses import dataclass

import numpy as np

from tickfold.engine.arrays import Floats, Ints

_NO_RETURN = float("nan")


@dataclass(frozen=True)
class YearOfReturns:
    """A year's return and those of its months, January first; NaN where there are no bars."""

    year: int
    months: tuple[float, ...]
    total: float


def monthly_returns(timestamp: Ints, equity: Floats, capital: float) -> list[YearOfReturns]:
    """Return every year with bars, oldest first.

    The first month counts from `capital`, that of the start. A month without bars has no return; the move across it
    belongs to the next month with bars. After a month that ended at zero or below, the return is undefined.
    """
    month = timestamp.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)  # months since January 1970
    months = _returns(month, equity, capital)
    years = _returns(month // 12, equity, capital)
    return [
        YearOfReturns(1970 + year, tuple(months.get(12 * year + m, _NO_RETURN) for m in range(12)), total)
        for year, total in years.items()
    ]


def _returns(period: Ints, equity: Floats, capital: float) -> dict[int, float]:
    """Return the return of each period that has bars."""
    last = np.append(np.flatnonzero(np.diff(period)), len(period) - 1)
    after = equity[last]
    before = np.append(capital, after[:-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(before > 0, after / before - 1, np.nan)
    return dict(zip(period[last].tolist(), change.tolist(), strict=True))
