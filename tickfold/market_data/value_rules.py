"""The rules for the values of a bar: finite numbers, prices above 0, high and low that bound open and close."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tickfold.engine.arrays import Floats
from tickfold.market_data.finding import Kind

ROUNDING = 1e-6
"""Tolerance, relative to the price, of an open or close outside low…high, and of a high below its low.

Adjusting for splits and dividends multiplies each price on its own, in some sources in single precision, whose
rounding is about 1e-7; prices that were equal before then differ by that much although the bar is sound.
"""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """The rows that break a rule, and a function that describes one of them."""

    kind: Kind
    broken: Mask
    describe: Callable[[int], str]


def number_rules(name: str, values: Floats, written: Callable[[int], str]) -> list[Rule]:
    """Return the rules for the column `name`; `written` returns the value of a row as text."""
    is_volume = name.endswith("volume")
    kind, allowed, expected = (
        (Kind.VOLUME, values >= 0, "0 or more") if is_volume else (Kind.PRICE, values > 0, "above 0")
    )
    finite = np.isfinite(values)
    return [
        Rule(Kind.NOT_A_NUMBER, ~finite, lambda row: f"{name} {written(row)} is not a finite number"),
        Rule(kind, finite & ~allowed, lambda row: f"{name} {written(row)} is not {expected}"),
    ]


def price_rules(values: Mapping[str, Floats]) -> list[Rule]:
    """Return the rules for open, high, low and close of one row."""
    high, low = values["high"], values["low"]
    with np.errstate(invalid="ignore"):
        slack = ROUNDING * np.abs(high)
        crossed = high < low - slack
        outside = {
            name: ~crossed & ((values[name] > high + slack) | (values[name] < low - slack))
            for name in ("open", "close")
        }
    return [
        Rule(Kind.CROSSED, crossed, lambda row: f"high {high[row]} is below low {low[row]}"),
        *(Rule(Kind.CROSSED, rows, _describe_outside(name, values[name], low, high)) for name, rows in outside.items()),
    ]


def _describe_outside(name: str, price: Floats, low: Floats, high: Floats) -> Callable[[int], str]:
    return lambda row: f"{name} {price[row]} is outside of low {low[row]} … high {high[row]}"
