"""The layout of the data lake's bucket.

lambda/                                               deployment packages
logs/                                                 access logs that version 0.1.0 kept here
data/series/SYMBOL/TIMEFRAME.json                     a series' index: the commit point of a load
data/bars/SYMBOL/TIMEFRAME/YEAR.parquet               the bars
data/chunks/run_id=R/items.json                       the Distributed Map's items
data/chunks/run_id=R/symbol=S/00042.parquet           a chunk file
data/chunks/run_id=R/checkpoints/run/00002            what parts 0 and 1 of the folding of the run carry into part 2
data/runs/year=2026/RUN_ID.parquet                    one row a run
data/trades/run_id=R/trades.parquet                   the run's trades; of long runs also trades-00001.parquet, …
data/equity/run_id=R/equity.parquet                   the run's equity curve; of long runs also equity-00001.parquet, …
data/runs_by_symbol/run_id=R/runs_by_symbol.parquet   a row for each symbol of a run of several
data/equity_by_symbol/run_id=R/equity_by_symbol.parquet   each symbol's own equity curve; of long runs in several files
data/sweeps/run_id=R/sweep.parquet                    a sweep's runs, one row each, best first
data/walk_forward/run_id=R/walk_forward.parquet       a walk-forward's windows, one row each
data/portfolios/fills/year=2026/11-PORTFOLIO.parquet  a portfolio's fills of a month; so with other tables
data/portfolios/checkpoints/PORTFOLIO.json            how far a portfolio's journal is in the lake: the commit point
data/athena/                                          query results

A symbol is part of keys as it is, with any character that it may have: S3 takes them all, and Athena puts the value of
an injected column into a location as it is, unless that looks like Hive's (`symbol=S/`). Two characters it cannot put
in, `$` and the backslash: no symbol may have them. A symbol with a slash makes one more level, so the last part of a
key is never parsed from the left; symbols are in capitals and timeframes are not, so no series lies below another.
"""

from datetime import date

PACKAGES = "lambda/"
LOGS = "logs/"
DATA = "data/"

SERIES = "data/series/"
BARS = "data/bars/"
CHUNKS = "data/chunks/"
RUNS = "data/runs/"
TRADES = "data/trades/"
EQUITY = "data/equity/"
RUNS_BY_SYMBOL = "data/runs_by_symbol/"
EQUITY_BY_SYMBOL = "data/equity_by_symbol/"
SWEEPS = "data/sweeps/"
WALK_FORWARD = "data/walk_forward/"
PORTFOLIOS = "data/portfolios/"
PORTFOLIO_ORDERS = "data/portfolios/orders/"
PORTFOLIO_FILLS = "data/portfolios/fills/"
PORTFOLIO_TRADES = "data/portfolios/trades/"
PORTFOLIO_CASH_FLOWS = "data/portfolios/cash_flows/"
PORTFOLIO_EQUITY = "data/portfolios/equity/"
ATHENA = "data/athena/"


def series_key(symbol: str, timeframe: str) -> str:
    return f"{SERIES}{symbol}/{timeframe}.json"


def series_of(key: str) -> tuple[str, str]:
    """Return the symbol and the timeframe of a series' key."""
    symbol, _, name = key.removeprefix(SERIES).rpartition("/")
    return symbol, name.removesuffix(".json")


def bars_key(symbol: str, timeframe: str, year: int) -> str:
    return f"{BARS}{symbol}/{timeframe}/{year}.parquet"


def manifest_key(run_id: str) -> str:
    return f"{CHUNKS}run_id={run_id}/manifest.json"


def items_key(run_id: str) -> str:
    return f"{CHUNKS}run_id={run_id}/items.json"


def chunks_prefix(run_id: str, symbol: str) -> str:
    return f"{CHUNKS}run_id={run_id}/symbol={symbol}/"


def chunk_key(run_id: str, symbol: str, chunk: int) -> str:
    return f"{chunks_prefix(run_id, symbol)}{chunk:05d}.parquet"


def checkpoints_prefix(run_id: str, folding: str) -> str:
    return f"{CHUNKS}run_id={run_id}/checkpoints/{folding}/"


def checkpoint_key(run_id: str, folding: str, part: int) -> str:
    """Return the key of what is carried into `part` of a `folding` of the run."""
    return f"{checkpoints_prefix(run_id, folding)}{part:05d}"


def part_of(checkpoint_key: str) -> int:
    """Return the part of a checkpoint's key."""
    return int(checkpoint_key.rpartition("/")[2])


def run_key(run_id: str, day: date) -> str:
    return f"{RUNS}year={day.year}/{run_id}.parquet"


def trades_key(run_id: str, part: int = 0) -> str:
    return f"{TRADES}run_id={run_id}/trades{_part(part)}.parquet"


def equity_key(run_id: str, part: int = 0) -> str:
    return f"{EQUITY}run_id={run_id}/equity{_part(part)}.parquet"


def _part(number: int) -> str:
    return f"-{number:05d}" if number else ""


def runs_by_symbol_key(run_id: str) -> str:
    return f"{RUNS_BY_SYMBOL}run_id={run_id}/runs_by_symbol.parquet"


def equity_by_symbol_key(run_id: str, part: int = 0) -> str:
    return f"{EQUITY_BY_SYMBOL}run_id={run_id}/equity_by_symbol{_part(part)}.parquet"


def sweep_key(run_id: str) -> str:
    return f"{SWEEPS}run_id={run_id}/sweep.parquet"


def walk_forward_key(run_id: str) -> str:
    return f"{WALK_FORWARD}run_id={run_id}/walk_forward.parquet"


def portfolio_key(table: str, portfolio: str, day: date) -> str:
    """Return the key of a portfolio's file under the prefix of `table`, of the month of `day`.

    The month comes first: engines do not look at files that begin with an underscore, as a portfolio's id may.
    """
    return f"{table}year={day.year}/{day.month:02d}-{portfolio}.parquet"


def portfolio_checkpoint_key(portfolio: str) -> str:
    return f"{PORTFOLIOS}checkpoints/{portfolio}.json"
