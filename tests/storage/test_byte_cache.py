"""The cache of bytes: what it keeps, and that it stays within its size."""

from tickfold.storage.byte_cache import ByteCache


class Loads:
    """Counts what was loaded."""

    def __init__(self, cache: ByteCache[bytes]) -> None:
        self.cache, self.names = cache, list[str]()

    def get(self, name: str, size: int) -> bytes:
        def load() -> bytes:
            self.names.append(name)
            return name.encode() * size

        return self.cache.get(name, load)


def test_get_loads_once_and_returns_what_was_loaded() -> None:
    loads = Loads(ByteCache[bytes](10, len))
    assert loads.get("a", 4) == loads.get("a", 4) == b"aaaa"
    assert loads.names == ["a"]


def test_least_recently_used_is_dropped_when_the_bytes_are_too_many() -> None:
    loads = Loads(ByteCache[bytes](10, len))
    for name in "abac":  # c makes room by dropping b
        loads.get(name, 5)
    loads.get("a", 5)
    assert loads.names == ["a", "b", "c"]
    loads.get("b", 5)
    assert loads.names == ["a", "b", "c", "b"]


def test_many_small_entries_are_dropped_for_one_large() -> None:
    loads = Loads(ByteCache[bytes](10, len))
    for name in "abcde":
        loads.get(name, 2)
    loads.get("f", 9)
    for name in "abcde":
        loads.get(name, 2)
    assert loads.names == list("abcdefabcde")


def test_what_is_larger_than_the_cache_is_returned_and_drops_nothing() -> None:
    loads = Loads(ByteCache[bytes](10, len))
    loads.get("a", 5)
    assert len(loads.get("b", 11)) == 11
    loads.get("a", 5)
    loads.get("b", 11)
    assert loads.names == ["a", "b", "b"]
