"""The choice between Close and Adj Close where a file has both: one basis for all prices of a bar."""

import numpy as np

from tickfold.market_data.bar_table import BarFileError, Floats
from tickfold.market_data.headers import PRICES
from tickfold.market_data.reading_options import Close

ADJUSTED = "adj close"
SAME = 1e-6
"""Relative difference up to which an adjusted close is the close; single precision rounds at about 1e-7."""


def choose_close(values: dict[str, Floats], choice: Close | None) -> tuple[dict[str, Floats], list[str]]:
    """Return the columns without Adj Close, and a note if it differs from Close: adjusted to it unless `choice` is raw.

    Open, high and low are scaled by adjusted / raw close, and the close is the adjusted one; volumes are left as they
    are, as `yfinance` does with `auto_adjust`.

    Raises:
        BarFileError: `choice` is adjusted, but there is no Adj Close.
    """
    adjusted = values.get(ADJUSTED)
    others = {name: column for name, column in values.items() if name != ADJUSTED}
    if adjusted is None:
        if choice == "adjusted":
            raise BarFileError("--close adjusted needs a column Adj Close, and the file has none")
        return others, []
    factor = adjusted / others["close"]
    changed = np.abs(factor - 1) > SAME
    if not changed.any():
        return others, []
    differ = f"Adj Close differs from Close in {changed.sum():,} of {len(changed):,} rows"
    if choice == "raw":
        return others, [f"{differ}: prices are raw, splits and dividends show as jumps"]
    factor = np.where(changed, factor, 1.0)
    scaled = {name: others[name] * factor for name in PRICES} | {"close": np.where(changed, adjusted, others["close"])}
    return others | scaled, [f"{differ}: prices are adjusted to it; --close raw leaves them as they are"]
