"""A cache of what never changes, bounded by its bytes rather than its number."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

_T = TypeVar("_T")


class ByteCache(Generic[_T]):
    """Keeps what was used last, at most `limit` bytes in all. What is larger alone is not kept. Safe for threads.

    `size` returns the bytes of what is kept.
    """

    def __init__(self, limit: int, size: Callable[[_T], int]) -> None:
        self._limit, self._size_of = limit, size
        self._size = 0
        self._kept: OrderedDict[Hashable, _T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, load: Callable[[], _T]) -> _T:
        """Return what is kept under `key`, or what `load` returns, and keep that."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        loaded = load()  # not under the lock: others need not wait for it
        with self._lock:
            if key not in self._kept and (size := self._size_of(loaded)) <= self._limit:
                self._kept[key] = loaded
                self._size += size
            while self._size > self._limit:
                _, dropped = self._kept.popitem(last=False)
                self._size -= self._size_of(dropped)
        return loaded
