"""What goes wrong with an export: it is killed, is there twice, knows less than another. No row is lost, none twice."""

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

import pytest

from tests.aws import BUCKET, TRADING
from tests.portfolios.lake.journals import (
    JANUARY,
    PORTFOLIO,
    ListedJournal,
    MemoryBucket,
    dated,
    exported,
    rows_of,
)
from tests.portfolios.trading import Trading
from tickfold.portfolios import placing
from tickfold.portfolios.journal import blank
from tickfold.portfolios.lake.export import LakeExport, OvertakenExportError
from tickfold.portfolios.lake.recording import TABLES
from tickfold.portfolios.store import PortfolioStore
from tickfold.storage import layout
from tickfold.storage.bucket import Bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

HALF, MOST = 9, 16
"""Entries; between the two as up to the first there are rows of every table."""
WRITES = 6
"""Of an export: five tables and the checkpoint."""


def traded() -> Trading:
    """Return a session with rows in every table, in its first half as in its second."""
    trading = Trading()
    for number in range(2):
        trading.place(f"buy{number}", "buy", 10, stop_loss=90)
        trading.bar(100, 102, 99, 101)
        trading.write(placing.deposited(100.1))
        trading.place(f"sell{number}", "sell", 4)
        trading.bar(101, 103, 100, 102)
        trading.bar(102, 104, 85, 88)  # the stop is reached
        trading.write(placing.withdrawn(trading.portfolio, 33.3))
        trading.bar(88, 101, 87, 100)
    trading.bar(100, 101, 99, 100)
    return trading


JOURNAL = dated(traded().journal, 1)
ENTRIES = len(JOURNAL)
ALL = exported(JOURNAL)


class Killed(BaseException):
    """The process has ended."""


def die() -> None:
    raise Killed


def exporter(bucket: Bucket, known: int = ENTRIES) -> LakeExport:
    return LakeExport(ListedJournal(JOURNAL, known), bucket)


def first_part() -> dict[str, bytes]:
    return exported(JOURNAL[:HALF])


def test_both_parts_have_rows_in_every_table() -> None:
    assert len(ALL) == WRITES
    for table in TABLES:
        sequences = {row["sequence"] for row in rows_of(ALL, table)}
        assert not sequences.isdisjoint(range(1, HALF + 1))
        assert not sequences.isdisjoint(range(HALF + 1, MOST + 1))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", range(WRITES))
def test_export_that_is_killed_at_a_write_is_made_good_by_the_next(write: int, when: str) -> None:
    """The next export finds more entries than the one that was killed."""
    bucket = MemoryBucket(objects=first_part())
    (bucket.before if when == "before" else bucket.after)[write] = die
    with pytest.raises(Killed):
        exporter(bucket, MOST).export(PORTFOLIO)
    exporter(bucket).export(PORTFOLIO)
    assert bucket.objects == ALL


def overtaken_at(write: int, known: int) -> MemoryBucket:
    """Return a lake into which, at a write of the first export, another one brings what it knows or gives way."""

    def export() -> None:
        with suppress(OvertakenExportError):
            exporter(bucket, known).export(PORTFOLIO)

    bucket = MemoryBucket(objects=first_part(), before={write: export})
    return bucket


@pytest.mark.parametrize("write", range(WRITES))
def test_export_that_is_overtaken_by_one_that_knows_more_gives_way(write: int) -> None:
    bucket = overtaken_at(write, ENTRIES)
    assert exporter(bucket, MOST).export(PORTFOLIO) == 0
    assert bucket.objects == ALL


@pytest.mark.parametrize("write", range(WRITES))
def test_export_that_is_overtaken_by_one_that_knows_less_goes_on_from_it(write: int) -> None:
    bucket = overtaken_at(write, MOST)
    assert exporter(bucket).export(PORTFOLIO)
    assert bucket.objects == ALL


def test_file_that_goes_further_is_not_replaced() -> None:
    """An export that was killed before its checkpoint has written more than the next one knows."""
    bucket = MemoryBucket(before={WRITES - 1: die})
    with pytest.raises(Killed):
        exporter(bucket).export(PORTFOLIO)
    written = dict(bucket.objects)
    with pytest.raises(OvertakenExportError, match=f"has entries after {HALF}"):
        exporter(bucket, HALF).export(PORTFOLIO)
    assert bucket.objects == written


def test_nothing_new_writes_nothing() -> None:
    bucket = MemoryBucket(objects=dict(ALL), before={0: die})
    assert exporter(bucket).export(PORTFOLIO) == 0


@pytest.mark.parametrize("write", range(2 * WRITES))
def test_entries_of_two_months_are_in_their_files_wherever_an_export_is_killed(write: int) -> None:
    """The first entries are of December; the clock of one who wrote in January is behind."""
    times = [JANUARY - 3_600_000 + at * 1_000 for at in range(HALF)]
    times += [JANUARY + at * 1_000 for at in range(ENTRIES - HALF)]
    times[HALF + 2] = JANUARY - 5
    journal = [entry.model_copy(update={"time": time}) for entry, time in zip(JOURNAL, times, strict=True)]
    bucket = MemoryBucket(after={write: die})
    export = LakeExport(ListedJournal(journal), bucket)
    with pytest.raises(Killed):
        export.export(PORTFOLIO)
    export.export(PORTFOLIO)
    assert bucket.objects == exported(journal)
    months = sorted(key.removeprefix(layout.PORTFOLIO_EQUITY) for key in bucket.objects if "/equity/" in key)
    assert months == [f"year=2025/12-{PORTFOLIO}.parquet", f"year=2026/01-{PORTFOLIO}.parquet"]
    days = [(row["sequence"], row["day"]) for row in rows_of(bucket.objects, "portfolio_equity")]
    assert {day for sequence, day in days if sequence > HALF} == {date(2026, 1, 1)}


def test_export_works_on_the_tables_of_a_stack(dynamodb: "DynamoDBServiceResource", bucket: Bucket) -> None:
    """As on a list and a dict, with the conditions of S3."""
    store, portfolio = PortfolioStore(dynamodb.Table(TRADING)), blank(PORTFOLIO)
    for entry in JOURNAL[:HALF]:
        portfolio = store.append(portfolio, entry.events, entry.by)
    export = LakeExport(store, bucket)
    assert store.all_ids() == [PORTFOLIO]
    assert export.export(PORTFOLIO) == HALF
    for entry in JOURNAL[HALF:]:
        portfolio = store.append(portfolio, entry.events, entry.by)
    assert export.export(PORTFOLIO) == ENTRIES - HALF
    found = {each["Key"]: bucket.get(each["Key"]) for each in bucket.s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert found == exported(list(store.entries_after(PORTFOLIO, 0)))
