"""The export of a portfolio's journal into the lake, each entry once, wherever it is killed and however many run.

A portfolio has one file a table and month, which grows: an export writes it anew, with the rows of later entries. Then
it writes the checkpoint, which is the commit point. What makes that exact:

- Rows follow from the journal alone, so whoever writes the rows of an entry writes the same.
- Of a file, what comes after the checkpoint is left out and written again: an export that was killed leaves nothing
  that counts.
- A file is only replaced as it was read, and only by one that goes further: of two exports at once, the one that knows
  less gives way, and begins again from the checkpoint as it is then.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from tickfold.errors import TickfoldError
from tickfold.portfolios.lake.checkpoint import Checkpoint
from tickfold.portfolios.lake.recording import TABLES, Row, recorded
from tickfold.protocol.journal import JournalEntry
from tickfold.storage import layout, parquet, tables
from tickfold.storage.bucket import Bucket

_ATTEMPTS: Final = 8


class OvertakenExportError(TickfoldError):
    """Another export of the same portfolio was first: begin again from the checkpoint."""


class Journals(Protocol):
    """The journals of portfolios: `PortfolioStore`."""

    def entries_after(self, portfolio: str, number: int) -> Iterator[JournalEntry]:
        """Yield the entries of a journal that follow `number`, in order."""


@dataclass(frozen=True)
class LakeExport:
    """The export from the trading table into a bucket."""

    journals: Journals
    bucket: Bucket

    def export(self, portfolio: str) -> int:
        """Write what the lake lacks of a portfolio's journal; return how many entries. Idempotent.

        Raises:
            OvertakenExportError: other exports of it were first, over and over.
        """
        written = 0
        while count := _retrying()(self._export_month, portfolio):
            written += count
        return written

    def _export_month(self, portfolio: str) -> int:
        """Write the entries of the first month of which the lake lacks some; return how many."""
        before, tag = self._checkpoint(portfolio)
        after, rows = self._recorded(before)
        for table, added in rows.items():
            if added:
                key = layout.portfolio_key(tables.TABLES[table].prefix, portfolio, after.day)
                self._append(key, added, tables.TABLES[table].schema, before.sequence, after.sequence)
        if after is not before:
            self._commit(after, tag)
        return after.sequence - before.sequence

    def _checkpoint(self, portfolio: str) -> tuple[Checkpoint, str | None]:
        body, tag = self.bucket.get_tagged(layout.portfolio_checkpoint_key(portfolio))
        return Checkpoint.start(portfolio) if body is None else Checkpoint.model_validate_json(body), tag

    def _recorded(self, before: Checkpoint) -> tuple[Checkpoint, dict[str, list[Row]]]:
        """Return the checkpoint after the next month's entries, and their rows by table."""
        last, found = before, list[dict[str, list[Row]]]()
        for entry in self.journals.entries_after(before.portfolio.portfolio, before.sequence):
            after, rows = recorded(last, entry)
            if found and after.month != last.month:
                break
            last = after
            found.append(rows)
        return last, {table: list(chain.from_iterable(rows[table] for rows in found)) for table in TABLES}

    def _append(self, key: str, rows: list[Row], schema: pa.Schema, after: int, until: int) -> None:
        """Write the rows of the entries that follow `after`, up to `until`, into a file that has those before."""
        body, tag = self.bucket.get_tagged(key)
        added = parquet.table(rows, schema)
        if body is not None:
            there = parquet.read(body, schema)
            sequence = there.column("sequence").to_numpy()
            if len(sequence) and sequence[-1] > until:
                raise OvertakenExportError(f"{key} has entries after {until:,}, the last one that this export knows")
            kept = int(np.searchsorted(sequence, after, side="right"))
            added = pa.concat_tables([there.slice(0, kept), added])
        if not self.bucket.replace(key, parquet.encode(added), tag):
            raise OvertakenExportError(f"{key} was written by another export meanwhile")

    def _commit(self, checkpoint: Checkpoint, tag: str | None) -> None:
        portfolio = checkpoint.portfolio.portfolio
        body = checkpoint.model_dump_json().encode()
        if not self.bucket.replace(layout.portfolio_checkpoint_key(portfolio), body, tag):
            raise OvertakenExportError(f"another export of {portfolio} has moved its checkpoint meanwhile")


def _retrying() -> Retrying:
    """Return the policy for an export that is overtaken, 3 s in all at most."""
    return Retrying(
        retry=retry_if_exception_type(OvertakenExportError),
        wait=wait_random_exponential(multiplier=0.02, max=1),
        stop=stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
