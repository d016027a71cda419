"""The tables of the lake: every column once, as Arrow writes it. Glue's types, which Athena reads by, are derived."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from tickfold.engine.bars import COLUMNS
from tickfold.engine.performance.metrics import Metrics
from tickfold.storage import layout

TIMESTAMP: Final = pa.timestamp("ms")
"""UTC, to the millisecond as in Athena, and without a zone: engines would shift times with one to their own."""
_HIVE_TYPES: Final[Mapping[pa.DataType, str]] = {
    pa.string(): "string",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.date32(): "date",
    pa.bool_(): "boolean",
    TIMESTAMP: "timestamp",
}


def hive_type(kind: pa.DataType) -> str:
    """Return Hive's name of an Arrow type.

    Raises:
        KeyError: no table has a column of that type yet.
    """
    return _HIVE_TYPES[kind]


@dataclass(frozen=True)
class Partition:
    """A partition column, and how Athena projects its values (`projection.COLUMN.KEY` of the table)."""

    kind: pa.DataType
    projection: Mapping[str, str]


@dataclass(frozen=True)
class LakeTable:
    """A table: the prefix that its files lie under, the schema of its files, and its partition columns in order.

    `template` says where the files of a partition lie below the prefix; by default as in Hive, `COLUMN=VALUE/`.
    """

    prefix: str
    schema: pa.Schema
    partitions: Mapping[str, Partition]
    template: str = ""

    @property
    def location_template(self) -> str:
        """The template of a partition's place below the prefix. Athena accepts it only if it ends in a slash."""
        return self.template or "".join(f"{column}=${{{column}}}/" for column in self.partitions)

    @property
    def columns(self) -> dict[str, str]:
        """The Hive type of each column of the files."""
        return {field.name: hive_type(field.type) for field in self.schema}

    @property
    def partition_columns(self) -> dict[str, str]:
        """The Hive type of each partition column."""
        return {name: hive_type(partition.kind) for name, partition in self.partitions.items()}


def _required(kind: pa.DataType, *names: str) -> list[pa.Field]:
    return [pa.field(name, kind, nullable=False) for name in names]


def _nullable(kind: pa.DataType, *names: str) -> list[pa.Field]:
    return [pa.field(name, kind) for name in names]


def _schema(*groups: Iterable[pa.Field]) -> pa.Schema:
    return pa.schema([field for group in groups for field in group])


_MONEY: Final = ("equity", "cash", "shares", "close")
_HEADLINES: Final = [
    *_required(pa.int32(), "trades"),
    *_required(pa.float64(), "final_equity", "total_return"),
    *_nullable(pa.float64(), "sharpe"),
    *_required(pa.float64(), "max_drawdown"),
]

BARS: Final = _schema(
    _required(TIMESTAMP, "timestamp"), _required(pa.float64(), *COLUMNS[1:]), _required(pa.int32(), "year")
)
EQUITY: Final = _schema(_required(TIMESTAMP, "timestamp"), _required(pa.float64(), *_MONEY))
EQUITY_OF_SEVERAL: Final = _schema(
    _required(TIMESTAMP, "timestamp"),
    _required(pa.float64(), "equity", "cash"),
    _nullable(pa.float64(), "shares", "close"),
)
"""`EQUITY` of several symbols: what they hold is no single number, so `shares` and `close` are null."""
EQUITY_BY_SYMBOL: Final = _schema(_required(pa.string(), "symbol"), EQUITY)
TRADES: Final = _schema(
    _required(pa.string(), "symbol", "side"),
    _required(pa.float64(), "quantity"),
    _required(TIMESTAMP, "entry_time"),
    _required(pa.float64(), "entry_price"),
    _required(TIMESTAMP, "exit_time"),
    _required(pa.float64(), "exit_price", "pnl", "trade_return", "commission"),
    _required(pa.int32(), "bars"),
    _required(pa.string(), "exit_reason"),
)
RUNS: Final = _schema(
    _required(pa.string(), "run_id", "symbol", "timeframe", "strategy", "parameters"),
    _required(pa.date32(), "start_date", "end_date"),
    _required(pa.float64(), "start_capital"),
    _required(pa.int64(), "bars"),
    _required(pa.int32(), "chunks"),
    _required(pa.int64(), "replayed_bars"),
    _HEADLINES,
    _required(TIMESTAMP, "created_at"),
    _required(pa.date32(), "day"),
    _required(pa.float64(), "duration_seconds"),
    _required(pa.string(), "metrics"),
    _nullable(pa.string(), "no_trades", "adjustment"),
)
RUNS_BY_SYMBOL: Final = _schema(
    _required(pa.string(), "symbol"),
    _required(pa.float64(), "share", "start_capital"),
    _required(pa.int64(), "bars"),
    _required(pa.int32(), "chunks"),
    _required(pa.int64(), "replayed_bars"),
    _HEADLINES,
    _required(pa.string(), "metrics"),
    _nullable(pa.string(), "no_trades"),
)
SWEEPS: Final = _schema(
    _required(pa.int32(), "rank"),
    _required(pa.string(), "parameters"),
    _nullable(pa.float64(), *Metrics.__dataclass_fields__),
    _nullable(pa.string(), "no_trades"),
)
WALK_FORWARD: Final = _schema(
    _required(pa.int32(), "window_number"),
    _required(pa.string(), "parameters", "rank_by"),
    _required(TIMESTAMP, "in_sample_start", "in_sample_end"),
    _nullable(pa.float64(), "in_sample_metric", "in_sample_return"),
    _required(TIMESTAMP, "out_of_sample_start", "out_of_sample_end"),
    _nullable(pa.float64(), "out_of_sample_metric", "out_of_sample_return"),
)

_OF_AN_ENTRY: Final = [
    *_required(pa.string(), "portfolio", "owner", "name"),
    *_required(pa.date32(), "day"),
    *_required(pa.int64(), "sequence"),
]
"""What rows of portfolios begin with: whose they are, the day on which the journal's entry was written, its number."""
PORTFOLIO_ORDERS: Final = _schema(
    _OF_AN_ENTRY,
    _required(TIMESTAMP, "timestamp"),
    _required(pa.string(), "order_id"),
    _required(pa.int32(), "number"),
    _nullable(pa.string(), "parent"),
    _required(pa.string(), "symbol", "side", "kind", "time_in_force"),
    _required(pa.bool_(), "reduce_only"),
    _required(pa.float64(), "quantity"),
    _nullable(pa.float64(), "limit_price", "stop_price", "trail"),
    _required(pa.string(), "status"),
    _required(pa.float64(), "filled"),
    _nullable(pa.float64(), "average_price"),
    _required(TIMESTAMP, "placed_at"),
    _nullable(TIMESTAMP, "expires_at"),
    _nullable(pa.string(), "reason"),
    _required(pa.string(), "changed_by"),
)
PORTFOLIO_FILLS: Final = _schema(
    _OF_AN_ENTRY,
    _required(pa.int32(), "event"),
    _required(pa.string(), "trade_id"),
    _required(TIMESTAMP, "timestamp"),
    _nullable(pa.string(), "bot", "order_id"),
    _required(pa.string(), "symbol", "side"),
    _required(pa.float64(), "quantity", "price"),
    _nullable(pa.float64(), "market_price"),
    _required(pa.float64(), "commission"),
)
PORTFOLIO_TRADES: Final = _schema(
    _OF_AN_ENTRY,
    _required(pa.string(), "trade_id"),
    _nullable(pa.string(), "bot"),
    _required(pa.string(), "symbol", "side"),
    _required(pa.float64(), "quantity"),
    _required(TIMESTAMP, "entry_time"),
    _required(pa.float64(), "entry_price"),
    _required(TIMESTAMP, "exit_time"),
    _required(pa.float64(), "exit_price", "pnl", "trade_return", "commission"),
    _required(pa.string(), "exit_reason"),
)
PORTFOLIO_CASH_FLOWS: Final = _schema(
    _OF_AN_ENTRY,
    _required(pa.int32(), "event"),
    _required(TIMESTAMP, "timestamp"),
    _required(pa.string(), "kind"),
    _nullable(pa.string(), "bot"),
    _required(pa.float64(), "amount"),
)
PORTFOLIO_EQUITY: Final = _schema(
    _OF_AN_ENTRY,
    _required(pa.int64(), "number"),
    _required(TIMESTAMP, "timestamp"),
    _required(pa.float64(), "equity", "cash", "exposure", "deposits", "realised"),
    _required(pa.string(), "status"),
)

# An injected column must be given by equality in WHERE; `runs` has none, so that runs can be found without their ids.
_INJECTED: Final = Partition(pa.string(), {"type": "injected"})
_OF_A_RUN: Final = {"run_id": _INJECTED}

_YEARS: Final = "2020,2035"
"""Years of runs and of portfolios. Each costs Athena two LIST requests in a query that does not name the year."""
_BY_YEAR: Final = {"year": Partition(pa.int32(), {"type": "integer", "range": _YEARS})}

TABLES: Final[Mapping[str, LakeTable]] = {
    "bars": LakeTable(
        layout.BARS,
        BARS,
        {
            "symbol": _INJECTED,
            "timeframe": _INJECTED,
        },
        "${symbol}/${timeframe}/",
    ),
    "trades": LakeTable(layout.TRADES, TRADES, _OF_A_RUN),
    "equity": LakeTable(layout.EQUITY, EQUITY, _OF_A_RUN),
    "runs_by_symbol": LakeTable(layout.RUNS_BY_SYMBOL, RUNS_BY_SYMBOL, _OF_A_RUN),
    "equity_by_symbol": LakeTable(layout.EQUITY_BY_SYMBOL, EQUITY_BY_SYMBOL, _OF_A_RUN),
    "runs": LakeTable(layout.RUNS, RUNS, _BY_YEAR),
    "sweeps": LakeTable(layout.SWEEPS, SWEEPS, _OF_A_RUN),
    "walk_forward": LakeTable(layout.WALK_FORWARD, WALK_FORWARD, _OF_A_RUN),
    "portfolio_orders": LakeTable(layout.PORTFOLIO_ORDERS, PORTFOLIO_ORDERS, _BY_YEAR),
    "portfolio_fills": LakeTable(layout.PORTFOLIO_FILLS, PORTFOLIO_FILLS, _BY_YEAR),
    "portfolio_trades": LakeTable(layout.PORTFOLIO_TRADES, PORTFOLIO_TRADES, _BY_YEAR),
    "portfolio_cash_flows": LakeTable(layout.PORTFOLIO_CASH_FLOWS, PORTFOLIO_CASH_FLOWS, _BY_YEAR),
    "portfolio_equity": LakeTable(layout.PORTFOLIO_EQUITY, PORTFOLIO_EQUITY, _BY_YEAR),
}
"""The tables that SQL sees, by name."""
