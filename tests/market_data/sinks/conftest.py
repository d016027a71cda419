"""One PostgreSQL server for the tests of sinks, and a database of its own for each of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, LiteralString

import pytest

from tests.postgres import Postgres, postgres_server
from tickfold.market_data.sinks.postgres import PostgresSink


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    with postgres_server() as started:
        yield started


@dataclass(frozen=True)
class Database:
    """An empty database of `server`."""

    server: Postgres
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def query(self, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        return self.server.query(statement, *values, database=self.name)


@pytest.fixture
def database(server: Postgres) -> Iterator[Database]:
    with server.database("bars") as name:
        yield Database(server, name)


MakeSink = Callable[..., PostgresSink]


@pytest.fixture
def make_sink() -> Iterator[MakeSink]:
    """Make sinks that are closed in the end."""
    made: list[PostgresSink] = []

    def make(url: str | None, seconds: float = 10.0) -> PostgresSink:
        made.append(PostgresSink(lambda: url, seconds))
        return made[-1]

    yield make
    for sink in made:
        sink.close()


@pytest.fixture
def sink(database: Database, make_sink: MakeSink) -> PostgresSink:
    return make_sink(database.url)
