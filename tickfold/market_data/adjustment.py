"""Adjustment: raw bars as they would have been had the later splits and dividends of a range come before it.

A split of n new shares for one divides earlier prices by n and multiplies earlier volumes by n. A dividend D multiplies
earlier prices by 1 - D / C, where C is the close before its ex-date. By these multipliers Yahoo Finance states adjusted
closes, "adhering to Center for Research in Security Prices (CRSP) standards" (its help page "What is the adjusted
close?"). The base, where prices are as traded, is the last session of the range; CRSP's Data Description Guide calls it
the adjustment base date. A bar is earlier if its session is before the ex-date.

The factors of a bar depend on its session and the list of actions alone, and are multiplied in one order: bars that are
adjusted piece by piece are, bit for bit, those that are adjusted all at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from math import fsum, prod

import numpy as np

from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import day_number
from tickfold.errors import RunError
from tickfold.market_data.corporate_actions import CorporateAction
from tickfold.market_data.series import Series
from tickfold.protocol.backtest_config import PriceAdjustment
from tickfold.protocol.backtests import PRICES


@dataclass(frozen=True, eq=False)
class Factors:
    """What prices and volumes are multiplied by: those of sessions before `days[i]` and not before `days[i - 1]` by the
    i-th factors, those of later sessions by the last, which are 1.

    `days` counts from 1970-01-01, shape (n,); `price` and `volume` have shape (n + 1,).
    """

    days: Ints
    price: Floats
    volume: Floats


def factors_of(actions: Iterable[CorporateAction]) -> Factors:
    """Return the factors that adjust for `actions`.

    Raises:
        RunError: a dividend is not below the close before it.
    """
    days, price, volume = list[int](), [1.0], [1.0]
    for day, found in groupby(sorted(actions, reverse=True), key=lambda action: action.day):
        of_day = list(found)
        shares = prod(action.value for action in of_day if action.kind == "split")
        days.append(day_number(day))
        price.append(price[-1] * (_dividend_factor(of_day) / shares))
        volume.append(volume[-1] * shares)
    return Factors(np.array(days[::-1], dtype=np.int64), np.array(price[::-1]), np.array(volume[::-1]))


def adjusted(bars: Bars, factors: Factors) -> Bars:
    """Return raw `bars` with their prices and volumes adjusted by `factors`; without any, they are as they were.

    Adjusted prices lie on no grid, so that their decimals are unknown.
    """
    if not len(factors.days):
        return bars
    at = np.searchsorted(factors.days, bars.session_dates, side="right")
    price, volume = factors.price[at], factors.volume[at]
    return replace(
        bars,
        open=bars.open * price,
        high=bars.high * price,
        low=bars.low * price,
        close=bars.close * price,
        volume=bars.volume * volume,
        decimals=None,
    )


def adjusted_for_splits(bars: Bars, actions: Iterable[CorporateAction]) -> Bars:
    """Return raw `bars` adjusted for the splits among `actions`, for a look at them without the jumps of those."""
    return adjusted(bars, factors_of(each for each in actions if each.kind == "split"))


def adjusts(series: Series) -> bool:
    """Return whether a run adjusts the bars of `series` as it reads them: they are raw, and their actions known."""
    return series.adjustment == "raw" and series.actions is not None


def actions_within(series: Series, wanted: PriceAdjustment, first: date, last: date) -> list[CorporateAction]:
    """Return the splits and dividends that bars of `series` are adjusted for in a run from `first` to `last`.

    They are those that fall between bars of the run: prices of its last session are as traded, and what comes later
    changes none. The series must be one that `adjusts`.

    Raises:
        RunError: not all splits and dividends are known.
    """
    if wanted == "raw":
        return []
    dates = [day for day in series.dates if first <= day <= last]
    if series.lacks_actions(dates[0], dates[-1]):
        raise RunError(
            f"splits and dividends of {series.symbol} {series.timeframe} are not known from {dates[0]} to {dates[-1]}: "
            f"fetch them (tickfold data fetch {series.symbol} --timeframe {series.timeframe} --start {dates[0]}), or "
            "run with adjustment raw"
        )
    known = series.actions.found if series.actions else []
    found = [each for each in known if dates[0] < each.day <= dates[-1]]
    return found if wanted == "all" else [each for each in found if each.kind == "split"]


def check_stored(series: Series, wanted: PriceAdjustment) -> None:
    """Check that bars which are read as they were stored are what is `wanted`: by default whatever they are.

    Raises:
        RunError: they are not, or nobody knows.
    """
    if wanted in ("all", series.adjustment):
        return
    stored = PRICES[series.adjustment] if series.adjustment else "of which nobody knows what they are adjusted for"
    if series.adjustment == "raw":
        stored = f"{stored}, and its splits and dividends are not known"
    raise RunError(
        f"{series.symbol} {series.timeframe} has prices {stored}: leave adjustment {wanted} out, and they are taken as "
        f"they are; only bars that were fetched as traded, with their splits and dividends, are adjusted as a run asks"
    )


def _dividend_factor(actions: Sequence[CorporateAction]) -> float:
    """Return the factor of the dividends among the actions of one day."""
    paid = fsum(action.value for action in actions if action.kind == "dividend")
    if not paid:
        return 1.0
    close = next(action.close_before for action in actions if action.kind == "dividend")
    if close is None or paid >= close:
        known = "is not known" if close is None else f"is ${close:g}"
        raise RunError(
            f"prices cannot be adjusted for the dividend of ${paid:g} on {actions[0].day}, before which the close "
            f"{known}: run with adjustment splits or raw"
        )
    return 1.0 - paid / close
