"""Checkpoints: the carried state of a pass as bytes, from which the pass goes on with the same bits.

A checkpoint is a JSON header, in which arrays are only named by type and shape, then the arrays' memory, then a
checksum. The state's own types say how to read it, so no code is loaded from a checkpoint, as it would be from a
pickle; and numpy's archives hold no nested records.
"""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache, reduce
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints
from zlib import crc32

import numpy as np
import numpy.typing as npt

_MAGIC = b"tickfold checkpoint 1\n"
_NUMBER_BYTES = 8
_TYPES = ("<f8", "<i8", "|i1", "|b1")
"""The element types of the engine's arrays, in the byte order of all processors that it runs on."""
Memory = bytes | memoryview
_State = TypeVar("_State")


def encode(state: Any) -> bytes:
    """Return the bytes of `state`: a dataclass of numbers, strings, None, arrays, lists, tuples and such dataclasses.

    The same state gives the same bytes.

    Raises:
        TypeError: it holds something else.
    """
    arrays: list[Memory] = []
    tree = {"kind": _name(type(state)), "state": _plain(state, arrays)}
    header = json.dumps(tree, separators=(",", ":")).encode()
    pieces = [_MAGIC, len(header).to_bytes(_NUMBER_BYTES, "little"), header, *arrays]
    checksum = reduce(lambda before, piece: crc32(piece, before), pieces, 0)
    return b"".join([*pieces, checksum.to_bytes(_NUMBER_BYTES, "little")])  # the only copy: a state can be large


def decode(kind: type[_State], data: bytes) -> _State:
    """Return the state of class `kind` that `data` encodes.

    Raises:
        ValueError: `data` is damaged, or of another class or version; one line says which.
    """
    body, checksum = memoryview(data)[:-_NUMBER_BYTES], data[-_NUMBER_BYTES:]
    if not data.startswith(_MAGIC):
        raise ValueError(f"not a checkpoint of this version: expected {_MAGIC.decode().strip()!r} at its beginning")
    if crc32(body) != int.from_bytes(checksum, "little"):
        raise ValueError("the checkpoint is damaged or cut off: its checksum differs; start from an earlier one")
    start = len(_MAGIC) + _NUMBER_BYTES
    stop = start + int.from_bytes(body[len(_MAGIC) : start], "little")
    tree = json.loads(bytes(body[start:stop]))
    if tree["kind"] != _name(kind):
        raise ValueError(f"the checkpoint holds a {tree['kind']}; expected a {_name(kind)}")
    state: _State = _typed(kind, tree["state"], _Buffers(body[stop:]))
    return state


class _Buffers:
    """The arrays of a checkpoint, one after another."""

    def __init__(self, memory: memoryview) -> None:
        self._memory, self._at = memory, 0

    def take(self, kind: str, shape: list[int]) -> npt.NDArray[Any]:
        first = self._at
        self._at += np.dtype(kind).itemsize * int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(self._memory[first : self._at], kind).reshape(shape).copy()


def _name(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _plain(value: Any, arrays: list[Memory]) -> Any:
    """Return `value` as JSON has it, and append the memory of its arrays."""
    if isinstance(value, np.ndarray):
        if value.dtype.str not in _TYPES:
            raise TypeError(f"an array of {value.dtype} cannot be saved: expected one of {', '.join(_TYPES)}")
        arrays.append(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
        return [value.dtype.str, list(value.shape)]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), arrays) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [_plain(each, arrays) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be saved in a checkpoint")


def _typed(kind: Any, value: Any, buffers: _Buffers) -> Any:
    """Return the value of type `kind` that `_plain` returned as `value`."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        if value is None:
            return None
        (kind,) = (each for each in get_args(kind) if each is not NoneType)
        return _typed(kind, value, buffers)
    if origin is np.ndarray:
        return buffers.take(*value)
    if origin in (list, tuple):
        return origin(_typed(each, one, buffers) for each, one in zip(_kinds(kind, len(value)), value, strict=True))
    if is_dataclass(kind):
        types = _field_types(kind)  # type: ignore[arg-type]  # mypy does not know that classes are hashable
        if list(value) != list(types):
            raise ValueError(f"the checkpoint is of another version of {kind.__name__}; start the pass again")  # type: ignore[union-attr]
        return kind(**{name: _typed(types[name], value[name], buffers) for name in types})  # type: ignore[operator]
    return value


def _kinds(kind: Any, count: int) -> Iterator[Any]:
    """Return the types of the elements of a list or tuple type."""
    inner = get_args(kind)
    if get_origin(kind) is list or inner[-1:] == (Ellipsis,):
        return iter(inner[:1] * count)
    return iter(inner)


@cache
def _field_types(kind: Any) -> dict[str, Any]:
    types = get_type_hints(kind)
    return {field.name: types[field.name] for field in fields(kind)}
