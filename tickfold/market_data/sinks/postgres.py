"""The PostgreSQL sink: minute bars in the table equity_data and their indicators in indicators, each once.

It works through a transaction pooler, such as Supabase's: no prepared statements, no settings but those of a
transaction, no advisory locks.
"""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Event, Timer
from time import monotonic
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import Connection, errors
from psycopg.conninfo import conninfo_to_dict

from tickfold.market_data.sinks.errors import SinkMisconfiguredError, SinkUnavailableError
from tickfold.market_data.sinks.exported_bar import ExportedBar
from tickfold.market_data.sinks.postgres_errors import connection_error, is_refusal, reason_of, statement_error

_TABLES: tuple[LiteralString, ...] = (
    """CREATE TABLE IF NOT EXISTS equity_data (
        ticker text, "timestamp" timestamptz, open double precision NOT NULL, high double precision NOT NULL,
        low double precision NOT NULL, close double precision NOT NULL, volume double precision NOT NULL,
        PRIMARY KEY (ticker, "timestamp"))""",
    """CREATE TABLE IF NOT EXISTS indicators (
        ticker text, "timestamp" timestamptz, sma9 double precision, vwap double precision,
        PRIMARY KEY (ticker, "timestamp"))""",
)
# A row that has the values already is not written again: a repeated batch costs PostgreSQL no new version of it.
_BARS = """INSERT INTO equity_data AS kept (ticker, "timestamp", open, high, low, close, volume)
    SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::float8[], %s::float8[], %s::float8[], %s::float8[],
        %s::float8[])
    ON CONFLICT (ticker, "timestamp") DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low,
        close = excluded.close, volume = excluded.volume
    WHERE (kept.open, kept.high, kept.low, kept.close, kept.volume)
        IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)"""
_INDICATORS = """INSERT INTO indicators AS kept (ticker, "timestamp", sma9, vwap)
    SELECT * FROM unnest(%s::text[], %s::timestamptz[], %s::float8[], %s::float8[])
    ON CONFLICT (ticker, "timestamp") DO UPDATE SET sma9 = excluded.sma9, vwap = excluded.vwap
    WHERE (kept.sma9, kept.vwap) IS DISTINCT FROM (excluded.sma9, excluded.vwap)"""
_STORED = """SELECT "timestamp", open, high, low, close, volume, sma9, vwap
    FROM equity_data LEFT JOIN indicators USING (ticker, "timestamp")
    WHERE ticker = %s AND "timestamp" BETWEEN %s AND %s"""

_ROWS = 1_000
"""Most rows of a transaction."""
_CONNECTING: dict[str, Any] = {
    "connect_timeout": 5,
    "application_name": "tickfold",
    # A connection that was cut while the function was frozen shows within seconds.
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 2,
}
_CONFLICTS = (errors.DeadlockDetected, errors.SerializationFailure)

Session = Connection[tuple[Any, ...]]
T = TypeVar("T")


@dataclass(frozen=True)
class Refused:
    """A bar that PostgreSQL does not take, and why, without the bar's values."""

    bar: ExportedBar
    reason: str


@dataclass(frozen=True)
class Exported:
    """How many rows are in PostgreSQL as they were given, and the bars that it refused."""

    equity_rows: int = 0
    indicator_rows: int = 0
    refused: tuple[Refused, ...] = ()


class PostgresSink:
    """A PostgreSQL database. Its connection is kept between calls, and replaced when it is broken or old."""

    def __init__(
        self, connection_string: Callable[[], str | None], seconds: float = 10.0, kept_seconds: float = 300.0
    ) -> None:
        """Connect by what `connection_string` returns; a transaction may take so many `seconds`.

        A connection is used for `kept_seconds`, so that one that is changed or removed is noticed.
        """
        self._connection_string = connection_string
        self._seconds = seconds
        self._kept_seconds = kept_seconds
        self._kept: Session | None = None
        self._connected_at = 0.0

    def upsert(self, bars: Sequence[ExportedBar]) -> Exported:
        """Write `bars` and their indicators; of two at one time the last. Idempotent. Tables are created if absent.

        A bar that PostgreSQL refuses keeps no other from being written. Without a connection string, nothing is done.

        Raises:
            SinkUnavailableError: PostgreSQL cannot be reached or does not carry out a statement; a part of `bars` may
                have been written.
            SinkMisconfiguredError: the connection string, the user's rights or the tables are not as expected.
        """
        ordered = sorted({bar.key: bar for bar in bars}.values(), key=lambda bar: bar.key)  # one order: no deadlocks
        if not ordered or self._session() is None:
            return Exported()
        chunks = (ordered[at : at + _ROWS] for at in range(0, len(ordered), _ROWS))
        refused = tuple(each for chunk in chunks for each in self._write(chunk))
        unwritten = {each.bar.key for each in refused}
        written = [bar for bar in ordered if bar.key not in unwritten]
        return Exported(len(written), sum(map(_has_indicators, written)), refused)

    def catch_up(self, bars: Sequence[ExportedBar]) -> Exported:
        """Write those of `bars`, all of one ticker, that PostgreSQL lacks or has with other values.

        Raises:
            SinkUnavailableError: as `upsert`.
            SinkMisconfiguredError: as `upsert`.
        """
        if not bars or self._session() is None:
            return Exported()
        times = [bar.timestamp for bar in bars]
        stored = self._run(lambda session: _stored(session, bars[0].ticker, min(times), max(times)))
        return self.upsert([bar for bar in bars if stored.get(bar.timestamp) != _values(bar)])

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._kept is not None:
            with suppress(psycopg.Error):
                self._kept.close()
            self._kept = None

    # --- writing -----------------------------------------------------------------------------------------------------

    def _write(self, bars: Sequence[ExportedBar]) -> Iterator[Refused]:
        """Write `bars` in one transaction; if PostgreSQL refuses it, each half, until the refused bars are known."""
        try:
            self._run(lambda session: _upsert(session, bars))
        except psycopg.Error as error:
            if len(bars) == 1:
                yield Refused(bars[0], reason_of(error))
                return
            half = len(bars) // 2
            for part in (bars[:half], bars[half:]):
                yield from self._write(part)

    def _run(self, work: Callable[[Session], T]) -> T:
        """Carry out `work` in a transaction, after what kept it from that the first time is out of the way.

        Raises:
            psycopg.Error: the server refuses the values of a row.
        """
        with self._failures_told():
            try:
                return self._in_transaction(work)
            except errors.UndefinedTable:
                self._create_tables()
            except psycopg.Error as error:
                is_broken = self._kept is None or self._kept.closed
                if not is_broken and not isinstance(error, _CONFLICTS):
                    raise
            return self._in_transaction(work)

    @contextmanager
    def _failures_told(self) -> Iterator[None]:
        """Turn errors that are not about a row into those of sinks, and let the connection go."""
        try:
            yield
        except psycopg.Error as error:
            if is_refusal(error):
                raise
            self.close()
            raise statement_error(error) from None

    def _in_transaction(self, work: Callable[[Session], T]) -> T:
        session = self._session()
        if session is None:
            raise SinkMisconfiguredError("the connection string of PostgreSQL was removed meanwhile")
        milliseconds = str(round(self._seconds * 1_000))
        with _deadline(session, self._seconds + 1), session.transaction():
            session.execute("SELECT set_config('statement_timeout', %s, true)", [milliseconds])
            return work(session)

    def _create_tables(self) -> None:
        for table in _TABLES:
            # Another exporter may create it at the same time, which IF NOT EXISTS does not rule out.
            with suppress(errors.UniqueViolation, errors.DuplicateTable, errors.DuplicateObject):
                self._in_transaction(partial(Connection.execute, query=table))

    # --- connecting --------------------------------------------------------------------------------------------------

    def _session(self) -> Session | None:
        """Return the connection; None without a connection string."""
        is_old = monotonic() - self._connected_at > self._kept_seconds
        if self._kept is None or self._kept.closed or is_old:
            self.close()
            self._kept = _connected(self._connection_string())
            self._connected_at = monotonic()
        return self._kept


def _connected(connection_string: str | None) -> Session | None:
    if connection_string is None:
        return None
    try:
        # What the connection string says itself takes precedence.
        parameters = {**_CONNECTING, **conninfo_to_dict(connection_string)}
        return psycopg.connect(**parameters, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise connection_error(error) from None


@contextmanager
def _deadline(session: Session, seconds: float) -> Iterator[None]:
    """Cut the connection after `seconds`: the server's own timeout does not hold while a pooler waits for the server.

    Raises:
        SinkUnavailableError: it was cut.
    """
    cut = Event()

    def shut_down() -> None:
        cut.set()
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(session.fileno())) as connection:
            connection.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield
    except psycopg.OperationalError:
        if cut.is_set():
            raise SinkUnavailableError(f"PostgreSQL did not answer within {seconds:g} s") from None
        raise
    finally:
        timer.cancel()


def _upsert(session: Session, bars: Sequence[ExportedBar]) -> None:
    session.execute(_BARS, _columns(bars, ("ticker", "timestamp", "open", "high", "low", "close", "volume")))
    if with_indicators := [bar for bar in bars if _has_indicators(bar)]:
        session.execute(_INDICATORS, _columns(with_indicators, ("ticker", "timestamp", "sma9", "vwap")))


def _columns(bars: Sequence[ExportedBar], names: Sequence[str]) -> list[list[Any]]:
    return [[getattr(bar, name) for bar in bars] for name in names]


def _has_indicators(bar: ExportedBar) -> bool:
    return bar.sma9 is not None or bar.vwap is not None


def _values(bar: ExportedBar) -> tuple[float | None, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume, bar.sma9, bar.vwap


def _stored(session: Session, ticker: str, first: datetime, last: datetime) -> dict[datetime, tuple[Any, ...]]:
    """Return the values that a ticker has by their times."""
    return {row[0]: row[1:] for row in session.execute(_STORED, [ticker, first, last])}
