"""Glue's types are those of the files: each table is written, and the types are read back from the Parquet footer."""

import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tickfold.engine.performance.metrics import Metrics
from tickfold.protocol import HEADLINE_METRICS
from tickfold.storage import parquet
from tickfold.storage.tables import EQUITY, EQUITY_OF_SEVERAL, TABLES, hive_type

# Athena reads each of these Parquet types by the Hive type beside it.
HIVE_BY_PARQUET = {
    ("BYTE_ARRAY", "String"): "string",
    ("INT32", "None"): "int",
    ("INT64", "None"): "bigint",
    ("DOUBLE", "None"): "double",
    ("INT32", "Date"): "date",
    ("BOOLEAN", "None"): "boolean",
    ("INT64", "Timestamp milliseconds False"): "timestamp",
}


def footer(schema: pa.Schema) -> dict[str, str]:
    """Return the Hive type of each column of a Parquet file that is written with `schema`."""
    file = pq.ParquetFile(pa.BufferReader(parquet.encode(schema.empty_table())))
    columns = (file.schema.column(at) for at in range(len(file.schema)))
    return {each.name: HIVE_BY_PARQUET[each.physical_type, _logical(each)] for each in columns}


def _logical(column: pq.ColumnSchema) -> str:
    said = json.loads(column.logical_type.to_json())
    return " ".join(str(said[key]) for key in ("Type", "timeUnit", "isAdjustedToUTC") if key in said)


@pytest.mark.parametrize("name", TABLES)
def test_hive_types_are_those_of_the_file(name: str) -> None:
    table = TABLES[name]
    assert table.columns == footer(table.schema)


@pytest.mark.parametrize("name", TABLES)
def test_partition_columns_are_not_in_the_file(name: str) -> None:
    table = TABLES[name]
    assert not table.partition_columns.keys() & table.columns.keys()


def test_a_type_that_no_table_has_yet_is_refused() -> None:
    with pytest.raises(KeyError):
        hive_type(pa.float32())


HEADLINE = "trades final_equity total_return sharpe max_drawdown"
OF_AN_ENTRY = "portfolio owner name day sequence"
RUN_ID = {"run_id": {"type": "injected"}}
CONTRACT = {
    "bars": ("data/bars/", "timestamp open high low close volume year"),
    "trades": (
        "data/trades/",
        "symbol side quantity entry_time entry_price exit_time exit_price pnl trade_return commission bars exit_reason",
    ),
    "equity": ("data/equity/", "timestamp equity cash shares close"),
    "runs_by_symbol": (
        "data/runs_by_symbol/",
        f"symbol share start_capital bars chunks replayed_bars {HEADLINE} metrics no_trades",
    ),
    "equity_by_symbol": ("data/equity_by_symbol/", "symbol timestamp equity cash shares close"),
    "runs": (
        "data/runs/",
        "run_id symbol timeframe strategy parameters start_date end_date start_capital bars chunks replayed_bars "
        f"{HEADLINE} created_at day duration_seconds metrics no_trades adjustment",
    ),
    "sweeps": ("data/sweeps/", " ".join(["rank parameters", *Metrics.__dataclass_fields__, "no_trades"])),
    "walk_forward": (
        "data/walk_forward/",
        "window_number parameters rank_by in_sample_start in_sample_end in_sample_metric in_sample_return "
        "out_of_sample_start out_of_sample_end out_of_sample_metric out_of_sample_return",
    ),
    "portfolio_orders": (
        "data/portfolios/orders/",
        f"{OF_AN_ENTRY} timestamp order_id number parent symbol side kind time_in_force reduce_only quantity "
        "limit_price stop_price trail status filled average_price placed_at expires_at reason "
        "changed_by",
    ),
    "portfolio_fills": (
        "data/portfolios/fills/",
        f"{OF_AN_ENTRY} event trade_id timestamp bot order_id symbol side quantity price market_price commission",
    ),
    "portfolio_trades": (
        "data/portfolios/trades/",
        f"{OF_AN_ENTRY} trade_id bot symbol side quantity entry_time entry_price exit_time exit_price pnl "
        "trade_return commission exit_reason",
    ),
    "portfolio_cash_flows": (
        "data/portfolios/cash_flows/",
        f"{OF_AN_ENTRY} event timestamp kind bot amount",
    ),
    "portfolio_equity": (
        "data/portfolios/equity/",
        f"{OF_AN_ENTRY} number timestamp equity cash exposure deposits realised status",
    ),
}
"""The prefix and the columns of each table, which users' queries name."""
NULLABLE = {
    "runs": {"sharpe", "no_trades", "adjustment"},
    "runs_by_symbol": {"sharpe", "no_trades"},
    "sweeps": {*Metrics.__dataclass_fields__, "no_trades"},
    "walk_forward": {"in_sample_metric", "in_sample_return", "out_of_sample_metric", "out_of_sample_return"},
    "portfolio_orders": {"parent", "limit_price", "stop_price", "trail", "average_price", "expires_at", "reason"},
    "portfolio_fills": {"bot", "order_id", "market_price"},
    "portfolio_trades": {"bot"},
    "portfolio_cash_flows": {"bot"},
}


@pytest.mark.parametrize("name", CONTRACT)
def test_a_table_keeps_its_prefix_its_columns_and_which_may_be_null(name: str) -> None:
    table = TABLES[name]
    assert (table.prefix, " ".join(table.columns)) == CONTRACT[name]
    assert {field.name for field in table.schema if field.nullable} == NULLABLE.get(name, set())
    assert set(TABLES) == set(CONTRACT)
    assert set(HEADLINE.split()) == set(HEADLINE_METRICS)


def test_a_portfolio_s_equity_has_no_shares_and_no_price() -> None:
    assert EQUITY_OF_SEVERAL.names == EQUITY.names
    assert [field.name for field in EQUITY_OF_SEVERAL if field.nullable] == ["shares", "close"]


BY_YEAR = ("runs", *(name for name in CONTRACT if name.startswith("portfolio_")))


def test_partitions_are_projected_so_that_athena_finds_every_file() -> None:
    projections = {
        name: {column: dict(partition.projection) for column, partition in table.partitions.items()}
        for name, table in TABLES.items()
    }
    injected = {"type": "injected"}
    assert projections == dict.fromkeys(CONTRACT, RUN_ID) | {
        "bars": {
            "symbol": injected,
            "timeframe": injected,
        },
        **{name: {"year": {"type": "integer", "range": "2020,2035"}} for name in BY_YEAR},
    }


@pytest.mark.parametrize("table", BY_YEAR)
def test_years_have_not_run_out(table: str) -> None:
    """A row of a year outside of the range is not found; widen the range when this fails."""
    first, last = map(int, TABLES[table].partitions["year"].projection["range"].split(","))
    assert first <= 2020
    assert last >= date.today().year + 5
