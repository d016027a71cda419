"""The statements that users are shown: in README and docs, `--help`, messages, the demo, and the saved queries."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from components.saved_queries import SAVED_QUERIES
from tests.athena.lake import Runs
from tickfold.cli.next_steps import TRADES_OF_RUN

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "strategies/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_POSTGRESQL = ROOT / "tickfold/market_data/sinks"
SOURCES = [path for path in sorted((ROOT / "tickfold").rglob("*.py")) if _POSTGRESQL not in path.parents]
DEMO = ROOT / "embedded/demo.py"
_COMMAND = re.compile(r"""tickfold query (?P<quote>["'])(?P<sql>.+?)(?P=quote)(?![\w'])""")
_FENCED = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]+)\}?(?=')")


@dataclass(frozen=True)
class Statement:
    """A statement with the values of its `?`, and where it is shown."""

    shown: str
    sql: str
    parameters: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.shown}: {' '.join(self.sql.split())}"


def shown() -> list[Statement]:
    """Return the statements as they are shown, with their placeholders."""
    return [
        *_on_pages(),
        *_in_sources(),
        *_in_demo(),
        Statement("next steps", TRADES_OF_RUN),
        *(Statement("saved queries", sql) for sql in SAVED_QUERIES.values()),
    ]


def _on_pages() -> Iterator[Statement]:
    for page in PAGES:
        name, text = str(page.relative_to(ROOT)), page.read_text()
        yield from (Statement(name, sql) for sql in _commands(text))
        yield from in_fences(name, text)


def in_fences(name: str, text: str) -> Iterator[Statement]:
    """Yield the statements that a page has in blocks of their own."""
    return (Statement(name, sql) for sql in _FENCED.findall(text))


def _in_sources() -> Iterator[Statement]:
    """Yield the statements in the command line's help and in messages."""
    for source in SOURCES:
        for sql in _commands(source.read_text()):
            yield Statement(str(source.relative_to(ROOT)), sql)


def _commands(text: str) -> Iterator[str]:
    """Yield the statements of commands, in quotes of either kind."""
    return (found["sql"] for found in _COMMAND.finditer(text))


def _in_demo() -> Iterator[Statement]:
    """Yield what the demo types after `query`; a value in an f-string becomes `$NAME`."""
    for node in ast.walk(ast.parse(DEMO.read_text())):
        match node:
            case ast.Call(args=[ast.Constant(value="query"), ast.Constant(value=str(sql))]):
                yield Statement("demo", sql)
            case ast.Call(args=[ast.Constant(value="query"), ast.JoinedStr(values=parts)]):
                yield Statement("demo", "".join(_part(part) for part in parts))


def _part(part: ast.expr) -> str:
    match part:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue(value=ast.Name(id=name)):
            return f"${name}"
    raise ValueError(f"the demo's statement has {ast.unparse(part)}; expected text or a plain name")


def filled(statement: Statement, runs: Runs) -> Statement:
    """Return the statement with a value for each variable of the shell and each `?`."""
    table = re.findall(r"FROM (\w+)", statement.sql)[0]
    run_id = {"sweeps": runs.sweep, "walk_forward": runs.walk_forward}.get(table, runs.single)
    if table.endswith("_by_symbol"):
        run_id = runs.several
    variables = {"RUN": run_id, "run_id": run_id}
    values = {"symbol": "'GOOG'", "timeframe": "'1d'", "year": "2012", "name": "'growth'", "run_id": f"'{run_id}'"}
    columns = re.findall(r"(\w+) = \?", statement.sql)
    return replace(
        statement,
        sql=_VARIABLE.sub(lambda found: variables[found[1]], statement.sql),
        parameters=tuple(values[column] for column in columns),
    )
