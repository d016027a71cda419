"""A bot beside the run of its config over the same bars: equal, or the first figure that is not."""

from typing import Any

import numpy as np
import pytest

from tests.market_data.feed.market import HALF_DAY, minutes_of
from tests.trading.desk import PORTFOLIO, Desk, backtest_of, bot_of
from tickfold.errors import RunError
from tickfold.protocol.journal import JournalEntry
from tickfold.trading.comparison import Comparison, compare
from tickfold.trading.tape import Tape

BARS = minutes_of(HALF_DAY)[:40]
FIRST = 10


def compared(desk: Desk, entries: list[JournalEntry] | None = None) -> Comparison:
    known = list(desk.portfolios.entries_after(PORTFOLIO, 0)) if entries is None else entries
    return compare(desk.owner.find(PORTFOLIO, "cross"), known, Tape(desk.hot, desk.lake), desk.registry)


def trade(desk: Desk, *counts: int) -> None:
    for count in counts:
        desk.feed("GOOG", BARS, count)
        desk.trader().advance(PORTFOLIO)


@pytest.mark.parametrize("config", [{}, {"fill": "close", "closeAtEnd": True}], ids=["next open", "close"])
@pytest.mark.parametrize("warm", [True, False])
def test_bot_is_equal_to_its_run_at_every_bar(desk: Desk, config: dict[str, Any], warm: bool) -> None:
    """Also at bars where a run does otherwise if it ends there: it carries out nothing, and closes its position."""
    desk.feed("GOOG", BARS, FIRST)
    bot = bot_of(since=int(BARS.timestamp[FIRST]), **config).model_copy(update={"warm": warm})
    desk.start(bot)
    for count in (12, 13, 14, 15, 40):
        trade(desk, count)
        found = compared(desk)
        assert found.difference is None
        assert found.rows[0] == ("bars", str(count - FIRST), str(count - FIRST))
    if not warm:
        whole = backtest_of(bot, BARS[FIRST:]).statement
        fills = [row for row in found.rows if ": buy" in row.run or ": sell" in row.run]
        assert len(fills) == 2 * len(whole.trades) + (whole.open_trade is not None) > 4
        figures = {row.figure: row.bot for row in found.rows}
        assert figures["cash"] == repr(float(whole.cash[-1]))
        assert figures["equity"] == repr(float(whole.equity[-1]))
        assert figures["bars of equal equity"] == "30"


@pytest.mark.parametrize(
    ("type_", "field", "figure"),
    [("bot_step", "price", ""), ("bot_step", "quantity", ""), ("bar", "bots", "equity at ")],
    ids=["price", "quantity", "equity"],
)
def test_last_bit_of_one_figure_is_a_difference(desk: Desk, type_: str, field: str, figure: str) -> None:
    desk.start(bot_of())
    trade(desk, 40)
    entries = [entry.model_dump() for entry in desk.portfolios.entries_after(PORTFOLIO, 0)]
    event = next(
        each
        for entry in entries
        for each in entry["events"]
        if each["type"] == type_ and each.get(field) is not None and each.get("what", "entry") == "entry"
    )
    if field == "bots":
        event["bots"]["cross"] = float(np.nextafter(event["bots"]["cross"], 0))
    else:
        event[field] = float(np.nextafter(event[field], 0))
    difference = compared(desk, [JournalEntry.model_validate(entry) for entry in entries]).difference
    assert difference is not None
    assert difference.figure.startswith(f"{figure}2025-11-28T")
    assert difference.bot != difference.run


def test_bot_that_was_paused_differs_and_says_so(desk: Desk) -> None:
    desk.start(bot_of())
    trade(desk, 10)
    desk.owner.pause(PORTFOLIO, "cross", "ada")
    trade(desk, 40)
    found = compared(desk)
    assert found.difference is not None
    assert [(step.what, step.reason) for step in found.told] == [("paused", "by ada")]


def test_bot_that_cannot_be_compared_says_why(desk: Desk) -> None:
    desk.start(bot_of())
    with pytest.raises(RunError, match="bot cross has stepped no bar yet"):
        compared(desk)
    trade(desk, 12)
    run = desk.run_of("cross")
    other = run.bot.model_copy(update={"code": "0123456789ab"})
    started = next(desk.portfolios.entries_after(PORTFOLIO, 1)).events[-1]
    desk.portfolios.append(desk.portfolio, [started], "ada", writes=[desk.bots.put(other, run.state)])
    with pytest.raises(RunError, match="and bot cross trades 0123456789ab: compare with the code that is deployed"):
        compared(desk)
