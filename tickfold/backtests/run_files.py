"""The files of a run's trades and equity, which are written part by part."""

import pyarrow as pa

from tickfold.backtests import results
from tickfold.engine.accounting.ledger import Postings
from tickfold.engine.bars import Bars
from tickfold.storage import layout, parquet
from tickfold.storage.bucket import Bucket


class RunFiles:
    """The files of the run `run_id` of `symbol`, of which `written` are written."""

    def __init__(self, bucket: Bucket, run_id: str, symbol: str, written: int) -> None:
        self.written = written
        self._bucket, self._run_id, self._symbol = bucket, run_id, symbol
        self._equity: list[pa.Table] = []
        self._trades: list[pa.Table] = []

    @property
    def bars(self) -> int:
        """Bars that wait to be written."""
        return sum(map(len, self._equity))

    def add(self, bars: Bars, posted: Postings) -> None:
        """Add what was posted over the next `bars`."""
        self._equity.append(results.equity_table(bars, posted))
        self._trades.append(results.trades_table(self._symbol, posted.trades, (posted.entry_time, posted.exit_time)))

    def put(self) -> None:
        """Write what waits, as the next file of each table. Idempotent."""
        for key, tables in ((layout.equity_key, self._equity), (layout.trades_key, self._trades)):
            body = parquet.encode(pa.concat_tables(tables).combine_chunks())
            self._bucket.put(key(self._run_id, self.written), body)
            tables.clear()
        self.written += 1
