"""A folder of bar files, in place of a server."""

from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from tests.market_data.providers.servers.market_server import MarketServer, utc
from tickfold.engine.bars import Bars


class FolderOfFiles(MarketServer):
    """Writes each series to SYMBOL_TIMEFRAME.csv, in UTC. There is no adjustment in a name."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.path = Path(self._folder.name)

    def add(self, symbol: str, timeframe: str, bars: Bars, adjustment: str = "raw") -> None:
        super().add(symbol, timeframe, bars, adjustment)
        rows = self.rows(symbol, timeframe, adjustment, 0, 1 << 62)
        lines = [f"{utc(at):%Y-%m-%dT%H:%M:%SZ},{','.join(map(repr, values))}" for at, *values in rows]
        file = self.path / f"{symbol}_{timeframe}.csv"
        file.write_text("\n".join(["timestamp,open,high,low,close,volume", *lines, ""]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._folder.cleanup()
