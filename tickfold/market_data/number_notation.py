"""The notation of the numbers in a text file: decimal mark, thousands, currency signs, K, M and B."""

import math
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tickfold.market_data.reading_options import DecimalMark

_AROUND = " \t\"'$€£¥\u00a0\u202f"
"""What may surround a number."""
_BLANKS = " '\u2019\u00a0\u202f"
"""What may part the thousands beside dot and comma."""
_EXPONENTS = {"k": 3, "m": 6, "b": 9, "t": 12}
_OTHER: dict[DecimalMark, DecimalMark] = {".": ",", ",": "."}


class NotationError(Exception):
    """The decimal mark cannot be known. The message names a number that may be read in two ways."""


def find_decimal_mark(columns: list[pa.Array], assumed: DecimalMark | None) -> DecimalMark:
    """Return the decimal mark of the texts in `columns`, from all of their cells.

    1.234 is a decimal or a thousand; 1.23, 0.234, 1234.5 and 1,234.5 leave no choice, nor does 1.234 in a column where
    another number has four digits unparted. `assumed` is taken where a dot is all that there is and proves nothing.

    Raises:
        NotationError: nothing decides, or as much speaks for either.
    """
    trimmed = [pc.utf8_trim(column, _AROUND) for column in columns]
    proofs = {mark: sum(_count(column, _proof(mark)) for column in trimmed) for mark in _OTHER}
    if proofs["."] != proofs[","]:
        return "." if proofs["."] > proofs[","] else ","
    present = [mark for mark in _OTHER if any(_count(column, re.escape(mark)) for column in trimmed)]
    if not present:
        return "."
    for column in trimmed:
        inside = [mark for mark in _OTHER if _count(column, re.escape(mark))]
        if len(inside) == 1 and _count(column, r"^[+-]?\d{4,}$") and len(present) == 1:
            return inside[0]
    if present == ["."] and assumed:
        return assumed
    raise NotationError(_first(trimmed, f"[{''.join(map(re.escape, present))}]"))


def _proof(mark: DecimalMark) -> str:
    """Return a pattern of numbers that `mark` can only be the decimal mark of."""
    decimal, thousands = re.escape(mark), re.escape(_OTHER[mark])
    return "|".join(
        [
            rf"{decimal}(?:\d{{0,2}}|\d{{4,}})$",
            rf"{decimal}\d+[kmbtKMBTeE]",
            rf"^[+-]?(?:0*|0\d+|\d{{4,}}){decimal}\d",
            rf"{thousands}\d+{decimal}",
            rf"{thousands}\d{{2,3}}{thousands}",
            rf"\d[{_BLANKS}]\d{{3}}{decimal}",
        ]
    )


def _count(column: pa.Array, pattern: str) -> int:
    return int(pc.sum(pc.match_substring_regex(column, pattern)).as_py() or 0)


def _first(columns: list[pa.Array], pattern: str) -> str:
    matching = (column.filter(pc.match_substring_regex(column, pattern)) for column in columns)
    return next(str(cells[0]) for cells in matching if len(cells))


def parse_numbers(column: pa.Array, decimal: DecimalMark) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the nearest float64 of each text, nan where it is not a number in this notation.

    Thousands are parted everywhere or nowhere in a number: 1.23,5 is none.
    """
    groups = pc.extract_regex(pc.utf8_trim(column, _AROUND), _number(decimal))
    fields = dict(zip((field.name for field in groups.type), groups.flatten(), strict=True))
    whole = pc.replace_substring_regex(fields["whole"], r"\D", "")
    valid = pc.and_(
        pc.greater(pc.utf8_length(pc.binary_join_element_wise(whole, fields["fraction"], "")), 0),
        pc.or_(pc.equal(fields["exponent"], ""), pc.equal(fields["unit"], "")),
    )
    exponent = pc.if_else(pc.equal(fields["exponent"], ""), _unit_exponents(fields["unit"]), fields["exponent"])
    mantissa = pc.binary_join_element_wise(
        fields["sign"], pc.if_else(pc.equal(whole, ""), "0", whole), ".", fields["fraction"], "0", ""
    )
    text = pc.if_else(valid, pc.binary_join_element_wise(mantissa, exponent, "e"), None)
    return np.asarray(text.cast(pa.float64()).fill_null(math.nan).to_numpy(zero_copy_only=False), dtype=np.float64)


def _number(decimal: DecimalMark) -> str:
    mark, thousands = re.escape(decimal), re.escape(_OTHER[decimal])
    parted = "|".join(
        [
            rf"\d{{1,3}}(?:{thousands}\d{{2,3}})*{thousands}\d{{3}}",
            *(rf"\d{{1,3}}(?:{blank}\d{{3}})+" for blank in _BLANKS),
        ]
    )
    return (
        rf"^(?P<sign>[+-]?)(?P<whole>\d+|{parted}|)(?:{mark}(?P<fraction>\d*))?"
        r"(?:[eE](?P<exponent>[+-]?\d{1,3}))?[ ]?(?P<unit>[kmbtKMBT]?)$"
    )


def _unit_exponents(unit: pa.Array) -> pa.Array:
    lowered = pc.utf8_lower(unit)
    found = pa.scalar("0")
    for name, exponent in _EXPONENTS.items():
        found = pc.if_else(pc.equal(lowered, name), str(exponent), found)
    return found
