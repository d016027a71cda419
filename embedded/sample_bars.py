"""Sample bars of the embedded stack: five real daily series from the package `bokeh_sampledata`.

They end on 2013-03-01 and are in the public domain. The source's prices are unadjusted, so a 2:1 split looks like a
loss of one half; here they are adjusted for splits and dividends by the source's adjusted closes.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from bokeh_sampledata import stocks

from tickfold.engine.arrays import Floats
from tickfold.engine.bars import Bars
from tickfold.market_data.bar_store import BarStore
from tickfold.market_data.series import Series

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SYMBOLS = ("AAPL", "FB", "GOOG", "IBM", "MSFT")
TIMEFRAME = "1d"
SOURCE = "bokeh_sampledata, adjusted for splits and dividends"
_DECIMALS = 4


def load(s3: "S3Client", bucket: str) -> list[Series]:
    """Load the series into `bucket`; return them."""
    store = BarStore(s3, bucket)
    with ThreadPoolExecutor(len(SYMBOLS)) as pool:
        return list(pool.map(lambda symbol: store.put(symbol, TIMEFRAME, daily_bars(symbol), SOURCE), SYMBOLS))


def daily_bars(symbol: str) -> Bars:
    """Return a symbol's adjusted bars. Times are starts of UTC days; volumes are adjusted to keep dollar volumes."""
    table: dict[str, Any] = getattr(stocks, symbol)
    close, adjusted = (np.array(table[name], dtype=np.float64) for name in ("close", "adj_close"))
    factor = adjusted / close

    def price(name: str) -> Floats:
        return np.round(np.array(table[name], dtype=np.float64) * factor, _DECIMALS)

    return Bars(
        timestamp=np.array(table["date"], dtype="datetime64[us]").astype(np.int64),
        open=price("open"),
        high=price("high"),
        low=price("low"),
        close=price("close"),
        volume=np.round(np.array(table["volume"], dtype=np.float64) / factor),
    )
