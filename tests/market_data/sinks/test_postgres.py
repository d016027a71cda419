"""The PostgreSQL sink on a real server: each bar ends in it once, equal, whatever happens."""

import logging
import math
import os
import socket
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.market_data.sinks.bars import OPEN, minute, minutes
from tests.market_data.sinks.conftest import Database, MakeSink
from tests.postgres import PASSWORD, USER, Postgres, free_port
from tickfold.errors import TickfoldError
from tickfold.market_data.sinks.errors import SinkMisconfiguredError, SinkUnavailableError
from tickfold.market_data.sinks.exported_bar import ExportedBar
from tickfold.market_data.sinks.postgres import Exported, PostgresSink, Session

ROWS: LiteralString = """SELECT ticker, "timestamp", open, high, low, close, volume, sma9, vwap FROM equity_data
    LEFT JOIN indicators USING (ticker, "timestamp") ORDER BY ticker, "timestamp" """
HIDDEN = (PASSWORD, "s3cret", "word@", "s3cret%2Fpass%40word")


def rows(database: Database) -> list[ExportedBar]:
    """Return all bars in PostgreSQL, by ticker and time."""
    return [ExportedBar(*row) for row in database.query(ROWS)]


def caught(kind: type[TickfoldError], sink: PostgresSink, bars: list[ExportedBar]) -> str:
    """Return the text of the error that `upsert` raises; no part of the password is in it or its traceback."""
    with pytest.raises(kind) as error:
        sink.upsert(bars)
    shown = "".join(traceback.format_exception(error.value))
    assert [part for part in (*HIDDEN, "psycopg.") if part in shown] == []
    return str(error.value)


# --- writing ----------------------------------------------------------------------------------------------------------


def test_bars_are_in_tables_that_are_created_as_they_were_given(database: Database, sink: PostgresSink) -> None:
    bars = minutes(20)
    assert sink.upsert(bars) == Exported(20, 20)
    assert rows(database) == bars
    assert database.query("SELECT count(*) FROM indicators WHERE sma9 IS NULL") == [(8,)]


def test_question_of_the_original_document_is_answered(database: Database, sink: PostgresSink) -> None:
    now = database.query("SELECT date_trunc('minute', now())")[0][0]
    sink.upsert([replace(minute(0), timestamp=time) for time in (now, now - timedelta(days=2))])
    asked: LiteralString = """SELECT COUNT(*), MAX(timestamp) as latest FROM equity_data
        WHERE ticker = 'QQQ' AND timestamp::date = CURRENT_DATE"""
    assert database.query(asked) == [(1, now)]


def test_bar_without_indicators_has_no_row_of_them(database: Database, sink: PostgresSink) -> None:
    assert sink.upsert([minute(0, sma9=None, vwap=None), minute(1)]) == Exported(2, 1)
    assert database.query("SELECT count(*) FROM indicators") == [(1,)]


def test_bars_written_again_are_there_once_and_not_rewritten(database: Database, sink: PostgresSink) -> None:
    sink.upsert(minutes(9))
    versions: LiteralString = "SELECT e.xmin, i.xmin FROM equity_data e JOIN indicators i USING (ticker, timestamp)"
    before = database.query(versions)
    assert sink.upsert(minutes(9)) == Exported(9, 9)
    assert sink.upsert([*minutes(9), *minutes(9)]) == Exported(9, 9)
    assert database.query(versions) == before
    assert rows(database) == minutes(9)


def test_corrected_value_replaces_the_first(database: Database, sink: PostgresSink) -> None:
    sink.upsert(minutes(10))
    sink.upsert([minute(9, close=1.5, vwap=None)])
    assert rows(database)[9] == minute(9, close=1.5, vwap=None)
    sink.upsert([minute(9, close=2.5), minute(9, close=3.5)])
    assert rows(database) == [*minutes(9), minute(9, close=3.5)]


def test_bars_of_several_tickers_and_any_order_are_kept_apart(database: Database, sink: PostgresSink) -> None:
    bars = [*minutes(30, "SPY"), *minutes(30, "BRK.B")]
    assert sink.upsert(bars[::-1]) == Exported(60, 60)
    assert rows(database) == [*minutes(30, "BRK.B"), *minutes(30, "SPY")]


def test_more_bars_than_one_transaction_takes_are_written(database: Database, sink: PostgresSink) -> None:
    bars = minutes(2_500)
    assert sink.upsert(bars) == Exported(2_500, 2_500)
    assert rows(database) == bars


def test_values_at_the_ends_of_floats_are_kept(database: Database, sink: PostgresSink) -> None:
    odd = minute(0, open=5e-324, high=1.7976931348623157e308, low=0.1 + 0.2, close=-0.0, volume=2.0**53 + 2)
    sink.upsert([odd, minute(1, close=math.nan, volume=math.inf, sma9=math.nan)])
    first, second = rows(database)
    assert first == odd
    assert math.copysign(1, first.close) == -1
    assert (math.isnan(second.close), second.volume, math.isnan(second.sma9 or 0)) == (True, math.inf, True)


def test_nothing_is_done_without_bars_or_without_a_connection_string(make_sink: MakeSink) -> None:
    assert make_sink(None).upsert(minutes(3)) == make_sink(None).catch_up(minutes(3)) == Exported()
    nowhere = make_sink(f"postgresql://127.0.0.1:{free_port()}/none")
    assert nowhere.upsert([]) == nowhere.catch_up([]) == Exported()


# --- rows that are refused --------------------------------------------------------------------------------------------


def test_refused_bar_keeps_no_other_from_being_written(database: Database, sink: PostgresSink) -> None:
    sink.upsert([minute(0)])
    database.query("ALTER TABLE equity_data ADD CONSTRAINT plausible CHECK (close < 1000)")
    bars = minutes(50)
    bars[7], bars[31] = minute(7, close=5_000.0), minute(31, close=6_000.0)
    exported = sink.upsert(bars)
    assert (exported.equity_rows, exported.indicator_rows) == (48, 48)
    assert [refused.bar for refused in exported.refused] == [bars[7], bars[31]]
    assert exported.refused[0].reason == (
        'new row for relation "equity_data" violates check constraint "plausible" (SQLSTATE 23514)'
    )
    assert rows(database) == [bar for bar in minutes(50) if bar not in (minute(7), minute(31))]


def test_value_that_a_narrower_column_does_not_take_is_refused(database: Database, sink: PostgresSink) -> None:
    sink.upsert([minute(0)])
    database.query("ALTER TABLE equity_data ALTER COLUMN volume TYPE bigint")
    exported = sink.upsert([minute(1, volume=1e30), minute(2, volume=12.0)])
    assert [refused.bar.volume for refused in exported.refused] == [1e30]
    assert [bar.volume for bar in rows(database)] == [0, 12]


def test_refused_indicator_refuses_its_bar(database: Database, sink: PostgresSink) -> None:
    sink.upsert([minute(0)])
    database.query("ALTER TABLE indicators ADD CONSTRAINT plausible CHECK (vwap < 1000)")
    assert [refused.bar for refused in sink.upsert([minute(1), minute(2, vwap=1e6)]).refused] == [minute(2, vwap=1e6)]
    assert rows(database) == [minute(0), minute(1)]


def test_bar_that_a_trigger_refuses_keeps_no_other_from_being_written(database: Database, sink: PostgresSink) -> None:
    sink.upsert([minute(0)])
    database.query(
        """CREATE FUNCTION no_odd_volumes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.volume = 20 THEN RAISE EXCEPTION 'odd volume'; END IF; RETURN NEW; END $$"""
    )
    database.query("CREATE TRIGGER odd BEFORE INSERT ON equity_data FOR EACH ROW EXECUTE FUNCTION no_odd_volumes()")
    exported = sink.upsert(minutes(4))
    assert [(refused.bar, refused.reason) for refused in exported.refused] == [
        (minute(2), "odd volume (SQLSTATE P0001)")
    ]
    assert len(rows(database)) == 3


# --- databases that are set up differently ----------------------------------------------------------------------------

OTHER_TABLES = [
    ("CREATE TABLE equity_data (id int, name text)", 'column "ticker" of relation "equity_data" does not exist'),
    (
        'CREATE TABLE equity_data (ticker text, "timestamp" date[], open float8, high float8, low float8, close float8,'
        " volume float8)",
        "is of type date[]",
    ),
    (
        'CREATE TABLE equity_data (ticker text, "timestamp" timestamptz, open float8, high float8, low float8,'
        " close float8, volume float8)",
        "there is no unique or exclusion constraint",
    ),
    (
        'CREATE TABLE equity_data (ticker text, "timestamp" timestamptz, open float8, high float8, low float8,'
        ' close float8, volume float8, feed text NOT NULL, UNIQUE (ticker, "timestamp"))',
        'null value in column "feed" of relation "equity_data" violates not-null constraint',
    ),
    ("CREATE TABLE indicators (rsi float8)", 'column "ticker" of relation "indicators" does not exist'),
]


@pytest.mark.parametrize(("table", "reason"), OTHER_TABLES)
def test_table_of_other_columns_is_one_clear_error(
    database: Database, sink: PostgresSink, table: LiteralString, reason: str
) -> None:
    database.query(table)
    told = caught(SinkMisconfiguredError, sink, minutes(3))
    assert reason in told
    assert "of the PostgreSQL database is not one that bars can be written to" in told
    assert database.query("SELECT count(*) FROM pg_stat_user_tables WHERE n_live_tup > 0") == [(0,)]


def test_table_of_the_user_with_more_columns_and_other_numbers_is_used(database: Database, sink: PostgresSink) -> None:
    database.query(
        """CREATE TABLE equity_data (id bigserial PRIMARY KEY, ticker varchar(12), "timestamp" timestamptz,
        open numeric, high numeric, low numeric, close numeric, volume bigint, created_at timestamptz DEFAULT now(),
        UNIQUE (ticker, "timestamp"))"""
    )
    assert sink.upsert(minutes(3)) == Exported(3, 3)
    assert [float(bar.volume) for bar in rows(database)] == [0, 10, 20]


def test_user_without_rights_is_told_which(database: Database, make_sink: MakeSink) -> None:
    database.query("DROP ROLE IF EXISTS reader")
    database.query("CREATE ROLE reader LOGIN PASSWORD 'reads'")
    sink = make_sink(database.url.replace(database.url[13 : database.url.index("@127")], "reader:reads"))
    lacks = "the PostgreSQL user lacks a right: permission denied for"
    assert f"{lacks} schema public" in caught(SinkMisconfiguredError, sink, minutes(1))
    make_sink(database.url).upsert(minutes(1))
    assert f"{lacks} table equity_data" in caught(SinkMisconfiguredError, sink, minutes(1))
    database.query("GRANT INSERT, SELECT, UPDATE ON equity_data, indicators TO reader")
    assert sink.upsert(minutes(5)) == Exported(5, 5)
    database.query("DROP OWNED BY reader")
    database.query("DROP ROLE reader")


def test_user_without_a_schema_is_told(database: Database, make_sink: MakeSink) -> None:
    sink = make_sink(f"{database.url}&options=-csearch_path%3Dnowhere")
    told = caught(SinkMisconfiguredError, sink, minutes(1))
    assert (
        told
        == "PostgreSQL does not know a statement of Tickfold: no schema has been selected to create in (SQLSTATE 3F000)"
    )


# --- connecting -------------------------------------------------------------------------------------------------------

SECRET_URLS = [
    ("postgresql://tickfold:{password}@127.0.0.1:{port}/postgres?sslmode=disable", "refuses the user or the password"),
    ("postgresql://tickfold:s3cret/pass@word@127.0.0.1:{port}/postgres", "host name that is not known"),
    ("postgresql://tickfold:{right}@127.0.0.1:{port}/nothing?sslmode=disable", "has no such database"),
    ("postgresql://tickfold:{right}@127.0.0.1:{port}/postgres?sslmode=require", "do not agree on SSL"),
    ("postgresql://tickfold:{right}@127.0.0.1:{port}/postgres?pool=5", "cannot be read: expected postgresql://USER:"),
    ("tickfold:s3cret%2Fpass%40word", "cannot be read: expected postgresql://USER:"),
]


@pytest.mark.parametrize(("url", "reason"), SECRET_URLS)
def test_wrong_connection_string_is_told_without_it(
    database: Database, make_sink: MakeSink, url: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    right = "s3cret%2Fpass%40word"
    sink = make_sink(url.format(password=f"wrong-{right}", right=right, port=database.server.port))
    assert reason in caught(SinkMisconfiguredError, sink, minutes(1))
    assert [part for part in HIDDEN if part in caplog.text] == []
    assert [part for part in HIDDEN if part in repr(sink)] == []


def test_server_that_is_not_there_is_unavailable(make_sink: MakeSink) -> None:
    sink = make_sink(f"postgresql://{USER}:s3cret@127.0.0.1:{free_port()}/postgres")
    assert caught(SinkUnavailableError, sink, minutes(1)) == "PostgreSQL refuses connections"


def test_connection_is_kept_and_has_no_prepared_statements(database: Database, sink: PostgresSink) -> None:
    for at in range(30):
        sink.upsert([minute(at)])
        sink.catch_up([minute(at)])
    backends = database.query("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tickfold'")
    assert backends == [(1,)]
    assert sink._run(lambda session: session.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()) == (0,)


def test_connection_that_the_server_has_cut_is_replaced(database: Database, sink: PostgresSink) -> None:
    sink.upsert(minutes(2))
    cut: LiteralString = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tickfold'"
    assert database.query(cut) == [(True,)]
    assert sink.upsert(minutes(4)) == Exported(4, 4)
    assert rows(database) == minutes(4)


def test_connection_that_breaks_again_and_again_is_unavailable(database: Database, sink: PostgresSink) -> None:
    def cut(session: Session) -> None:
        with socket.socket(fileno=os.dup(session.fileno())) as connection:
            connection.shutdown(socket.SHUT_RDWR)
        session.execute("SELECT 1")

    with pytest.raises(SinkUnavailableError, match=r"^the connection to PostgreSQL broke$"):
        sink._run(cut)
    assert sink.upsert(minutes(2)) == Exported(2, 2)


def test_new_password_is_found_without_a_new_sink(database: Database) -> None:
    urls = [database.url.replace("s3cret", "old"), database.url]
    sink = PostgresSink(lambda: urls[0])
    assert "refuses the user or the password" in caught(SinkMisconfiguredError, sink, minutes(1))
    del urls[0]
    assert sink.upsert(minutes(1)) == Exported(1, 1)
    sink.close()


def test_connection_string_that_is_changed_or_removed_is_noticed_in_time(database: Database, server: Postgres) -> None:
    with server.database("other_bars") as other:
        urls: list[str | None] = [database.url]
        old, kept = PostgresSink(lambda: urls[0], kept_seconds=0), PostgresSink(lambda: urls[0])
        for sink in (old, kept):
            sink.upsert(minutes(1))
        urls[0] = server.url(other)
        for sink in (old, kept):
            sink.upsert(minutes(2))
        assert server.query("SELECT count(*) FROM equity_data", database=other) == [(2,)]
        assert rows(database) == minutes(2)
        urls[0] = None
        assert (old.upsert(minutes(3)), kept.upsert(minutes(3))) == (Exported(), Exported(3, 3))
        kept.close()


def test_connection_string_that_is_removed_in_the_middle_is_an_error(database: Database) -> None:
    urls = iter([database.url, None])
    told = caught(SinkMisconfiguredError, PostgresSink(lambda: next(urls), kept_seconds=0), minutes(1))
    assert told == "the connection string of PostgreSQL was removed meanwhile"


# --- outages ----------------------------------------------------------------------------------------------------------


def test_outage_loses_nothing_and_doubles_nothing(database: Database, sink: PostgresSink) -> None:
    """As the stream's mapping does it: each minute in order, again until it is written."""
    waiting: list[ExportedBar] = []
    failed = 0
    for at, bar in enumerate(minutes(60)):
        if at == 20:
            database.server.stop()
        if at == 30:
            database.server.start()
        waiting.append(bar)
        while waiting:
            try:
                sink.upsert(waiting[:1])
            except SinkUnavailableError:
                failed += 1
                break
            waiting.pop(0)
    assert failed == 10
    assert rows(database) == minutes(60)


def test_statement_that_takes_too_long_ends(database: Database, make_sink: MakeSink) -> None:
    sink = make_sink(database.url, seconds=0.2)
    sink.upsert(minutes(1))
    with psycopg.connect(database.url) as other:
        other.execute("LOCK TABLE equity_data")
        told = caught(SinkUnavailableError, sink, minutes(2))
    assert told.endswith("canceling statement due to statement timeout (SQLSTATE 57014)")
    assert sink.upsert(minutes(2)) == Exported(2, 2)


def test_server_that_does_not_answer_is_given_up(database: Database, make_sink: MakeSink) -> None:
    def hang(session: Session) -> None:
        session.execute("SET LOCAL statement_timeout = 0")
        session.execute("SELECT pg_sleep(60)")

    sink = make_sink(database.url, seconds=0.2)
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(SinkUnavailableError, match=r"PostgreSQL did not answer within 1\.2 s"):
            sink._run(hang)
        assert time.monotonic() - began < 5
    assert sink.upsert(minutes(2)) == Exported(2, 2)


def test_transaction_that_conflicts_with_another_is_repeated(database: Database, sink: PostgresSink) -> None:
    sink.upsert([minute(0)])
    database.query("CREATE SEQUENCE tries")
    database.query(
        """CREATE FUNCTION conflict_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('tries') = 1 THEN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END IF; RETURN NEW; END $$"""
    )
    database.query("CREATE TRIGGER conflict BEFORE INSERT ON equity_data FOR EACH ROW EXECUTE FUNCTION conflict_once()")
    assert sink.upsert(minutes(3)) == Exported(3, 3)
    assert rows(database) == minutes(3)


def test_two_exporters_at_once_write_each_bar_once(database: Database, make_sink: MakeSink) -> None:
    bars = [*minutes(300, "QQQ"), *minutes(300, "SPY")]
    batches = [bars[at : at + 40] for at in range(0, 600, 20)]  # each bar twice
    sinks = [make_sink(database.url) for _ in range(4)]

    def export(number: int) -> int:
        mine = batches if number % 2 else batches[::-1]
        return sum(sinks[number].upsert(batch[:: 1 if number % 2 else -1]).equity_rows for batch in mine)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(export, range(4))) == [sum(map(len, batches))] * 4
    assert rows(database) == bars


@pytest.mark.parametrize("attempt", range(8))
def test_two_exporters_at_once_create_the_tables(database: Database, make_sink: MakeSink, attempt: int) -> None:
    sinks = [make_sink(database.url) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        exported = list(pool.map(lambda at: sinks[at].upsert([minute(at)]), range(6)))
    assert exported == [Exported(1, 1)] * 6
    assert rows(database) == minutes(6)


# --- catching up ------------------------------------------------------------------------------------------------------


def test_catch_up_writes_what_is_missing_or_differs(database: Database, sink: PostgresSink) -> None:
    assert sink.catch_up(minutes(20)) == Exported(20, 20)
    database.query('DELETE FROM equity_data WHERE "timestamp" = %s', OPEN + timedelta(minutes=3))
    database.query('DELETE FROM indicators WHERE "timestamp" = %s', OPEN + timedelta(minutes=7))
    database.query('UPDATE equity_data SET close = 0 WHERE "timestamp" = %s', OPEN + timedelta(minutes=11))
    sink.upsert(minutes(30, "SPY"))
    assert sink.catch_up(minutes(22)) == Exported(5, 5)
    assert rows(database) == [*minutes(22), *minutes(30, "SPY")]
    assert sink.catch_up(minutes(22)) == Exported()


def test_catch_up_after_an_outage_leaves_each_bar_once(database: Database, sink: PostgresSink) -> None:
    sink.upsert(minutes(10))
    database.server.stop()
    with pytest.raises(SinkUnavailableError):
        sink.catch_up(minutes(20))
    database.server.start()
    sink.upsert([minute(25)])  # what is newer may be there before
    assert sink.catch_up(minutes(30)) == Exported(19, 19)
    assert rows(database) == minutes(30)


# --- whatever comes ---------------------------------------------------------------------------------------------------

batches = st.lists(st.one_of(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.just("cut")), max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches, hot=st.sets(st.integers(0, 30)))
def test_bars_end_once_and_equal_in_whatever_batches_they_come(
    database: Database, sink: PostgresSink, batches: list[list[int] | str], hot: set[int]
) -> None:
    """Repeated, out of order, half of them missing, and with connections that are cut in between."""
    sink.upsert([minute(31)])
    database.query("TRUNCATE equity_data, indicators")
    expected = set(hot)
    for batch in batches:
        if isinstance(batch, str):
            database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tickfold'")
            continue
        assert sink.upsert([minute(at) for at in batch]) == Exported(len(set(batch)), len(set(batch)))
        expected |= set(batch)
    sink.catch_up([minute(at) for at in hot])
    assert rows(database) == [minute(at) for at in sorted(expected)]
