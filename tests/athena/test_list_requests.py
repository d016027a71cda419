"""A stack that is five years old: no statement that users are shown makes more than 50 LIST requests."""

from datetime import date

import pytest

from tests.athena.lake import Runs
from tests.athena.old_lake import WEEKS
from tests.athena.statements import Statement, filled, shown
from tools.trino.engine import Trino

MOST = 50


@pytest.mark.parametrize("statement", shown(), ids=str)
def test_statement_makes_few_list_requests(old_trino: Trino, runs: Runs, statement: Statement) -> None:
    given = filled(statement, runs)
    answer = old_trino.ask(given.sql, given.parameters)
    assert answer.rows
    assert 0 < answer.lists <= MOST


def test_bars_of_all_years_take_one_request(old_trino: Trino) -> None:
    answer = old_trino.ask("SELECT count(DISTINCT year), count(*) FROM bars WHERE symbol = 'IBM' AND timeframe = '1d'")
    assert answer.rows == [["14", "3270"]]
    assert answer.lists == 1


def test_runs_of_five_years_are_found(old_trino: Trino) -> None:
    answer = old_trino.ask("SELECT count(DISTINCT day) FROM runs")
    assert answer.rows == [[str(WEEKS)]]


def test_year_narrows_the_requests(old_trino: Trino) -> None:
    answer = old_trino.ask("SELECT count(*) FROM runs WHERE year = ?", [str(date.today().year)])
    assert answer.lists <= 2
