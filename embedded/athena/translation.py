"""Translation: an analysed query in DuckDB's SQL, with Trino's meaning.

sqlglot knows most differences of the two dialects. What it leaves is here: exact division, dates that stay dates, time
zones, and JSON.
"""

from collections.abc import Callable
from typing import Final

from sqlglot import exp
from sqlglot.errors import ErrorLevel, UnsupportedError
from sqlglot.expressions.datatypes import DType

from embedded.athena import calls
from embedded.athena.calls import Translate
from embedded.athena.catalog import INFORMATION_SCHEMA
from embedded.athena.errors import QueryFailedError
from embedded.athena.types import Decimal, decimal_of, kind_of, spelled

AddQuotient = Callable[[int, int], str]
"""Adds the division whose quotient has a precision and a scale to the engine, and returns its name."""

ABOUT_TABLES_SCHEMA: Final = "about_tables"
"""Where the engine has `information_schema`, which is its own in DuckDB."""

_WITHOUT_ZONE: Final = {DType.TIMESTAMP, DType.TIMESTAMPNTZ}
_INTEGERS: Final = {DType.TINYINT, DType.SMALLINT, DType.INT, DType.BIGINT}
_DOUBLES: Final = {DType.DOUBLE, DType.FLOAT}
_UNITS_OF_DAYS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


def translate(tree: exp.Expr, add_quotient: AddQuotient) -> str:
    """Return `tree`, whose expressions have types, in DuckDB's SQL.

    Raises:
        QueryFailedError: it has what DuckDB cannot do.
    """
    root = tree.copy()
    # The types of operands are read off their spelling, so before any of them is translated.
    operands = {id(node): (decimal_of(node.left), decimal_of(node.right)) for node in root.find_all(exp.Div)}

    def translated(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Div):
            return _divided(node, operands[id(node)], add_quotient)
        name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
        of = _BY_NAME.get(name) or _BY_TYPE.get(type(node))
        return of(node) if of else node

    for node in reversed(list(root.bfs())):  # inner expressions first, as outer ones take them along
        kind, parent, key, index = node.type, node.parent, node.arg_key, node.index
        new = translated(node)
        if new is not node:
            new.type = new.type or kind
            if parent is None:
                root = new
            else:
                parent.set(key or "this", new, index)
    try:
        return root.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise QueryFailedError("NOT_SUPPORTED", f"{error}; the embedded stack answers by DuckDB") from None


def zone_of(node: exp.Expr) -> str:
    """Return the zone in which a column's times are shown: the one that AT TIME ZONE names."""
    inner = node.unalias()
    zone = inner.args.get("zone") if isinstance(inner, exp.AtTimeZone) else None
    if isinstance(inner, exp.Anonymous) and inner.name.lower() in ("at_timezone", "with_timezone"):
        zone = inner.expressions[1]
    return str(zone.name) if isinstance(zone, exp.Literal) and zone.is_string else ""


def _divided(node: exp.Div, operands: tuple[Decimal | None, Decimal | None], add_quotient: AddQuotient) -> exp.Expr:
    left, right = operands
    if left is None or right is None:
        if _DOUBLES & {kind_of(node), kind_of(node.left), kind_of(node.right)}:
            node.set("typed", False)
            return node
        # Of a type that only DuckDB knows, such as that of a lambda's parameter: it chooses the division by it.
        return exp.Anonymous(this="quotient", expressions=[node.left, node.right])
    if left.is_integer and right.is_integer:
        return _typed(exp.paren(exp.IntDiv(this=node.left, expression=node.right)), node.type or "bigint")
    quotient = left / right
    texts = [exp.cast(side, "text") for side in (node.left, node.right)]
    divided = exp.func(add_quotient(quotient.precision, quotient.scale), *texts)
    return _typed(exp.cast(divided, f"decimal({quotient.precision}, {quotient.scale})"), node.type or "decimal")


def _table(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Table) and node.db == INFORMATION_SCHEMA:
        node.set("db", exp.to_identifier(ABOUT_TABLES_SCHEMA))
    return node


def _moved(node: exp.Expr) -> exp.Expr:
    """Keep a date that is moved by days a date, and the difference of two dates an interval."""
    other = node.args.get("expression")
    if kind_of(node.this) is not DType.DATE:
        return node
    if isinstance(node, exp.Sub) and other is not None and kind_of(other) is DType.DATE:
        return exp.func("to_days", exp.cast(node, "int"))
    unit = node.args.get("unit") or (other.args.get("unit") if isinstance(other, exp.Interval) else None)
    if unit is None or unit.name.upper() in _UNITS_OF_DAYS:
        return _typed(exp.cast(node, "date"), "date")
    return node


def _truncated(node: exp.Expr) -> exp.Expr:
    return _typed(exp.cast(node, "date"), "date") if kind_of(node.this) is DType.DATE else node


def _cast(node: exp.Expr) -> exp.Expr:
    to = node.args["to"]
    if to.this in exp.DataType.TEXT_TYPES:
        if kind_of(node.this) in _DOUBLES and not decimal_of(node.this):
            return exp.func("double_text", node.this)
        if to.expressions:
            return _typed(exp.func("left", exp.cast(node.this, "text"), to.expressions[0].this), "varchar")
    if to.this is DType.DECIMAL and not to.expressions and isinstance(node.this, exp.Literal):
        return exp.Literal.number(node.this.name)
    return calls.rounded(node)


def _in_zone(node: exp.Expr) -> exp.Expr:
    """Return the time in a zone as its clocks show it, as DuckDB has one zone for all times."""
    this, zone = (node.this, node.args["zone"]) if isinstance(node, exp.AtTimeZone) else node.expressions
    at = exp.AtTimeZone(this=this, zone=exp.Literal.string("UTC")) if kind_of(this) in _WITHOUT_ZONE else this
    return _typed(exp.AtTimeZone(this=at, zone=zone.copy()), "timestamp")


def _zipped(node: exp.Expr) -> exp.Expr:
    """Return a query of the elements of several arrays side by side, as DuckDB unnests one array only."""
    columns = [column for each in node.expressions for column in _arrays(each)]
    if len(columns) < 2 or node.args.get("offset"):
        return node
    side_by_side = exp.select(*(exp.Unnest(expressions=[each]) for each in columns))
    return exp.Subquery(this=side_by_side, alias=node.args.get("alias"))


def _arrays(node: exp.Expr) -> list[exp.Expr]:
    """Return an array as it is, and a map as that of its keys and that of its values."""
    if kind_of(node) is not DType.MAP:
        return [node]
    return [exp.Anonymous(this=name, expressions=[node.copy()]) for name in ("map_keys", "map_values")]


def _json(macro: str, argument: str = "expression") -> Translate:
    def translated(node: exp.Expr) -> exp.Expr:
        path = node.args[argument]
        text = path.name if isinstance(path, exp.Literal) else path.sql(dialect="trino").strip("'")
        return exp.func(macro, node.this, exp.Literal.string(calls.duckdb_path(text)))

    return translated


def _quantiles(node: exp.Expr) -> exp.Expr:
    """Return the quantiles of integers as integers."""
    quantile, kind = node.args["quantile"], kind_of(node.this)
    found: exp.Expr = exp.Anonymous(this="quantile_cont", expressions=[node.this, quantile])
    if kind not in _INTEGERS:
        return found
    return exp.cast(found, f"{kind.value}[]" if isinstance(quantile, exp.Array) else kind.value)


def _size(node: exp.Expr) -> exp.Expr:
    return exp.func("cardinality", node.this) if kind_of(node.this) is DType.MAP else node


def _millisecond(node: exp.Expr) -> exp.Expr:
    whole = exp.func("date_part", exp.Literal.string("millisecond"), node.expressions[0])
    return exp.paren(exp.Mod(this=whole, expression=exp.Literal.number(1_000)))


def _typed(node: exp.Expr, kind: "str | exp.DataType") -> exp.Expr:
    node.type = kind
    return node


_BY_TYPE: Final[dict[type[exp.Expr], Translate]] = {
    **calls.BY_TYPE,
    exp.Table: _table,
    exp.Add: _moved,
    exp.Sub: _moved,
    exp.DateAdd: _moved,
    exp.DateSub: _moved,
    exp.DateTrunc: _truncated,
    exp.TimestampTrunc: _truncated,
    exp.Cast: _cast,
    exp.AtTimeZone: _in_zone,
    exp.Unnest: _zipped,
    exp.GenerateDateArray: lambda node: exp.cast(node, "date[]"),
    exp.JSONExtractScalar: _json("json_scalar"),
    exp.JSONExtract: _json("json_part"),
    exp.JSONValue: _json("json_scalar", "path"),
    exp.ApproxQuantile: _quantiles,
    exp.ArraySize: _size,
    exp.Typeof: lambda node: exp.Literal.string(spelled(node.this)),
}
_BY_NAME: Final[dict[str, Translate]] = {
    **calls.BY_NAME,
    "at_timezone": _in_zone,
    "with_timezone": lambda node: node.expressions[0],
    "typeof": lambda node: exp.Literal.string(spelled(node.expressions[0])),
    "millisecond": _millisecond,
}
