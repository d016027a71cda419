"""Type checks: what Trino refuses to compare, and DuckDB would convert."""

import re
from typing import Final

from sqlglot import exp

from embedded.athena.errors import QueryFailedError
from embedded.athena.statement import position
from embedded.athena.types import family_of, spelled

_OPERATORS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: Final[dict[type[exp.Expr], str]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


def check_types(sql: str, tree: exp.Query) -> None:
    """Refuse comparisons between types that have no common one.

    Raises:
        QueryFailedError: there is such a comparison in `tree`, which was parsed of `sql`, or a condition that is none.
    """
    _check_conditions(tree)
    _check_distinct(tree)
    for node in tree.find_all(exp.Between, exp.In, exp.DPipe, *_OPERATORS, *_ARITHMETIC):
        if isinstance(node, exp.Binary):
            _check_operator(sql, node)
        elif isinstance(node, exp.Between):
            low, high = node.args["low"], node.args["high"]
            if _differ(node.this, low) or _differ(node.this, high):
                kinds = f"{spelled(node.this)} is BETWEEN {spelled(low)} and {spelled(high)}"
                raise _mismatch(f"Cannot check if {kinds}", _after(sql, node.this, r"BETWEEN"))
        elif other := next((each for each in node.expressions if _differ(node.this, each)), None):
            reason = "IN value and list items must be the same type or coercible to a common type. Cannot find common"
            kinds = f"{spelled(node.this)} and {spelled(other)}"
            place = _after(sql, node.this, re.escape(other.sql(dialect="trino")))
            raise _mismatch(f"{reason} type between {kinds}", place)


def _check_conditions(tree: exp.Query) -> None:
    for node in tree.find_all(exp.Where, exp.Having, exp.Not, exp.And, exp.Or):
        for part in (node.left, node.right) if isinstance(node, exp.And | exp.Or) else (node.this,):
            if family_of(part) not in (None, "boolean"):
                what = (
                    f"{node.key.upper()} clause" if isinstance(node, exp.Where | exp.Having) else "Logical expression"
                )
                raise _mismatch(f"{what} must evaluate to a boolean: actual type {spelled(part)}", None)


def _check_distinct(tree: exp.Query) -> None:
    for select in tree.find_all(exp.Select):
        order = select.args.get("order")
        if select.args.get("distinct") and order is not None:
            given = {each.sql() for item in select.selects for each in (item, item.unalias())}
            given |= {item.alias_or_name for item in select.selects}
            for ordered in order.expressions:
                if ordered.this.sql() not in given and not ordered.this.is_int:
                    reason = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
                    raise QueryFailedError("EXPRESSION_NOT_IN_DISTINCT", reason, (1, 1))


def _check_operator(sql: str, node: exp.Binary) -> None:
    families = family_of(node.left), family_of(node.right)
    if not _differ(node.left, node.right) or (type(node) not in _OPERATORS and "text" not in families):
        return
    left, right = spelled(node.left), spelled(node.right)
    if isinstance(node, exp.DPipe):
        raise QueryFailedError("FUNCTION_NOT_FOUND", f"Unexpected parameters ({left}, {right}) for function concat")
    sign = (_OPERATORS | _ARITHMETIC)[type(node)]
    place = _after(sql, node.left, re.escape(sign))
    turned = {">": "<", ">=": "<=", "<>": "="}.get(sign, sign)  # as Trino's analysis turns them
    raise _mismatch(f"Cannot apply operator: {left} {turned} {right}", place)


def _differ(one: exp.Expr, other: exp.Expr) -> bool:
    families = family_of(one), family_of(other)
    return None not in families and families[0] != families[1]


def _mismatch(reason: str, place: tuple[int, int] | None) -> QueryFailedError:
    return QueryFailedError("TYPE_MISMATCH", reason, place)


def _after(sql: str, node: exp.Expr, pattern: str) -> tuple[int, int] | None:
    """Return where `pattern` is next after `node`; None if the node has no place of its own."""
    ends = [each.meta["end"] for each in node.find_all(exp.Identifier) if "end" in each.meta]
    found = re.compile(pattern, re.I).search(sql, max(ends) + 1) if ends else None
    return position(sql, found.start()) if found else None
