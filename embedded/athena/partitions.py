"""Partitions: which ones a query reads, as its conditions say.

Athena finds an injected partition only where static conditions give its value. What Trino infers of equalities between
columns, through joins and into subqueries, is inferred here too.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, build_scope

from embedded.athena.catalog import Table, Value
from embedded.athena.errors import QueryFailedError

Known = dict[str, frozenset[Value]]
"""The values that a row's columns can have, by column: one that is absent can have any."""
Name = tuple[str, str]
"""A source of a query, and a column of it."""
Constant = Callable[[exp.Expr], Value | None]
"""Returns the value of an expression without columns; None if it is NULL."""

_MESSAGE: Final = (
    "For the injected projected partition column {}, the WHERE clause must contain only static equality conditions, "
    "and at least one such condition must be present."
)


class PartitionReader:
    """Finds the partitions of each table that a query reads."""

    def __init__(self, tables: Mapping[tuple[str, str], Table], constant: Constant) -> None:
        self._tables = tables
        self._constant = constant
        self.found: dict[tuple[str, str], dict[str, dict[str, Value]]] = {name: {} for name in tables}
        """The values of the partition columns, by location, of each table."""

    def read(self, tree: exp.Query) -> None:
        """Add the partitions that `tree`, whose names are resolved, reads.

        Raises:
            QueryFailedError: an injected column of a table is given by no static equality.
        """
        if (root := build_scope(tree)) is not None:
            self._visit(root, {})

    def _visit(self, scope: Scope, outer: Known) -> None:
        """Visit a query of whose output columns the `outer` query knows something."""
        if scope.set_operation_scopes:
            for side in scope.set_operation_scopes:
                names = dict(zip(_output(scope), _output(side), strict=False))
                self._visit(side, {names[name]: values for name, values in outer.items() if name in names})
            return
        known = _columns_known(scope, outer, self._constant)
        for alias, source in scope.sources.items():
            of = {name: values for (owner, name), values in known.items() if owner == alias}
            if isinstance(source, exp.Table):
                self._scan(source, of)
            elif isinstance(source, Scope) and source.parent is not None and alias in scope.selected_sources:
                self._visit(source, of)
        for subquery in scope.subquery_scopes:
            self._visit(subquery, {})

    def _scan(self, node: exp.Table, known: Known) -> None:
        table = self._tables.get((node.db, node.name))
        if table is None:
            return
        for name in table.injected:
            if name not in known:
                raise QueryFailedError("CONSTRAINT_VIOLATION", _MESSAGE.format(name))
        self.found[table.database, table.name] |= dict(table.partitions(known))


def _output(scope: Scope) -> list[str]:
    query = scope.expression
    return query.named_selects if isinstance(query, exp.Query) else []


@dataclass(frozen=True)
class _Condition:
    """A condition that rows of a query fulfil: all of them, or those of the sources in `of` only."""

    node: exp.Expr
    of: frozenset[str]


def _columns_known(scope: Scope, outer: Known, constant: Constant) -> dict[Name, frozenset[Value]]:
    """Return what a query's conditions say of the columns of its sources."""
    known: dict[Name, frozenset[Value]] = {}
    query = scope.expression
    if isinstance(query, exp.Select) and not _looks_at_other_rows(query):
        for projection in query.selects:
            inner = projection.unalias()
            if projection.alias_or_name in outer and isinstance(inner, exp.Column):
                known[inner.table, inner.name] = outer[projection.alias_or_name]
    conditions = list(_conditions(query, frozenset(scope.sources)))
    for condition in conditions:
        for column, values in _domain(condition.node, constant).items():
            if column[0] in condition.of:
                known[column] = known.get(column, values) & values
    equalities = [each for each in conditions if _equates(each.node)]
    for _ in equalities:  # as often as a value may have to be handed on
        for equality in equalities:
            _hand_on(equality, known)
    return known


def _looks_at_other_rows(query: exp.Select) -> bool:
    """Return whether a condition on the rows of the result is none on the rows that it is made of."""
    return bool(query.args.get("limit") or query.args.get("offset") or query.find(exp.Window))


def _equates(node: exp.Expr) -> bool:
    return isinstance(node, exp.EQ) and isinstance(node.left, exp.Column) and isinstance(node.right, exp.Column)


def _hand_on(equality: _Condition, known: dict[Name, frozenset[Value]]) -> None:
    one, other = ((column.table, column.name) for column in equality.node.find_all(exp.Column))
    for source, target in ((one, other), (other, one)):
        if source in known and target[0] in equality.of:
            known[target] = known.get(target, known[source]) & known[source]


def _conditions(query: exp.Expr, sources: frozenset[str]) -> Iterator[_Condition]:
    """Yield the conditions of WHERE and of each join; that of an outer join holds for its optional side only."""
    if where := query.args.get("where"):
        yield from _parts(where.this, sources)
    for join in query.args.get("joins") or []:
        if condition := join.args.get("on"):
            joined = frozenset([join.alias_or_name])
            optional = {"LEFT": joined, "RIGHT": sources - joined, "FULL": frozenset[str]()}
            yield from _parts(condition, optional.get(join.side.upper(), sources))


def _parts(node: exp.Expr, of: frozenset[str]) -> Iterator[_Condition]:
    """Yield the conditions that `node` joins by AND."""
    if isinstance(node, exp.Paren):
        yield from _parts(node.this, of)
    elif isinstance(node, exp.And):
        yield from _parts(node.left, of)
        yield from _parts(node.right, of)
    else:
        yield _Condition(node, of)


def _domain(node: exp.Expr, constant: Constant) -> dict[Name, frozenset[Value]]:
    """Return the values that columns can have where the condition `node` holds."""
    match node:
        case exp.Paren():
            return _domain(node.this, constant)
        case exp.Or():
            left, right = _domain(node.left, constant), _domain(node.right, constant)
            return {column: left[column] | right[column] for column in left.keys() & right.keys()}
        case exp.And():
            left, right = _domain(node.left, constant), _domain(node.right, constant)
            both = {column: left[column] & right[column] for column in left.keys() & right.keys()}
            return left | right | both
        case exp.EQ():
            return _equal(node.left, [node.right], constant) or _equal(node.right, [node.left], constant)
        case exp.In() if node.expressions:
            return _equal(node.this, node.expressions, constant)
        case exp.Like() if node.expression.is_string and not {"%", "_"}.intersection(node.expression.name):
            return _equal(node.this, [node.expression], constant)
    return {}


def _equal(column: exp.Expr, values: list[exp.Expr], constant: Constant) -> dict[Name, frozenset[Value]]:
    columns = _joined(column)
    if not columns or any(each.find(exp.Column, exp.Query) for each in values):
        return {}
    found = frozenset(value for each in values if (value := constant(each)) is not None)
    return {(each.table, each.name): found for each in columns}


def _joined(node: exp.Expr) -> list[exp.Column]:
    """Return the column that `node` is; all of those that USING makes one column of."""
    alike = [node.this, *node.expressions] if isinstance(node, exp.Coalesce) else [node]
    columns = [each for each in alike if isinstance(each, exp.Column)]
    return columns if len(columns) == len(alike) and len({each.name for each in columns}) == 1 else []
