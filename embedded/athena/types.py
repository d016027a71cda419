"""Types of expressions, as Trino has them: what may be compared with what, and what a division gives."""

from dataclasses import dataclass
from typing import Final

from sqlglot import exp
from sqlglot.expressions.datatypes import DType

_NUMBERS: Final = "number"
_FAMILIES: Final = {
    _NUMBERS: {*exp.DataType.NUMERIC_TYPES},
    "text": {*exp.DataType.TEXT_TYPES},
    "boolean": {exp.DataType.Type.BOOLEAN},
    "time": {exp.DataType.Type.DATE, *exp.DataType.TEMPORAL_TYPES} - {exp.DataType.Type.TIME},
}
_INTEGERS: Final = {
    exp.DataType.Type.TINYINT: 3,
    exp.DataType.Type.SMALLINT: 5,
    exp.DataType.Type.INT: 10,
    exp.DataType.Type.BIGINT: 19,
}
_LARGEST_INTEGER: Final = 2_147_483_647
_MOST_DIGITS: Final = 38
_FEWEST_DECIMALS: Final = 6


def kind_of(node: exp.Expr) -> DType | None:
    """Return the type that was found for an expression; None if it is unknown."""
    kind = node.type.this if node.type else None
    return None if kind in (None, exp.DataType.Type.UNKNOWN, exp.DataType.Type.NULL) else kind


def family_of(node: exp.Expr) -> str | None:
    """Return the family of an expression's type, within which values can be compared; None if it is unknown."""
    kind = kind_of(node)
    return next((name for name, kinds in _FAMILIES.items() if kind in kinds), None)


def spelled(node: exp.Expr) -> str:
    """Return an expression's type as Trino spells it in its errors."""
    if isinstance(node, exp.Literal) and node.is_string:
        return f"varchar({len(node.name)})"
    if (number := decimal_of(node)) and not number.is_integer:
        return f"decimal({number.precision},{number.scale})"
    if isinstance(node, exp.Literal) and "e" in node.name.lower():
        return "double"
    if isinstance(node, exp.Literal):
        return "integer" if int(node.name) <= _LARGEST_INTEGER else "bigint"
    if kind_of(node) in {DType.TIMESTAMPTZ, DType.TIMESTAMPLTZ} or isinstance(node, exp.CurrentTimestamp):
        return "timestamp(3) with time zone"
    return node.type.sql(dialect="trino").lower() if node.type else "unknown"


@dataclass(frozen=True)
class Decimal:
    """An exact number: its digits in all, and those after the point."""

    precision: int
    scale: int
    is_integer: bool = False

    def __truediv__(self, other: "Decimal") -> "Decimal":
        scale = max(_FEWEST_DECIMALS, self.scale + other.precision + 1)
        precision = self.precision - self.scale + other.scale + scale
        if precision > _MOST_DIGITS:
            scale = max(_MOST_DIGITS - (precision - scale), min(scale, _FEWEST_DECIMALS))
            precision = _MOST_DIGITS
        return Decimal(precision, scale)

    def __mul__(self, other: "Decimal") -> "Decimal":
        return Decimal(min(self.precision + other.precision, _MOST_DIGITS), self.scale + other.scale)

    def __add__(self, other: "Decimal") -> "Decimal":
        scale = max(self.scale, other.scale)
        whole = max(self.precision - self.scale, other.precision - other.scale)
        return Decimal(min(whole + scale + 1, _MOST_DIGITS), scale)


def decimal_of(node: exp.Expr) -> Decimal | None:
    """Return the type of an expression that is an integer or a decimal; None of any other."""
    match node:
        case exp.Paren() | exp.Neg() | exp.Alias():
            return decimal_of(node.this)
        case exp.Floor() | exp.Ceil() | exp.Round():
            inner = decimal_of(node.this)
            return inner if inner and inner.is_integer else None
        case exp.Literal(is_string=False):
            return _literal(node.name)
        case exp.Div() | exp.Mul() | exp.Add() | exp.Sub():
            return _arithmetic(node)
        case exp.Cast() if node.to.this is exp.DataType.Type.DECIMAL:
            sizes = [int(each.name) for each in node.to.expressions] or [38, 0]
            return Decimal(sizes[0], sizes[1] if len(sizes) > 1 else 0)
    kind = kind_of(node)
    return Decimal(_INTEGERS[kind], 0, is_integer=True) if kind in _INTEGERS else None


def _literal(text: str) -> Decimal | None:
    if "e" in text.lower():
        return None
    whole, point, decimals = text.partition(".")
    if not point:
        return Decimal(10 if int(whole) <= _LARGEST_INTEGER else 19, 0, is_integer=True)
    return Decimal(max(len(whole.lstrip("0")) + len(decimals), 1), len(decimals))


def _arithmetic(node: exp.Binary) -> Decimal | None:
    left, right = decimal_of(node.left), decimal_of(node.right)
    if left is None or right is None:
        return None
    if left.is_integer and right.is_integer:
        return max(left, right, key=lambda each: each.precision)
    if isinstance(node, exp.Div):
        return left / right
    return left * right if isinstance(node, exp.Mul) else left + right
