"""Every statement that users are shown has the same answer on the embedded stack and on Trino, and rows in it."""

import re

import pytest

from tests.athena.athena import Athena
from tests.athena.comparison import assert_same
from tests.athena.lake import Runs
from tests.athena.statements import DEMO, PAGES, SOURCES, Statement, filled, shown
from tools.trino.engine import Trino


@pytest.mark.parametrize("statement", shown(), ids=str)
def test_statement_has_the_answer_of_trino(trino: Trino, athena: Athena, runs: Runs, statement: Statement) -> None:
    answer = assert_same(trino, athena, filled(statement, runs))
    assert answer.rows


def test_every_select_on_pages_and_in_sources_is_a_statement() -> None:
    """Count them in another way: a statement that is shown in a new form must not slip through."""
    texts = [path.read_text() for path in [*PAGES, *SOURCES, DEMO]]
    selects = sum(len(re.findall(r"SELECT [\w*].*? FROM \w", text)) for text in texts)
    assert selects == len([each for each in shown() if each.shown != "saved queries"])
