"""A small lake in memory, as `Service` reads it: the tables of the library, with bars and runs of a few symbols."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from embedded.athena.catalog import Catalog, Table
from embedded.athena.engine import Answer, Engine
from embedded.athena.lake import Scan
from tickfold.storage.layout import bars_key, run_key, trades_key
from tickfold.storage.tables import TABLES, LakeTable

BUCKET = "s3://lake"
DATABASE = "tickfold_test"
SYMBOLS = ("GOOG", "ES=F", "^GSPC", "BRK.B", "BTC-USD", "EUR/USD")
RUN = "goog-sma_cross-1"


def table(name: str, of: LakeTable) -> Table:
    """Return a table as Glue describes it."""
    location = f"{BUCKET}/{of.prefix}"
    projections = {
        f"projection.{column}.{key}": value
        for column, partition in of.partitions.items()
        for key, value in partition.projection.items()
    }
    return Table.of(
        {
            "DatabaseName": DATABASE,
            "Name": name,
            "PartitionKeys": [{"Name": each, "Type": kind} for each, kind in of.partition_columns.items()],
            "Parameters": {"storage.location.template": location + of.location_template, **projections},
            "StorageDescriptor": {
                "Location": location,
                "Columns": [{"Name": each, "Type": kind} for each, kind in of.columns.items()],
            },
        }
    )


def parquet(schema: pa.Schema, rows: list[dict[str, Any]]) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), written)
    return written.getvalue()


def _bars(symbol: str, year: int) -> bytes:
    rows = [
        {
            "timestamp": datetime(year, 1, day, tzinfo=UTC),
            "year": year,
            **dict.fromkeys(("open", "high", "low", "close"), 100.0 + day + SYMBOLS.index(symbol)),
            "volume": 1_000.0,
        }
        for day in (1, 2, 3)
    ]
    return parquet(TABLES["bars"].schema, rows)


def _run() -> dict[str, Any]:
    whole = dict.fromkeys(("bars", "chunks", "replayed_bars"), 3)
    return {
        **whole,
        "trades": 7,
        "run_id": RUN,
        "symbol": "GOOG",
        "timeframe": "1d",
        "strategy": "sma_cross",
        "parameters": '{"fast": 10, "slow": 30, "nested": {"a": [1, 2]}}',
        "start_date": date(2026, 1, 1),
        "end_date": date(2026, 1, 3),
        **dict.fromkeys(("start_capital", "final_equity"), 10_000.0),
        "total_return": 0.25,
        "sharpe": None,
        "max_drawdown": -0.125,
        "created_at": datetime(2026, 11, 25, 10, 30, 5, 678_000, tzinfo=UTC),
        "day": date(2026, 11, 25),
        "duration_seconds": 1.5,
        "metrics": "{}",
        "no_trades": None,
    }


def _trades() -> list[dict[str, Any]]:
    at = datetime(2026, 1, 1, 14, 30, tzinfo=UTC)
    return [
        {
            **dict.fromkeys(("entry_price", "exit_price", "trade_return", "commission"), 1.0),
            "symbol": "GOOG",
            "side": side,
            "quantity": 2.5,
            "entry_time": at,
            "exit_time": at,
            "pnl": pnl,
            "bars": bars,
            "exit_reason": "signal",
        }
        for side, pnl, bars in (("long", 10.0, 7), ("long", -5.0, 2), ("short", 2.5, 4))
    ]


@dataclass
class Lake:
    """The stores that the service needs."""

    files: dict[str, bytes] = field(default_factory=dict)
    configuration: dict[str, Any] = field(
        default_factory=lambda: {"ResultConfiguration": {"OutputLocation": f"{BUCKET}/data/athena/"}}
    )
    statements: dict[str, str] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    refuses: str = ""

    def catalog(self) -> Catalog:
        return Catalog([table(name, of) for name, of in TABLES.items()])

    def objects(self, location: str) -> Iterator[tuple[str, bytes]]:
        found = {uri: body for uri, body in sorted(self.files.items()) if uri.startswith(location)}
        self.read += found
        yield from found.items()

    def put(self, uri: str, body: bytes, kind: str) -> str:
        self.kinds[uri] = kind
        if not self.refuses:
            self.files[uri] = body
        return self.refuses

    def work_group(self, name: str) -> dict[str, Any] | None:
        return self.configuration if name == "research" else None

    def prepared(self, name: str, work_group: str) -> str | None:
        return self.statements.get(f"{work_group}/{name}")


def filled() -> Lake:
    """Return a lake with three bars of 2025 and of 2026 of each symbol, and one run with three trades."""
    files: Mapping[str, bytes] = {
        **{bars_key(symbol, "1d", year): _bars(symbol, year) for symbol in SYMBOLS for year in (2025, 2026)},
        run_key(RUN, date(2026, 11, 25)): parquet(TABLES["runs"].schema, [_run()]),
        trades_key(RUN): parquet(TABLES["trades"].schema, _trades()),
    }
    return Lake({f"{BUCKET}/{key}": body for key, body in files.items()})


def answer(sql: str, lake: Lake | None = None) -> Answer:
    """Carry out one query, as Athena would."""
    stores = lake or filled()
    return Engine(stores.catalog(), DATABASE, Scan(stores.objects)).answer(sql)


def rows(sql: str, lake: Lake | None = None) -> list[list[str | None]]:
    return answer(sql, lake).rows


def value(expression: str) -> str | None:
    """Return the one value that an expression has."""
    ((found,),) = rows(f"SELECT {expression}")
    return found
