"""The files of a run's trades and equity, which are written part by part."""

from tickfold.backtests import results
from tickfold.engine.accounting.ledger import Postings
from tickfold.engine.bars import Bars
from tickfold.storage import layout, parquet, tables
from tickfold.storage.bucket import Bucket


class RunFiles:
    """The files of the run `run_id` of `symbol`, of which `written` are written."""

    def __init__(self, bucket: Bucket, run_id: str, symbol: str, written: int) -> None:
        self.written = written
        self._bucket, self._run_id, self._symbol = bucket, run_id, symbol
        self._begin()

    @property
    def bars(self) -> int:
        """Bars that wait to be written."""
        return self._equity.rows

    def add(self, bars: Bars, posted: Postings) -> None:
        """Add what was posted over the next `bars`."""
        times = (posted.entry_time, posted.exit_time)
        self._equity.add(results.equity_table(bars, posted))
        self._trades.add(results.trades_table(self._symbol, posted.trades, times))

    def put(self) -> None:
        """Write what waits, as the next file of each table. Idempotent."""
        self._bucket.put(layout.equity_key(self._run_id, self.written), self._equity.close())
        self._bucket.put(layout.trades_key(self._run_id, self.written), self._trades.close())
        self.written += 1
        self._begin()

    def _begin(self) -> None:
        self._equity, self._trades = parquet.Writer(tables.EQUITY), parquet.Writer(tables.TRADES)
