"""A cache of bytes that never change, bounded by their size rather than their number."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock


class ByteCache:
    """Keeps what was used last, at most `limit` bytes in all. What is larger alone is not kept. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, load: Callable[[], bytes]) -> bytes:
        """Return what is kept under `key`, or what `load` returns, and keep that."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        loaded = load()  # not under the lock: others need not wait for it
        with self._lock:
            if key not in self._kept and len(loaded) <= self._limit:
                self._kept[key] = loaded
                self._size += len(loaded)
            while self._size > self._limit:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped)
        return loaded
