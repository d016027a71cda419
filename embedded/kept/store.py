"""The file in which the embedded stack keeps its data: one SQLite database with S3's objects, DynamoDB's items and the
values of secrets, readable by its owner alone.

A change is on disk before the request that made it is answered, so a stack may be killed at any time: SQLite's log
restores whole transactions only. Each row has a checksum, as SQLite does not notice a damaged page of a value.
"""

import json
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

FORMAT = 1
"""The format's number; a file of another is refused, and left as it is."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    holder TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, body BLOB, checksum INTEGER NOT NULL,
    PRIMARY KEY (holder, key)
)
"""
_PUT = "INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM kept WHERE holder = ? AND key = ?"


FAILURE = "kept-data-failure"
"""The file in the emulator's directory that says why it ended, if that was because it could not keep data."""


class KeptDataError(Exception):
    """The kept data cannot be read or written. The message gives the reason and what to do."""


@dataclass(frozen=True)
class Row:
    """An object, an item or a secret: what holds it, its key, its JSON document, and an object's body.

    A row without a document is one that was deleted.
    """

    holder: str
    key: str
    document: Any = None
    body: bytes | None = None


class KeptStore:
    """The rows in the file at `path`. Methods may be called from several threads."""

    def __init__(self, path: Path) -> None:
        """Open the file, or create it.

        Raises:
            KeptDataError: it cannot be opened, is damaged, or has another version's format.
        """
        self.path = path
        self._lock = threading.Lock()
        try:
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise self._explained(error) from error
        except OSError as error:
            raise self._unwritable(str(error.strerror)) from error

    def _prepare(self) -> None:
        (found,) = self._connection.execute("PRAGMA user_version").fetchone()
        if found not in (0, FORMAT):
            other = "a newer version of Tickfold: upgrade to it" if found > FORMAT else "an older one: use that version"
            raise KeptDataError(
                f"{self.path} has format {found}, and this version of Tickfold knows format {FORMAT}. It was "
                f"written by {other}, or start anew with `tickfold up --fresh`, which sets the file aside"
            )
        # NORMAL: whoever kills the process loses nothing; a power cut may lose the last moments, in whole transactions.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        if found == 0:
            self._connection.executescript(f"BEGIN; {_SCHEMA}; PRAGMA user_version = {FORMAT}; COMMIT")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):  # the log is carried over at the next opening
            self._connection.close()

    def rows(self, holder: str) -> Iterator[Row]:
        """Yield the rows of a bucket or a table.

        Raises:
            KeptDataError: the file is damaged, or cannot be read.
        """
        select = "SELECT key, document, body, checksum FROM kept WHERE holder = ? ORDER BY key"
        try:
            with closing(self._connection.execute(select, (holder,))) as found:
                for key, document, body, checksum in found:
                    if _checksum(document, body) != checksum:
                        raise self._damaged(f"{key} in {holder} has a wrong checksum")
                    yield Row(holder, key, json.loads(document), body)
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def has_key(self, ending: str) -> bool:
        """Return whether a key ends so.

        Raises:
            KeptDataError: the file cannot be read.
        """
        try:
            found = self._connection.execute("SELECT 1 FROM kept WHERE key LIKE '%' || ? LIMIT 1", (ending,))
            return found.fetchone() is not None
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def check(self) -> int:
        """Read everything; return the number of rows.

        Raises:
            KeptDataError: the file is damaged, or cannot be read.
        """
        try:
            (verdict,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise self._damaged(verdict)
            holders = [holder for (holder,) in self._connection.execute("SELECT DISTINCT holder FROM kept")]
        except sqlite3.Error as error:
            raise self._explained(error) from error
        return sum(1 for holder in holders for _ in self.rows(holder))

    def write(self, rows: Iterable[Row]) -> None:
        """Write rows in one transaction; those without a document are deleted.

        Raises:
            KeptDataError: they could not be written. None of them was.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                for row in rows:
                    self._write(row)
                self._connection.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise self._explained(error) from error
                raise

    def _write(self, row: Row) -> None:
        if row.document is None:
            self._connection.execute(_DELETE, (row.holder, row.key))
            return
        document = json.dumps(row.document)
        values = (row.holder, row.key, document, row.body, _checksum(document, row.body))
        self._connection.execute(_PUT, values)

    def _explained(self, error: sqlite3.Error) -> KeptDataError:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_FULL:
                return KeptDataError(
                    f"no space is left for {self.path}: free some and run `tickfold up` again; what was answered "
                    "before is kept"
                )
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                return self._unwritable(str(error))
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                return self._damaged(str(error))
        return KeptDataError(f"{self.path} cannot be used ({error}): check the disk, and run `tickfold up` again")

    def _unwritable(self, reason: str) -> KeptDataError:
        return KeptDataError(
            f"{self.path} cannot be written ({reason}): make it and its directory writable, or set TICKFOLD_DATA_DIR "
            "to another"
        )

    def _damaged(self, reason: str) -> KeptDataError:
        return KeptDataError(
            f"{self.path} is damaged ({reason}): restore it from a backup, or start anew with `tickfold up --fresh`, "
            "which sets the file aside"
        )


def _checksum(document: str, body: bytes | None) -> int:
    return zlib.crc32(body or b"", zlib.crc32(document.encode()))
