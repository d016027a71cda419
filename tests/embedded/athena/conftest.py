"""A lake in memory, with bars of two symbols and two runs, and Athena's service over it."""

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedded.athena.catalog import Catalog, Column, Table
from embedded.athena.engine import Answer, Engine
from embedded.athena.lake import Scan

DATABASE = "lake"
PLACE = "s3://bucket/data"


def table(name: str, columns: str, partitions: str = "", **parameters: str) -> Table:
    def parsed(text: str) -> list[Column]:
        return [Column(*each.split()) for each in text.split(", ") if each]

    known = {key.replace("__", "."): value for key, value in parameters.items()}
    return Table(DATABASE, name, parsed(columns), parsed(partitions), f"{PLACE}/{name}/", known)


INJECTED = {"projection__symbol__type": "injected", "projection__timeframe__type": "injected"}
CATALOG = Catalog(
    [
        table(
            "bars",
            "timestamp timestamp, close double, volume double, year int",
            "symbol string, timeframe string",
            storage__location__template=f"{PLACE}/bars/${{symbol}}/${{timeframe}}/",
            **INJECTED,
        ),
        table(
            "runs",
            "run_id string, symbol string, trades int, day date, created_at timestamp, parameters string",
            "year int",
            storage__location__template=f"{PLACE}/runs/year=${{year}}/",
            projection__year__type="integer",
            projection__year__range="2025,2028",
        ),
    ]
)


def bars(symbol: str, first: float) -> pa.Table:
    times = [datetime(2020, 1, 1), datetime(2020, 1, 2), datetime(2021, 1, 4)]
    return pa.table(
        {
            "timestamp": pa.array(times, pa.timestamp("ms")),
            "close": [first, first + 1, first + 2],
            "volume": [1.0, 2.0, 3.0],
            "year": pa.array([2020, 2020, 2021], pa.int32()),
        }
    )


def run(run_id: str, trades: int, day: date, parameters: str) -> pa.Table:
    created = datetime(day.year, day.month, day.day, 12, 0, 0, 123_000)
    return pa.table(
        {
            "run_id": [run_id],
            "symbol": ["A"],
            "trades": pa.array([trades], pa.int32()),
            "day": [day],
            "created_at": pa.array([created], pa.timestamp("ms")),
            "parameters": [parameters],
        }
    )


FILES = {
    f"{PLACE}/bars/A/1d/2020.parquet": bars("A", 10.0),
    f"{PLACE}/bars/ES=F/1d/2020.parquet": bars("ES=F", 20.0),
    f"{PLACE}/bars/BTC/USD/1d/2020.parquet": bars("BTC/USD", 30.0),
    f"{PLACE}/runs/year=2026/one.parquet": run("one", 7, date(2026, 11, 25), '{"fast": 10, "levels": [1, 2]}'),
    f"{PLACE}/runs/year=2027/two.parquet": run("two", 3, date(2027, 1, 2), "no JSON"),
}


@dataclass
class Lake:
    """The files of `FILES`, and which locations were listed."""

    listed: list[str] = field(default_factory=list)
    written: dict[str, bytes] = field(default_factory=dict)
    configuration: dict[str, Any] = field(
        default_factory=lambda: {"ResultConfiguration": {"OutputLocation": "s3://bucket/results"}}
    )

    def catalog(self) -> Catalog:
        return CATALOG

    def objects(self, location: str) -> Iterator[tuple[str, bytes]]:
        self.listed.append(location.removeprefix(PLACE))
        for uri, rows in FILES.items():
            if uri.startswith(location):
                file = io.BytesIO()
                pq.write_table(rows, file)
                yield uri, file.getvalue()

    def put(self, uri: str, body: bytes, kind: str) -> str:
        assert kind == "text/csv"
        self.written[uri] = body
        return ""

    def work_group(self, name: str) -> dict[str, Any] | None:
        return self.configuration if name == "group" else None

    def prepared(self, name: str, work_group: str) -> str | None:
        return "SELECT ? + ?" if (name, work_group) == ("sum", "group") else None


@pytest.fixture
def lake() -> Lake:
    return Lake()


def answer(sql: str, lake: Lake | None = None) -> Answer:
    return Engine(CATALOG, DATABASE, Scan((lake or Lake()).objects)).answer(sql)


def until(condition: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
