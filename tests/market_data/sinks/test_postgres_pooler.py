"""The PostgreSQL sink through PgBouncer in transaction mode, which is what Supabase's pooler does."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.market_data.sinks.bars import minute, minutes
from tests.market_data.sinks.conftest import Database, MakeSink
from tests.market_data.sinks.test_postgres import caught, rows
from tests.postgres import Postgres, pooler
from tickfold.market_data.sinks.errors import SinkMisconfiguredError, SinkUnavailableError
from tickfold.market_data.sinks.postgres import Exported


@pytest.fixture(scope="module")
def port(server: Postgres) -> Iterator[int]:
    with pooler(server) as listening:
        yield listening


@pytest.fixture
def url(database: Database, port: int) -> str:
    return database.server.url(database.name, port=port)


def test_180_upserts_of_three_exporters_go_through_the_pooler(
    database: Database, url: str, make_sink: MakeSink
) -> None:
    """More exporters than the pooler has connections, so that each transaction may be on another one."""
    sinks = [make_sink(url) for _ in range(3)]

    def export(number: int) -> list[Exported]:
        return [sinks[number].upsert([minute(at)]) for at in range(number, 180, 3)]

    with ThreadPoolExecutor(3) as pool:
        assert [*pool.map(export, range(3))] == [[Exported(1, 1)] * 60] * 3
    assert rows(database) == minutes(180)


def test_drivers_own_defaults_do_not_go_through_the_pooler(url: str) -> None:
    """If this no longer fails, the test above proves nothing about prepared statements."""
    with pytest.raises(psycopg.ProgrammingError, match='prepared statement "_pg3_'):
        _interleaved(url)


def _interleaved(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as one, psycopg.connect(url, autocommit=True) as two:
        for _ in range(30):
            for connection in (one, two):
                with connection.transaction():
                    connection.execute("SELECT %s::int", [1])


def test_settings_stay_in_the_transaction(database: Database, url: str, make_sink: MakeSink) -> None:
    sink = make_sink(url, seconds=7.0)
    sink.upsert(minutes(3))
    sink.catch_up(minutes(3))
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        shown = {connection.execute("SHOW statement_timeout").fetchone() for _ in range(5)}
    assert shown == {("0",)}


def test_wrong_password_is_told_without_it(url: str, make_sink: MakeSink) -> None:
    told = caught(SinkMisconfiguredError, make_sink(url.replace("s3cret", "s3cretly")), minutes(1))
    assert told.startswith("PostgreSQL refuses the user or the password: check them in the secret")


def test_outage_behind_the_pooler_is_over_when_the_server_is_back(
    database: Database, url: str, make_sink: MakeSink
) -> None:
    sink = make_sink(url, seconds=0.5)
    sink.upsert(minutes(5))
    database.server.stop()
    began = time.monotonic()
    for _ in range(2):  # on the kept connection, and on a new one, where the pooler itself would wait two minutes
        caught(SinkUnavailableError, sink, minutes(10))
    waited = time.monotonic() - began
    database.server.start()
    assert waited < 15
    written = 0
    while not written:  # until the pooler has noticed
        try:
            written = sink.upsert(minutes(10)).equity_rows
        except SinkUnavailableError:
            continue
    assert rows(database) == minutes(10)
