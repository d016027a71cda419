"""`tickfold query` with a statement from a file or from standard input."""

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_query import Athena, athena

__all__ = ["athena"]

SQL = "SELECT 'ä',\n  1"


@pytest.mark.parametrize("arguments", [["--file", "{file}"], ["-f", "{file}"], ["-f", "-"], ["-"]])
def test_statement_is_read(
    tickfold: Command, athena: Athena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    file = tmp_path / "query.sql"
    file.write_bytes(b"\xef\xbb\xbf" + SQL.encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SQL.encode())))
    assert tickfold("query", *(argument.format(file=file) for argument in arguments)).status == 0
    assert athena.asked[0][1]["QueryString"] == SQL


def test_file_that_cannot_be_read_is_wrong_use(tickfold: Command, athena: Athena, tmp_path: Path) -> None:
    ended = tickfold("query", "--file", str(tmp_path / "missing.sql"))
    assert ended.status == 2
    assert "missing.sql cannot be read (No such file or directory)" in ended.stderr
    (tmp_path / "latin1.sql").write_bytes("SELECT 'ä'".encode("latin-1"))
    ended = tickfold("query", "--file", str(tmp_path / "latin1.sql"))
    assert (ended.status, athena.asked) == (2, [])
    assert "latin1.sql is not UTF-8 (byte 8): save it as UTF-8" in ended.stderr


def test_file_is_checked_as_a_statement_is(tickfold: Command, athena: Athena, tmp_path: Path) -> None:
    (tmp_path / "drop.sql").write_text("DROP TABLE runs")
    ended = tickfold("query", "--file", str(tmp_path / "drop.sql"))
    assert (ended.status, athena.asked) == (3, [])
    assert "query refused: it begins with DROP" in ended.stderr
    assert tickfold("query", "SELECT 1", "--file", "x").status == 2
