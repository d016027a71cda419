"""SQL over portfolios: the shown statements have the answers that the journal says."""

import pytest

from components.saved_queries import SAVED_QUERIES
from docs.generate.tables import PORTFOLIOS
from tests.athena.statements import Statement, in_fences
from tests.embedded.athena.lake import BUCKET, Lake, rows
from tests.portfolios.lake.journals import exported, rows_of
from tests.portfolios.lake.session import session
from tickfold.portfolios.portfolio import equity
from tickfold.portfolios.times import milliseconds

SHOWN = [
    *in_fences("docs/reference/tables.md", PORTFOLIOS),
    *(Statement(name, sql) for name, sql in SAVED_QUERIES.items() if "FROM portfolio_" in sql),
]


TRADED = session()
WRITTEN = milliseconds(TRADED.time)
FILES = exported([entry.model_copy(update={"time": WRITTEN}) for entry in TRADED.journal])
LAKE = Lake({f"{BUCKET}/{key}": body for key, body in FILES.items()})


def answer(sql: str) -> list[list[str | None]]:
    return rows(sql.replace("?", "'growth'").replace("current_date", "DATE '2026-02-01'"), LAKE)


@pytest.mark.parametrize("statement", SHOWN, ids=str)
def test_shown_statement_has_rows(statement: Statement) -> None:
    assert answer(statement.sql)


def test_trades_have_the_columns_of_a_trading_bot() -> None:
    assert answer(SAVED_QUERIES["trades-of-a-portfolio"]) == [
        ["3-0", "GOOG", "buy", "100.0", "10.0", "2026-01-30 14:30:00.000"],
        ["5-0", "GOOG", "sell", "101.0", "4.0", "2026-01-30 14:31:00.000"],
        ["6-1", "IBM", "sell", "50.0", "2.0", "2026-01-30 14:32:00.000"],
        ["7-0", "IBM", "buy", "45.0", "2.0", "2026-01-30 14:33:00.000"],
    ]


def test_order_that_works_is_found_and_those_that_are_over_are_not() -> None:
    found = answer(SAVED_QUERIES["open-orders"])
    assert [row[:3] for row in found] == [["ada", "growth", "works"]]


def test_equity_at_the_end_of_a_day_is_the_portfolio_s() -> None:
    worth, cash = equity(TRADED.portfolio), TRADED.portfolio.cash
    profit = worth - 10_000
    assert answer(SAVED_QUERIES["equity-of-portfolios-by-day"]) == [
        ["2026-01-30", "ada", "growth", str(worth), str(cash), str(profit)]
    ]


def test_every_row_is_found_by_its_year_and_none_by_another() -> None:
    for table in ("orders", "fills", "trades", "cash_flows", "equity"):
        sql = f"SELECT count(*) FROM portfolio_{table} WHERE year = "
        assert answer(f"{sql}2026") == [[str(len(rows_of(FILES, f"portfolio_{table}")))]]
        assert answer(f"{sql}2025") == [["0"]]
