"""Calls of functions whose counterpart in DuckDB has another name, order, result or format."""

import re
from collections.abc import Callable
from typing import Final

from sqlglot import exp
from sqlglot.expressions.datatypes import DType

from embedded.athena.errors import QueryFailedError
from embedded.athena.types import kind_of

Translate = Callable[[exp.Expr], exp.Expr]

_INTEGERS: Final = {DType.TINYINT, DType.SMALLINT, DType.INT, DType.BIGINT}
_DOUBLES: Final = {DType.DOUBLE, DType.FLOAT}
_WITH_ZONE: Final = {DType.TIMESTAMPTZ, DType.TIMESTAMPLTZ}
_PARTS: Final = {
    "day_of_week": "isodow",
    "dow": "isodow",
    "day_of_month": "day",
    "day_of_year": "doy",
    "week_of_year": "week",
    "year_of_week": "isoyear",
    "yow": "isoyear",
}
"""Parts of a time that DuckDB names, or numbers, in another way."""
_JODA: Final = {
    "yyyy": "%Y",
    "YYYY": "%Y",
    "yy": "%y",
    "y": "%Y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "M": "%-m",
    "dd": "%d",
    "d": "%-d",
    "EEEE": "%A",
    "EEE": "%a",
    "E": "%a",
    "e": "%u",
    "DDD": "%j",
    "HH": "%H",
    "H": "%-H",
    "hh": "%I",
    "h": "%-I",
    "mm": "%M",
    "m": "%-M",
    "ss": "%S",
    "s": "%-S",
    "SSS": "%g",
    "a": "%p",
}


def format_of_joda(pattern: str) -> str:
    """Return a pattern of Joda's times, such as `yyyy-MM-dd`, as DuckDB's.

    Raises:
        QueryFailedError: it has a letter that is not supported.
    """

    def translated(found: re.Match[str]) -> str:
        if found["quoted"] is not None:
            return found["quoted"].replace("''", "'").replace("%", "%%") or "'"
        if found["letters"] not in _JODA:
            reason = f"{found['letters']} in a format of times is not supported by the embedded stack"
            raise QueryFailedError("NOT_SUPPORTED", reason)
        return _JODA[found["letters"]]

    escaped = pattern.replace("%", "%%")
    return re.sub(r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>(?P<letter>[A-Za-z])(?P=letter)*)", translated, escaped)


def duckdb_path(path: str) -> str:
    """Return a JSON path, whose mode is left out, with keys spelled `."a b"` rather than `["a b"]`."""
    plain = re.sub(r"^(lax|strict)\s+", "", path.strip())
    return re.sub(r"""\[\s*(?:"([^"]*)"|'([^']*)')\s*\]""", lambda found: f'."{found[1] or found[2] or ""}"', plain)


def _text(node: exp.Expr, what: str) -> str:
    if not (isinstance(node, exp.Literal) and node.is_string):
        raise QueryFailedError("NOT_SUPPORTED", f"{what} that is no literal is not supported by the embedded stack")
    return node.name


def _call(name: str, *arguments: "exp.Expr | str") -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[exp.convert(each) for each in arguments])


def _difference(node: exp.Expr) -> exp.Expr:
    """Count the whole units between two times, rather than the bounds of units."""
    unit = node.args["unit"].name.lower()
    return _call("date_sub", unit, node.args["expression"], node.this)


def _part(node: exp.Expr) -> exp.Expr:
    name = node.this.name.lower()
    return exp.Extract(this=exp.var(_PARTS.get(name, name)), expression=node.expression)


def _formatted(node: exp.Expr) -> exp.Expr:
    time, pattern = node.expressions
    return _call("strftime", time, format_of_joda(_text(pattern, "a format of times")))


def _parsed(node: exp.Expr) -> exp.Expr:
    pattern = format_of_joda(_text(node.args["format"], "a format of times"))
    return exp.cast(_call("strptime", node.this, pattern), "timestamptz")


def _iso(node: exp.Expr) -> exp.Expr:
    (time,) = node.expressions
    if kind_of(time) is DType.DATE:
        return exp.cast(time, "text")
    return _call("strftime", time, "%Y-%m-%dT%H:%M:%S.%g" + ("Z" if kind_of(time) in _WITH_ZONE else ""))


def _path_exists(node: exp.Expr) -> exp.Expr:
    document, path = node.expressions
    return _call("json_exists", document, duckdb_path(_text(path, "a JSON path")))


def _element_of_json(node: exp.Expr) -> exp.Expr:
    elements = exp.cast(_call("json_extract", node.this, "$[*]"), "text[]")
    return _call("list_contains", elements, exp.cast(_call("to_json", node.expression), "text"))


def _first_ones(elements: exp.Expr) -> exp.Expr:
    return _call("distinct_in_order", elements)


def _common(node: exp.Expr) -> exp.Expr:
    one, other = node.expressions
    return _call("common_in_order", one, other)


def _slice(node: exp.Expr) -> exp.Expr:
    return _call("part_of_list", node.this, node.args["start"], node.args["end"])


def _sequence(node: exp.Expr) -> exp.Expr:
    start, end, step = node.args["start"], node.args["end"], node.args.get("step")
    if kind_of(start) is not DType.DATE:
        return node
    day = exp.Interval(this=exp.Literal.string("1"), unit=exp.var("DAY"))
    return exp.cast(_call("generate_series", start, end, step or day), "date[]")


def _repeated(node: exp.Expr) -> exp.Expr:
    return _call("repeated_in_list", node.this, node.args["times"])


def _any(aggregate: str, *, is_negated: bool = False) -> Translate:
    def translated(node: exp.Expr) -> exp.Expr:
        elements, condition = node.expressions
        found = _call("list_aggregate", _call("list_transform", elements, condition), aggregate)
        # Of no elements, all match and none does.
        of_none = exp.Boolean(this=aggregate == "bool_and")
        matched = exp.func("coalesce", found, of_none)
        return exp.paren(exp.not_(matched)) if is_negated else matched

    return translated


_ZIPPED: Final = (2, 3)
"""Numbers of arrays that can be zipped: of each there is a macro."""


def _zipped_arrays(node: exp.Expr) -> exp.Expr:
    return _call(f"zip_{len(node.expressions)}", *node.expressions) if len(node.expressions) in _ZIPPED else node


def _map(node: exp.Expr) -> exp.Expr:
    return _call("map", *(_call("list", each) for each in node.expressions))


def _reduced(node: exp.Expr) -> exp.Expr:
    finish = node.args.get("finish")
    node.set("finish", None)
    if finish is None:
        return node
    return _call("list_extract", _call("list_transform", exp.array(node.copy()), finish), exp.Literal.number(1))


def _piece(node: exp.Expr) -> exp.Expr:
    return _call("piece_of", node.this, node.args["delimiter"], node.args["part_index"])


def _extracted(node: exp.Expr) -> exp.Expr:
    found = _call("regexp_extract", node.this, node.expression, node.args.get("group") or exp.Literal.number(0))
    matches = _call("regexp_matches", node.this.copy(), node.expression.copy())
    return exp.Case().when(matches, found)


def _replaced(node: exp.Expr) -> exp.Expr:
    by = node.args.get("replacement")
    if isinstance(by, exp.Literal):
        by = exp.Literal.string(re.sub(r"\\(\$)|\$(\d)", lambda found: found[1] or f"\\{found[2]}", by.name))
    return _call("regexp_replace", node.this, node.expression, by or "", "g")


def _printed(node: exp.Expr) -> exp.Expr:
    return _call("printf", node.this, *node.expressions)


def _sign(node: exp.Expr) -> exp.Expr:
    return exp.cast(node, "double") if kind_of(node.this) in _DOUBLES else node


def _whole(node: exp.Expr) -> exp.Expr:
    """Leave an integer as it is, of which DuckDB would make a double."""
    return node.this if kind_of(node.this) in _INTEGERS else node


def rounded(node: exp.Expr) -> exp.Expr:
    """Round halves away from zero in a cast of a double to an integer, rather than to the even neighbour."""
    if node.args["to"].this in _INTEGERS and kind_of(node.this) in _DOUBLES:
        return type(node)(this=exp.func("round", node.this), to=node.args["to"])
    return node


BY_TYPE: Final[dict[type[exp.Expr], Translate]] = {
    exp.DateDiff: _difference,
    exp.Extract: _part,
    exp.ParseDatetime: _parsed,
    exp.JSONArrayContains: _element_of_json,
    exp.ArrayDistinct: lambda node: _first_ones(node.this),
    exp.ArrayIntersect: _common,
    exp.ArraySlice: _slice,
    exp.GenerateSeries: _sequence,
    exp.Repeat: _repeated,
    exp.Reduce: _reduced,
    exp.SplitPart: _piece,
    exp.RegexpExtract: _extracted,
    exp.RegexpReplace: _replaced,
    exp.Format: _printed,
    exp.Floor: _whole,
    exp.Ceil: _whole,
    exp.Sign: _sign,
}
BY_NAME: Final[dict[str, Translate]] = {
    "format_datetime": _formatted,
    "to_iso8601": _iso,
    "json_exists": _path_exists,
    "array_union": lambda node: _first_ones(_call("list_concat", *node.expressions)),
    "arrays_overlap": lambda node: _call("list_has_any", *node.expressions),
    "any_match": _any("bool_or"),
    "all_match": _any("bool_and"),
    "none_match": _any("bool_or", is_negated=True),
    "zip": _zipped_arrays,
    "map_agg": _map,
    "is_infinite": lambda node: _call("isinf", *node.expressions),
}
