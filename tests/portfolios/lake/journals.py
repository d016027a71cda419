"""Journals and a lake in memory, and what the lake says of a portfolio."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Any

import pyarrow.parquet as pq

from tickfold.portfolios.lake.export import LakeExport
from tickfold.protocol.journal import JournalEntry
from tickfold.storage.bucket import Bucket
from tickfold.storage.tables import TABLES

Rows = list[dict[str, Any]]
PORTFOLIO = "growth-1"
JANUARY = 1_767_225_600_000  # 2026-01-01
HOUR = 3_600_000


def dated(journal: Sequence[JournalEntry], hours: int, start: int = JANUARY) -> list[JournalEntry]:
    """Return a journal of which an entry was written every so many hours."""
    return [entry.model_copy(update={"time": start + at * hours * HOUR}) for at, entry in enumerate(journal)]


@dataclass
class ListedJournal:
    """The journal of one portfolio, of which the first `known` entries are there."""

    entries: Sequence[JournalEntry]
    known: int = 1_000_000

    def entries_after(self, portfolio: str, number: int) -> Iterator[JournalEntry]:
        assert portfolio == PORTFOLIO
        return iter(self.entries[number : self.known])


@dataclass(frozen=True)
class MemoryBucket(Bucket):
    """A bucket whose objects are in a dict. `before` and `after` are called, once, around the write of a number."""

    s3: Any = None
    name: str = "memory"
    objects: dict[str, bytes] = field(default_factory=dict)
    before: dict[int, Callable[[], Any]] = field(default_factory=dict)
    after: dict[int, Callable[[], Any]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def get_tagged(self, key: str) -> tuple[bytes, str] | tuple[None, None]:
        body = self.objects.get(key)
        return (None, None) if body is None else (body, sha256(body).hexdigest())

    def replace(self, key: str, body: bytes, tag: str | None) -> bool:
        number = next(self._numbers)
        self.before.pop(number, _nothing)()
        if self.get_tagged(key)[1] != tag:
            return False
        self.objects[key] = body
        self.after.pop(number, _nothing)()
        return True


def _nothing() -> None:
    pass


def exported(journal: Sequence[JournalEntry], *stops: int) -> dict[str, bytes]:
    """Return the objects of a lake after an export at each of `stops`, which count entries, and one of the whole."""
    bucket = MemoryBucket()
    for known in (*stops, len(journal)):
        LakeExport(ListedJournal(journal, known), bucket).export(PORTFOLIO)
    return bucket.objects


def rows_of(objects: dict[str, bytes], table: str) -> Rows:
    """Return the rows of a table, in the order of the journal."""
    prefix = TABLES[table].prefix
    files = [pq.read_table(io.BytesIO(objects[key])) for key in sorted(objects) if key.startswith(prefix)]
    return [row for file in files for row in file.to_pylist()]
