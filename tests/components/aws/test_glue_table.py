"""Glue tables: columns, partitions and their projection, and where the files are."""

from datetime import date

import pytest

from tests.components.capture import Resource, Stack
from tickfold.storage import layout
from tickfold.storage.tables import TABLES

TABLE = "aws:glue/catalogTable:CatalogTable"
LAKE = "s3://tickfold-dev-lake-1a2b3c4"
OF_AN_ENTRY = "portfolio string, owner string, name string, day date, sequence bigint"
COLUMNS = {
    "bars": "timestamp timestamp, open double, high double, low double, close double, volume double, year int",
    "trades": "symbol string, side string, quantity double, entry_time timestamp, entry_price double, "
    "exit_time timestamp, exit_price double, pnl double, trade_return double, commission double, bars int, "
    "exit_reason string",
    "equity": "timestamp timestamp, equity double, cash double, shares double, close double",
    "runs_by_symbol": "symbol string, share double, start_capital double, bars bigint, chunks int, "
    "replayed_bars bigint, trades int, final_equity double, total_return double, sharpe double, max_drawdown double, "
    "metrics string, no_trades string",
    "equity_by_symbol": "symbol string, timestamp timestamp, equity double, cash double, shares double, close double",
    "runs": "run_id string, symbol string, timeframe string, strategy string, parameters string, start_date date, "
    "end_date date, start_capital double, bars bigint, chunks int, replayed_bars bigint, trades int, "
    "final_equity double, total_return double, sharpe double, max_drawdown double, created_at timestamp, "
    "day date, duration_seconds double, metrics string, no_trades string, adjustment string",
    "sweeps": "rank int, parameters string, final_equity double, peak_equity double, total_return double, "
    "buy_and_hold_return double, annual_return double, annual_volatility double, cagr double, sharpe double, "
    "sortino double, calmar double, max_drawdown double, average_drawdown double, max_drawdown_duration double, "
    "average_drawdown_duration double, trades double, win_rate double, best_trade double, worst_trade double, "
    "average_trade double, profit_factor double, expectancy double, sqn double, kelly double, exposure double, "
    "turnover double, alpha double, beta double, commissions double, cost_paid double, periods_per_year double, "
    "no_trades string",
    "walk_forward": "window_number int, parameters string, rank_by string, in_sample_start timestamp, "
    "in_sample_end timestamp, in_sample_metric double, in_sample_return double, out_of_sample_start timestamp, "
    "out_of_sample_end timestamp, out_of_sample_metric double, out_of_sample_return double",
    "portfolio_orders": f"{OF_AN_ENTRY}, timestamp timestamp, order_id "
    "string, number int, parent string, symbol string, side string, kind string, time_in_force string, "
    "reduce_only boolean, quantity double, limit_price double, stop_price double, trail double, status "
    "string, filled double, average_price double, placed_at timestamp, expires_at timestamp, reason string, "
    "changed_by string",
    "portfolio_fills": f"{OF_AN_ENTRY}, event int, trade_id string, "
    "timestamp timestamp, bot string, order_id string, symbol string, side string, quantity double, price "
    "double, market_price double, commission double",
    "portfolio_trades": f"{OF_AN_ENTRY}, trade_id string, bot string, "
    "symbol string, side string, quantity double, entry_time timestamp, entry_price double, exit_time "
    "timestamp, exit_price double, pnl double, trade_return double, commission double, exit_reason string",
    "portfolio_cash_flows": f"{OF_AN_ENTRY}, event int, timestamp timestamp, kind string, bot string, amount double",
    "portfolio_equity": f"{OF_AN_ENTRY}, number bigint, timestamp timestamp, equity "
    "double, cash double, exposure double, deposits double, realised double, status string",
}
OF_PORTFOLIOS = [name for name in COLUMNS if name.startswith("portfolio_")]
PARTITIONS = {
    "bars": "symbol string, timeframe string",
    "trades": "run_id string",
    "equity": "run_id string",
    "runs_by_symbol": "run_id string",
    "equity_by_symbol": "run_id string",
    "runs": "year int",
    "sweeps": "run_id string",
    "walk_forward": "run_id string",
    **dict.fromkeys(OF_PORTFOLIOS, "year int"),
}
BY_YEAR = {"projection.year.type": "integer", "projection.year.range": "2020,2035"}
PROJECTIONS = {
    "bars": {
        "projection.symbol.type": "injected",
        "projection.timeframe.type": "injected",
    },
    "trades": {"projection.run_id.type": "injected"},
    "equity": {"projection.run_id.type": "injected"},
    "runs_by_symbol": {"projection.run_id.type": "injected"},
    "equity_by_symbol": {"projection.run_id.type": "injected"},
    "runs": BY_YEAR,
    "sweeps": {"projection.run_id.type": "injected"},
    "walk_forward": {"projection.run_id.type": "injected"},
    **dict.fromkeys(OF_PORTFOLIOS, BY_YEAR),
}


def table_of(stack: Stack, name: str) -> Resource:
    found = [table for table in stack.of(TABLE) if table.inputs["name"] == name]
    assert len(found) == 1
    return found[0]


def written(columns: list[dict[str, str]]) -> str:
    return ", ".join(f"{column['name']} {column['type']}" for column in columns)


def test_exactly_these_tables_are_created(dev: Stack) -> None:
    assert {table.inputs["name"] for table in dev.of(TABLE)} == set(COLUMNS)


@pytest.mark.parametrize("name", COLUMNS)
def test_table_has_its_columns(dev: Stack, name: str) -> None:
    inputs = table_of(dev, name).inputs
    assert inputs["databaseName"] == "tickfold_dev"
    assert written(inputs["storageDescriptor"]["columns"]) == COLUMNS[name]
    assert written(inputs["partitionKeys"]) == PARTITIONS[name]


@pytest.mark.parametrize("name", COLUMNS)
def test_table_is_parquet_in_the_lake(dev: Stack, name: str) -> None:
    inputs = table_of(dev, name).inputs
    descriptor = inputs["storageDescriptor"]
    assert inputs["tableType"] == "EXTERNAL_TABLE"
    assert descriptor["location"] == f"{LAKE}/data/{name.replace('portfolio_', 'portfolios/')}/"
    parquet = "org.apache.hadoop.hive.ql.io.parquet"
    assert descriptor["inputFormat"] == f"{parquet}.MapredParquetInputFormat"
    assert descriptor["outputFormat"] == f"{parquet}.MapredParquetOutputFormat"
    assert descriptor["serDeInfo"]["serializationLibrary"] == f"{parquet}.serde.ParquetHiveSerDe"
    assert (inputs["parameters"]["EXTERNAL"], inputs["parameters"]["classification"]) == ("TRUE", "parquet")


@pytest.mark.parametrize("name", COLUMNS)
def test_partitions_are_projected(dev: Stack, name: str) -> None:
    parameters = table_of(dev, name).inputs["parameters"]
    assert parameters["projection.enabled"] == "true"
    assert {key: value for key, value in parameters.items() if key.count(".") > 1 and "projection" in key} == (
        PROJECTIONS[name]
    )


KEYS = {
    "bars": layout.bars_key("AAPL", "1d", 2012),
    "trades": layout.trades_key("run-1"),
    "equity": layout.equity_key("run-1"),
    "runs_by_symbol": layout.runs_by_symbol_key("run-1"),
    "equity_by_symbol": layout.equity_by_symbol_key("run-1"),
    "runs": layout.run_key("run-1", date(2026, 1, 31)),
    "sweeps": layout.sweep_key("run-1"),
    "walk_forward": layout.walk_forward_key("run-1"),
    **{
        name: layout.portfolio_key(f"data/portfolios/{name.removeprefix('portfolio_')}/", "growth-1", date(2026, 1, 31))
        for name in OF_PORTFOLIOS
    },
}
VALUES = {"symbol": "AAPL", "timeframe": "1d", "year": "2026", "run_id": "run-1"}


@pytest.mark.parametrize("name", COLUMNS)
def test_projected_partition_is_where_the_layout_puts_its_file(dev: Stack, name: str) -> None:
    location: str = table_of(dev, name).inputs["parameters"]["storage.location.template"]
    for partition, value in VALUES.items():
        location = location.replace(f"${{{partition}}}", value)
    assert "${" not in location
    assert location == f"{LAKE}/{KEYS[name].rpartition('/')[0]}/"


def test_only_runs_and_portfolios_are_found_without_their_ids() -> None:
    injected = {
        name: "injected" in [partition.projection["type"] for partition in table.partitions.values()]
        for name, table in TABLES.items()
    }
    assert [name for name, needed in injected.items() if not needed] == ["runs", *OF_PORTFOLIOS]
