"""The rows of an entry: what each table says of what a portfolio and its bots have done."""

from typing import Any

import pytest

from tests.portfolios.lake.journals import Rows, dated
from tests.portfolios.trading import NINE_THIRTY, Trading
from tickfold.portfolios import placing
from tickfold.portfolios.lake.checkpoint import Checkpoint
from tickfold.portfolios.lake.recording import TABLES, recorded
from tickfold.portfolios.times import milliseconds
from tickfold.protocol.journal import (
    Allocated,
    AllocationReturned,
    BarSeen,
    BotStep,
    JournalEvent,
    LimitsSet,
    PositionKept,
    RiskLimits,
)
from tickfold.storage.tables import TABLES as LAKE_TABLES

OPEN = milliseconds(NINE_THIRTY) * 1_000
MINUTE = 60_000_000


def rows_of(trading: Trading) -> dict[str, Rows]:
    checkpoint, found = Checkpoint.start("growth-1"), {table: Rows() for table in TABLES}
    for entry in dated(trading.journal, 1):
        checkpoint, rows = recorded(checkpoint, entry)
        for table, some in rows.items():
            found[table] += some
    return found


def picked(rows: Rows, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


@pytest.fixture
def trading() -> Trading:
    return Trading(terms={"commission": {"fixed": 3.0}})


def bot(what: str, **more: Any) -> BotStep:
    return BotStep.model_validate({"bot": "b", "symbol": "IBM", "time": OPEN // 1_000, "what": what, **more})


def test_order_has_a_row_each_time_it_changes(trading: Trading) -> None:
    trading.place("a", "buy", 10, kind="limit", limit=99.0, stop_loss=90.0)
    trading.change("a", limit=98.0)
    trading.bar(100, 101, 97, 98)
    rows = rows_of(trading)["portfolio_orders"]
    assert picked(rows, "sequence", "order_id", "status", "limit_price", "stop_price", "filled", "average_price") == [
        (2, "a", "working", 99.0, None, 0.0, None),
        (2, "a.stop", "held", None, 90.0, 0.0, None),
        (3, "a", "working", 98.0, None, 0.0, None),
        (4, "a", "filled", 98.0, None, 10.0, 98.0),
        (4, "a.stop", "working", None, 90.0, 0.0, None),
    ]
    assert picked(rows[:2], "number", "parent", "reduce_only", "changed_by") == [
        (1, None, False, "ada"),
        (2, "a", True, "ada"),
    ]


def test_fill_has_the_id_that_the_protocol_gives_it(trading: Trading) -> None:
    trading.place("a", "buy", 10)
    trading.bar(100, 101, 97, 98)
    rows = rows_of(trading)["portfolio_fills"]
    names = ("trade_id", "event", "timestamp", "bot", "order_id", "symbol", "side", "quantity", "price", "commission")
    assert picked(rows, *names) == [("3-0", 0, OPEN, None, "a", "GOOG", "buy", 10.0, 100.0, 3.0)]


def test_part_that_is_closed_carries_its_share_of_the_commission(trading: Trading) -> None:
    trading.place("a", "buy", 10)
    trading.bar(100, 101, 97, 98)
    trading.place("b", "buy", 10)
    trading.bar(110, 111, 97, 98)
    trading.place("c", "sell", 5)
    trading.bar(120, 121, 97, 98)
    trading.place("d", "sell", 15, kind="stop", stop=97.0)
    trading.bar(98, 98, 95, 96)
    names = (
        "trade_id",
        "side",
        "quantity",
        "entry_time",
        "entry_price",
        "exit_time",
        "exit_price",
        "pnl",
        "commission",
    )
    rows = rows_of(trading)["portfolio_trades"]
    assert picked(rows, *names, "exit_reason") == [
        ("7-0", "long", 5.0, OPEN, 105.0, OPEN + 2 * MINUTE, 120.0, 5 * 15 - 4.5, 4.5, "market"),
        ("9-0", "long", 15.0, OPEN, 105.0, OPEN + 3 * MINUTE, 97.0, 15 * -8 - 7.5, 7.5, "stop"),
    ]
    assert rows[0]["trade_return"] == 70.5 / 525


def test_order_that_turns_a_position_closes_one_and_opens_another(trading: Trading) -> None:
    trading.place("a", "buy", 10)
    trading.bar(100, 101, 97, 98)
    trading.place("b", "sell", 15)
    trading.bar(90, 91, 89, 90)
    trading.place("c", "buy", 5)
    trading.bar(80, 81, 79, 80)
    names = ("side", "quantity", "entry_time", "entry_price", "exit_price", "pnl", "commission")
    assert picked(rows_of(trading)["portfolio_trades"], *names) == [
        ("long", 10.0, OPEN, 100.0, 90.0, -106.0, 6.0),
        ("short", 5.0, OPEN + MINUTE, 90.0, 80.0, 44.0, 6.0),
    ]


def test_bot_s_exit_is_a_trade_and_its_fills_have_each_their_own_commission(trading: Trading) -> None:
    entry = bot("entry", side="sell", quantity=4.0, price=50.0, commission=1.0)
    trading.write([Allocated(bot="b", symbol="IBM", amount=1_000.0), entry])
    trading.write([bot("exit", side="buy", quantity=4.0, price=45.0, commission=2.5, reason="stop_loss")])
    rows = rows_of(trading)
    assert picked(rows["portfolio_fills"], "trade_id", "bot", "order_id", "side", "price", "commission") == [
        ("2-1", "b", None, "sell", 50.0, 1.0),
        ("3-0", "b", None, "buy", 45.0, 1.5),
    ]
    names = ("trade_id", "bot", "symbol", "side", "quantity", "entry_price", "exit_price", "pnl", "commission")
    assert picked(rows["portfolio_trades"], *names, "exit_reason") == [
        ("3-0", "b", "IBM", "short", 4.0, 50.0, 45.0, 17.5, 2.5, "stop_loss")
    ]


def test_kept_position_of_a_bot_is_closed_as_the_portfolio_s_own(trading: Trading) -> None:
    bought = bot("entry", symbol="GOOG", side="buy", quantity=4.0, price=50.0, commission=1.0)
    trading.write([Allocated(bot="b", symbol="GOOG", amount=1_000.0), bought])
    trading.place("a", "buy", 4)
    trading.bar(100, 101, 99, 100)
    trading.write([PositionKept(bot="b", symbol="GOOG", quantity=4.0, price=50.0, cash=799.0)])
    trading.place("z", "sell", 8)
    trading.bar(90, 91, 89, 90)
    rows = rows_of(trading)
    names = ("bot", "symbol", "side", "quantity", "entry_time", "entry_price", "exit_price", "pnl", "commission")
    assert picked(rows["portfolio_trades"], *names) == [
        (None, "GOOG", "long", 8.0, OPEN, 75.0, 90.0, 8 * 15.0 - 7.0, 7.0)
    ]
    assert picked(rows["portfolio_cash_flows"][-1:], "kind", "bot", "amount") == [("position_kept", "b", 799.0)]
    assert trading.portfolio.bots == {}


def test_cash_flow_has_the_sign_of_its_effect_on_the_cash(trading: Trading) -> None:
    trading.write(placing.deposited(100.0))
    trading.write(placing.withdrawn(trading.portfolio, 30.0))
    trading.write([Allocated(bot="b", symbol="IBM", amount=50.0)])
    trading.write([AllocationReturned(bot="b", amount=55.0)])
    assert picked(rows_of(trading)["portfolio_cash_flows"], "sequence", "event", "kind", "bot", "amount") == [
        (1, 1, "deposit", None, 10_000.0),
        (2, 0, "deposit", None, 100.0),
        (3, 0, "withdrawal", None, -30.0),
        (4, 0, "allocation", "b", -50.0),
        (5, 0, "allocation_returned", "b", 55.0),
    ]


def seen(symbol: str, minute: int, close: float) -> BarSeen:
    return BarSeen(symbol=symbol, time=OPEN // 1_000 + minute * 60_000, number=1, high=close, low=close, close=close)


def test_equity_has_a_point_a_minute_and_one_for_what_follows_the_last_bar(trading: Trading) -> None:
    trading.place("a", "buy", 10)
    trading.bar(100, 101, 99, 100)
    minutes: list[JournalEvent] = [seen("GOOG", 1, 101.0), seen("IBM", 1, 5.0), seen("GOOG", 2, 102.0)]
    trading.write([*minutes, *placing.deposited(7.0)])
    assert picked(rows_of(trading)["portfolio_equity"], "sequence", "timestamp", "equity", "cash", "exposure") == [
        (1, 1_767_225_600_000_000, 10_000.0, 10_000.0, 0.0),
        (2, 1_767_225_600_000_000 + 60 * MINUTE, 10_000.0, 10_000.0, 0.0),
        (3, OPEN, 9_997.0, 8_997.0, 1_000.0),
        (4, OPEN + MINUTE, 10_007.0, 8_997.0, 1_010.0),
        (4, OPEN + 2 * MINUTE, 10_017.0, 8_997.0, 1_020.0),
        (4, OPEN + 2 * MINUTE, 10_024.0, 9_004.0, 1_020.0),
    ]


def test_event_without_a_table_leaves_a_point_of_equity_alone(trading: Trading) -> None:
    before = {table: len(rows) for table, rows in rows_of(trading).items()}
    trading.write([LimitsSet(limits=RiskLimits()), bot("paused", reason="by hand")])
    after = {table: len(rows) for table, rows in rows_of(trading).items()}
    assert after == before | {"portfolio_equity": before["portfolio_equity"] + 1}


def test_row_has_the_columns_of_its_table(trading: Trading) -> None:
    trading.place("a", "buy", 10)
    trading.bar(100, 101, 99, 100)
    trading.place("b", "sell", 10)
    trading.bar(100, 101, 99, 100)
    for table, (row, *_) in rows_of(trading).items():
        assert row.keys() == LAKE_TABLES[table].columns.keys()
        assert (row["portfolio"], row["owner"], row["name"]) == ("growth-1", "ada", "growth")


def test_entry_that_does_not_follow_is_refused(trading: Trading) -> None:
    trading.write(placing.deposited(1.0))
    with pytest.raises(ValueError, match="entry 2 of growth-1 does not follow 0"):
        recorded(Checkpoint.start("growth-1"), trading.journal[1])
