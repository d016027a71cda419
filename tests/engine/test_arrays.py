"""Records of parallel arrays: slicing, concatenation, and which fields are columns."""

from dataclasses import dataclass

import numpy as np
import pytest

from tickfold.engine.arrays import ArrayRecord, Floats, Ints


@dataclass(frozen=True, eq=False)
class Quotes(ArrayRecord):
    unit: str
    price: Floats
    size: Ints
    decimals: int | None = None


QUOTES = Quotes("USD", np.array([1.0, 2.0, 3.0]), np.array([10, 20, 30]), decimals=2)


def test_columns_are_the_array_fields_in_order_of_declaration() -> None:
    assert Quotes.columns() == ("price", "size")


def test_length_is_the_number_of_rows() -> None:
    assert len(QUOTES) == 3


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [
        (slice(1, None), [20, 30]),
        (np.array([True, False, True]), [10, 30]),
        (np.array([2, 0, 0]), [30, 10, 10]),
        (slice(0, 0), []),
    ],
)
def test_getitem_takes_rows_of_every_column_and_keeps_other_fields(
    rows: "slice | np.ndarray[tuple[int], np.dtype[np.generic]]", sizes: list[int]
) -> None:
    taken = QUOTES[rows]
    assert isinstance(taken, Quotes)
    assert taken.size.tolist() == sizes
    assert taken.price.tolist() == [size / 10 for size in sizes]
    assert (taken.unit, taken.decimals) == ("USD", 2)


def test_concatenate_joins_rows_in_order_and_keeps_other_fields_of_the_first() -> None:
    joined = Quotes.concatenate([QUOTES[1:], Quotes("EUR", np.array([9.0]), np.array([90]))])
    assert joined.size.tolist() == [20, 30, 90]
    assert joined.price.tolist() == [2, 3, 9]
    assert (joined.unit, joined.decimals) == ("USD", 2)


def test_with_rows_replaces_them_in_a_copy_and_keeps_other_fields() -> None:
    changed = QUOTES.with_rows(np.array([2, 0]), Quotes("EUR", np.array([9.0, 8.0]), np.array([90, 80])))
    assert changed.size.tolist() == [80, 20, 90]
    assert changed.price.tolist() == [8, 2, 9]
    assert (changed.unit, changed.decimals) == ("USD", 2)
    assert QUOTES.size.tolist() == [10, 20, 30]
