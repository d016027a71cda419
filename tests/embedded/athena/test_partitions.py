"""Which files a query reads, and which queries name too few partitions."""

import pytest

from embedded.athena.errors import QueryFailedError
from tests.embedded.athena.lake import BUCKET, RUN, SYMBOLS, filled, rows
from tickfold.storage.layout import bars_key

COUNT = "SELECT count(*) FROM bars WHERE {}"
GOOG = "symbol = 'GOOG' AND timeframe = '1d'"


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_symbol_with_any_allowed_character_is_found(symbol: str) -> None:
    assert rows(COUNT.format(f"symbol = '{symbol}' AND timeframe = '1d'")) == [["6"]]


@pytest.mark.parametrize(
    ("condition", "bars"),
    [
        (GOOG, 6),
        (f"({GOOG})", 6),
        ("'GOOG' = symbol AND timeframe IN ('1d', '1h')", 6),
        ("symbol IN ('GOOG', 'ES=F') AND timeframe = '1d'", 12),
        ("(symbol = 'GOOG' OR symbol = 'ES=F') AND timeframe = '1d'", 12),
        ("symbol = upper('goog') AND timeframe = '1' || 'd'", 6),
        ("symbol = 'NOPE' AND timeframe = '1d'", 0),
        ("symbol = 'GOOG' AND symbol = 'ES=F' AND timeframe = '1d'", 0),
        (f"{GOOG} AND year = 2026", 3),
        (f"{GOOG} AND \"timestamp\" >= TIMESTAMP '2026-01-02 00:00:00'", 2),
    ],
)
def test_static_equality_gives_the_partition(condition: str, bars: int) -> None:
    assert rows(COUNT.format(condition)) == [[str(bars)]]


@pytest.mark.parametrize(
    ("condition", "column"),
    [
        ("true", "symbol"),
        ("timeframe = '1d'", "symbol"),
        ("symbol = 'GOOG'", "timeframe"),
        ("symbol LIKE 'GO%' AND timeframe = '1d'", "symbol"),
        ("symbol <> 'GOOG' AND timeframe = '1d'", "symbol"),
        ("symbol > 'G' AND timeframe = '1d'", "symbol"),
        ("upper(symbol) = 'GOOG' AND timeframe = '1d'", "symbol"),
        ("NOT symbol = 'GOOG' AND timeframe = '1d'", "symbol"),
        ("(symbol = 'GOOG' OR volume > 0) AND timeframe = '1d'", "symbol"),
        ("symbol = (SELECT max(symbol) FROM runs) AND timeframe = '1d'", "symbol"),
    ],
)
def test_injected_column_without_static_equality_is_refused(condition: str, column: str) -> None:
    with pytest.raises(QueryFailedError) as refused:
        rows(COUNT.format(condition))
    assert str(refused.value) == (
        f"CONSTRAINT_VIOLATION: For the injected projected partition column {column}, the WHERE clause must contain "
        "only static equality conditions, and at least one such condition must be present."
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM runs r JOIN trades t ON r.run_id = t.run_id WHERE r.run_id = '{}'",
        "SELECT count(*) FROM runs r, trades t WHERE r.run_id = t.run_id AND t.run_id = '{}'",
        "SELECT count(*) FROM (SELECT * FROM trades) t WHERE t.run_id = '{}'",
        "WITH t AS (SELECT * FROM trades) SELECT count(*) FROM t WHERE run_id = '{}'",
    ],
)
def test_equality_is_handed_on_through_joins_and_subqueries(sql: str) -> None:
    assert rows(sql.format(RUN)) == [["3"]]


def test_only_files_of_the_partition_are_read() -> None:
    lake = filled()
    rows(COUNT.format(GOOG), lake)
    assert sorted(set(lake.read)) == [f"{BUCKET}/{bars_key('GOOG', '1d', year)}" for year in (2025, 2026)]


def test_runs_are_found_without_naming_a_partition() -> None:
    assert rows("SELECT run_id FROM runs") == [[RUN]]
