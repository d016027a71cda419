"""Arrays: the element types of the engine, and a base for records of parallel arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, Final, Self, get_origin

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Sides = npt.NDArray[np.int8]
"""1 long, −1 short, 0 flat."""
Rows = slice | npt.NDArray[np.generic]
"""A slice, a mask, or row numbers."""

NONE: Final = -1
"""The number of a bar or a signal event that does not exist, or not yet."""


def blocks(length: int, most: int) -> Iterator[slice]:
    """Return the slices of an array of so many elements, each of `most` but the last."""
    return (slice(start, start + most) for start in range(0, length, most))


class ArrayRecord:
    """Base of dataclasses whose array fields run in parallel: row i is element i of each.

    Fields of other types belong to the record as a whole and survive slicing.
    """

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the names of the array fields, in the order of their declaration."""
        return _field_names(cls)[0]  # type: ignore[arg-type]  # mypy does not know that classes are hashable

    @classmethod
    def _others(cls) -> tuple[str, ...]:
        return _field_names(cls)[1]  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(getattr(self, self.columns()[0]))

    def __getitem__(self, rows: Rows) -> Self:
        columns = {name: getattr(self, name)[rows] for name in self.columns()}
        return type(self)(**columns, **{name: getattr(self, name) for name in self._others()})

    def with_rows(self, rows: Rows, new: Self) -> Self:
        """Return a copy whose `rows` are those of `new`, in order; the other fields stay."""
        columns = {name: getattr(self, name).copy() for name in self.columns()}
        for name, column in columns.items():
            column[rows] = getattr(new, name)
        return type(self)(**columns, **{name: getattr(self, name) for name in self._others()})

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of `parts`, which must not be empty, in order; the other fields are those of the first."""
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.columns()}
        return cls(**columns, **{name: getattr(parts[0], name) for name in cls._others()})


@cache
def _field_names(record: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of a dataclass's array fields, and those of its other fields."""
    is_array = {field.name: get_origin(field.type) is np.ndarray for field in fields(record)}
    return tuple(name for name in is_array if is_array[name]), tuple(name for name in is_array if not is_array[name])
