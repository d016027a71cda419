"""`tickfold query`, against an HTTP server on this machine that speaks Athena's protocol as far as it is used."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command

Json = dict[str, Any]


def row(*cells: str | None) -> Json:
    return {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in cells]}


def page(rows: list[Json], **types: str) -> Json:
    columns = [{"Name": name, "Type": kind} for name, kind in types.items()]
    return {"ResultSet": {"Rows": rows, "ResultSetMetadata": {"ColumnInfo": columns}}}


@dataclass
class Athena:
    """The states that a query goes through, the pages of its result, and the operations that were asked for."""

    states: list[Json]
    pages: list[Json]
    statement: str = "DML"
    refusal: str = ""
    asked: list[tuple[str, Json]] = field(default_factory=list)
    saved: dict[str, str] = field(default_factory=dict)

    def answer(self, operation: str, request: Json) -> Json:
        self.asked.append((operation, request))
        match operation:
            case "StartQueryExecution":
                return {"QueryExecutionId": "query-1"}
            case "GetQueryExecution":
                state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
                found: Json = {"QueryExecutionId": "query-1", "Status": state, "StatementType": self.statement}
                return {"QueryExecution": found | {"Statistics": {"DataScannedInBytes": 123_456}}}
            case "GetQueryResults":
                number = int(request.get("NextToken", "0"))
                more = {"NextToken": str(number + 1)} if number + 1 < len(self.pages) else {}
                return self.pages[number] | more
            case "ListNamedQueries":
                return {"NamedQueryIds": list(self.saved)}
            case "BatchGetNamedQuery":
                named = [{"Name": name, "QueryString": self.saved[name]} for name in request["NamedQueryIds"]]
                return {"NamedQueries": named}
            case _:
                return {}

    def operations(self) -> list[str]:
        return [operation for operation, _ in self.asked]


@pytest.fixture
def athena(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Athena]:
    """An Athena that answers with one empty page unless a test says otherwise."""
    served = Athena([{"State": "SUCCEEDED"}], [page([])])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].split(".")[-1]
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            refused = {"__type": "InvalidRequestException", "message": served.refusal} if served.refusal else None
            body = json.dumps(refused or served.answer(operation, request)).encode()
            self.send_response(400 if refused else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL_ATHENA": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "TICKFOLD_REGION": "us-east-1",
        "TICKFOLD_ATHENA_WORKGROUP": "tickfold-dev",
        "TICKFOLD_ATHENA_DATABASE": "tickfold_dev",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def test_query_uses_workgroup_and_database_of_stack(tickfold: Command, athena: Athena) -> None:
    assert tickfold("query", "SELECT 1").status == 0
    operation, request = athena.asked[0]
    assert operation == "StartQueryExecution"
    assert request["QueryString"] == "SELECT 1"
    assert request["WorkGroup"] == "tickfold-dev"
    assert request["QueryExecutionContext"] == {"Database": "tickfold_dev"}


def test_query_writes_every_page_and_skips_header_row(tickfold: Command, athena: Athena) -> None:
    types = {"symbol": "varchar", "bars": "bigint"}
    athena.states = [{"State": "QUEUED"}, {"State": "RUNNING"}, {"State": "SUCCEEDED"}]
    athena.pages = [page([row("symbol", "bars"), row("GOOG", "1")], **types), page([row("FB", None)], **types)]
    ended = tickfold("query", "SELECT symbol, bars FROM t")
    assert (ended.status, ended.stdout) == (0, "symbol,bars\nGOOG,1\nFB,\n")
    assert ended.stderr == "123,456 bytes scanned\n"


def test_json_rows_are_typed_by_column(tickfold: Command, athena: Athena) -> None:
    types = {"a": "integer", "b": "double", "c": "boolean", "d": "varchar", "e": "decimal"}
    athena.pages = [
        page([row(*types), row("7", "1.5", "true", "7", "1.10"), row(None, "NaN", "false", "", None)], **types)
    ]
    assert json.loads(tickfold("query", "SELECT 1", "--json").stdout) == [
        {"a": 7, "b": 1.5, "c": True, "d": "7", "e": "1.10"},
        {"a": None, "b": None, "c": False, "d": "", "e": None},
    ]


def test_statement_other_than_select_has_no_header_row(tickfold: Command, athena: Athena) -> None:
    athena.statement = "UTILITY"
    athena.pages = [page([row("bars"), row("runs")], tab_name="string")]
    assert tickfold("query", "SHOW TABLES").stdout == "tab_name\nbars\nruns\n"


def test_row_in_one_cell_is_parted_by_its_tabs(tickfold: Command, athena: Athena) -> None:
    athena.statement = "DDL"
    columns = {"col_name": "string", "data_type": "string", "comment": "string"}
    padded = "symbol              \tstring              \t                    "
    athena.pages = [page([row(padded), row(""), row("# Partition Information")], **columns)]
    listed = "col_name,data_type,comment\nsymbol,string,\n,,\n# Partition Information,,\n"
    assert tickfold("query", "DESCRIBE bars").stdout == listed


def test_parameters_are_passed_on_in_order(tickfold: Command, athena: Athena) -> None:
    assert tickfold("query", "SELECT ?, ?, ?", "--param", "'GOOG'", "--param", "5", "--param", "NULL").status == 0
    assert athena.asked[0][1]["ExecutionParameters"] == ["'GOOG'", "5", "NULL"]


@pytest.mark.parametrize("sql", ["", "  ", "-- SELECT 1", "/* SELECT\n1 */", ";", "-- a\n;"])
def test_empty_statement_is_wrong_use_and_not_sent(tickfold: Command, athena: Athena, sql: str) -> None:
    ended = tickfold("query", sql)
    assert ended.status == 2
    assert 'SQL is empty: expected one statement, such as "SHOW TABLES"' in ended.stderr
    assert athena.asked == []


@pytest.mark.parametrize("sql", ["DROP TABLE runs", "insert into runs select 1", "-- x\nCOPY runs TO 'x'", "(DELETE"])
def test_statement_that_changes_something_is_refused_and_not_sent(tickfold: Command, athena: Athena, sql: str) -> None:
    ended = tickfold("query", sql)
    assert (ended.status, ended.stdout, athena.asked) == (3, "", [])
    assert re.match(r"tickfold: query refused: it begins with [A-Z]+; a query only reads: SELECT, WITH", ended.stderr)


@pytest.mark.parametrize("sql", ["(SELECT 1)", "with a as (select 1) select * from a", "-- a\nvalues 1", "desc bars"])
def test_statement_that_reads_is_sent(tickfold: Command, athena: Athena, sql: str) -> None:
    assert tickfold("query", sql).status == 0
    assert athena.asked[0][1]["QueryString"] == sql


def test_refusal_of_a_statement_is_told_in_athenas_words(tickfold: Command, athena: Athena) -> None:
    athena.refusal = "Only one sql statement is allowed. Got: SELECT 1; SELECT 2"
    ended = tickfold("query", "SELECT 1; SELECT 2")
    assert (ended.status, ended.stderr) == (3, f"tickfold: query refused: {athena.refusal}\n")


def test_failed_query_is_one_line_with_reason(tickfold: Command, athena: Athena) -> None:
    athena.states = [
        {"State": "FAILED", "StateChangeReason": "SYNTAX_ERROR: line 1:8:\n  Column 'x' cannot be resolved"}
    ]
    ended = tickfold("query", "SELECT x")
    assert (ended.status, ended.stdout) == (3, "")
    assert ended.stderr == "tickfold: query failed: SYNTAX_ERROR: line 1:8: Column 'x' cannot be resolved\n"


def test_ctrl_c_stops_query(athena: Athena) -> None:
    athena.states = [{"State": "RUNNING"}]
    command = [sys.executable, "-m", "tickfold.cli", "query", "SELECT 1"]
    process = subprocess.Popen(command, env=os.environ, stderr=subprocess.PIPE, text=True)
    try:
        polled = threading.Event()
        while not polled.wait(0.02):
            if athena.operations().count("GetQueryExecution") >= 2:
                polled.set()
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=10)
    finally:
        process.kill()
    assert (process.returncode, stderr) == (130, "query stopped\n")
    assert athena.asked[-1] == ("StopQueryExecution", {"QueryExecutionId": "query-1"})


def test_several_statements_are_refused_unsent(tickfold: Command, athena: Athena) -> None:
    ended = tickfold("query", "SELECT 1;\nSELECT ';'")
    assert (ended.status, athena.asked) == (3, [])
    assert ended.stderr == "tickfold: query refused: Only one sql statement is allowed. Got: SELECT 1; SELECT ';'\n"


@pytest.mark.parametrize("value", ["GOOG", "^GSPC", "ES=F", "a-b"])
def test_parameter_of_text_without_quotes_is_refused_unsent(tickfold: Command, athena: Athena, value: str) -> None:
    ended = tickfold("query", "SELECT ?", "--param", value)
    assert ended.status == 2
    assert ended.stderr == (
        f"tickfold: --param {value} is no value in SQL: put text between quotes, --param \"'{value}'\"\n"
    )
    assert athena.asked == []


def test_empty_parameter_is_refused_unsent(tickfold: Command, athena: Athena) -> None:
    ended = tickfold("query", "SELECT ?", "--param", " ")
    assert (ended.status, ended.stderr.startswith("tickfold: --param is empty")) == (2, True)
    assert athena.asked == []


@pytest.mark.parametrize("name", ["trades-of-a-run", "trades of a run"])
def test_saved_query_runs_by_name_with_parameters(tickfold: Command, athena: Athena, name: str) -> None:
    athena.saved = {"latest runs": "SELECT 1", "trades of a run": "SELECT * FROM trades WHERE run_id = ?"}
    assert tickfold("query", "--saved", name, "--param", "'r-1'").status == 0
    (request,) = [request for operation, request in athena.asked if operation == "StartQueryExecution"]
    assert request["QueryString"] == "SELECT * FROM trades WHERE run_id = ?"
    assert request["ExecutionParameters"] == ["'r-1'"]


def test_unknown_saved_query_names_those_that_are_saved(tickfold: Command, athena: Athena) -> None:
    athena.saved = {"trades of a run": "SELECT 2", "latest runs": "SELECT 1"}
    ended = tickfold("query", "--saved", "latest")
    assert (ended.status, ended.stdout) == (3, "")
    assert (
        ended.stderr
        == "tickfold: no saved query 'latest' (did you mean latest-runs?); saved are: latest-runs, trades-of-a-run\n"
    )


@pytest.mark.parametrize("arguments", [[], ["SELECT 1", "--saved", "latest-runs"]], ids=["neither", "both"])
def test_statement_and_saved_query_exclude_each_other(tickfold: Command, athena: Athena, arguments: list[str]) -> None:
    ended = tickfold("query", *arguments)
    assert (ended.status, ended.stderr) == (
        2,
        "tickfold: give either an SQL statement, or --file FILE, or --saved NAME\n",
    )
    assert athena.asked == []


@pytest.mark.parametrize("sql", ["-- a comment\nSELECT 1", "--\nSELECT 1", "--json\nSELECT 1"])
def test_statement_that_begins_with_a_comment_is_no_option(tickfold: Command, athena: Athena, sql: str) -> None:
    athena.pages = [page([row("a"), row("x y")], a="varchar")]
    ended = tickfold("query", sql, "--param='x y'", "--json")
    assert (ended.status, json.loads(ended.stdout)) == (0, [{"a": "x y"}])
    assert athena.asked[0][1]["QueryString"] == sql


def test_unknown_option_is_refused(tickfold: Command, athena: Athena) -> None:
    ended = tickfold("query", "SELECT 1", "--jsno")
    assert ended.status == 2
    assert "--jsno" in ended.stderr
    assert athena.asked == []
