"""Rows as CSV, JSON and tables."""

import json
import re

import pytest

from tickfold.cli.rows import Value, write_rows

COLUMNS = ("symbol", "bars", "sharpe", "note")
ROWS: list[list[Value]] = [["GOOG", 2148, 0.5, 'a "b", c'], ["A", None, float("nan"), None]]


def test_csv_quotes_values_with_separators(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(COLUMNS, ROWS, as_csv=True, as_json=False)
    assert capsys.readouterr().out == 'symbol,bars,sharpe,note\nGOOG,2148,0.5,"a ""b"", c"\nA,,,\n'


@pytest.mark.parametrize("value", [-0.0, float("nan"), float("inf"), -float("inf")])
def test_no_format_has_negative_zero_nan_or_infinity(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    write_rows(["pnl"], [[value]], as_csv=True, as_json=False)
    write_rows(["pnl"], [[value]], as_csv=False, as_json=True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    write_rows(["pnl"], [[value]], as_csv=False, as_json=False)
    written = capsys.readouterr().out
    assert not re.search(r"-0|nan|inf|NaN|Infinity", written)
    assert ("0.0" in written) == (value == 0)
    assert ("–" in written) == (value != 0)


def test_rows_in_pipe_are_csv(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(["a"], [[1]], as_csv=False, as_json=False)
    assert capsys.readouterr().out == "a\n1\n"


def test_json_keeps_numbers_and_writes_undefined_as_null(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(COLUMNS, ROWS, as_csv=False, as_json=True)
    assert json.loads(capsys.readouterr().out) == [
        {"symbol": "GOOG", "bars": 2148, "sharpe": 0.5, "note": 'a "b", c'},
        {"symbol": "A", "bars": None, "sharpe": None, "note": None},
    ]


def test_json_without_rows_is_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(COLUMNS, [], as_csv=False, as_json=True)
    assert json.loads(capsys.readouterr().out) == []


def test_table_on_terminal_has_no_control_characters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    write_rows(["name", "bars"], [["\x1b[2J[red]", 7]], as_csv=False, as_json=False)
    written = capsys.readouterr().out
    assert "\x1b[2J" not in written
    assert "\N{REPLACEMENT CHARACTER}[2J[red]" in written
