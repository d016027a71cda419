"""A session of a portfolio and a bot, which has rows in every table of the lake, and an order that works."""

from typing import Any

from tests.portfolios.trading import Trading
from tickfold.portfolios.times import MINUTE, milliseconds
from tickfold.protocol.journal import Allocated, BotStep


def session() -> Trading:
    trading = Trading()
    trading.place("entry", "buy", 10)
    trading.bar(100, 102, 99, 101)
    trading.place("exit", "sell", 4)
    trading.bar(101, 103, 100, 102)
    short = _step(trading, 0, what="entry", side="sell", price=50.0, commission=0.5)
    trading.write([Allocated(bot="b", symbol="IBM", amount=500.0), short])
    trading.write([_step(trading, 1, what="exit", side="buy", price=45.0, commission=1.0, reason="signal")])
    trading.place("works", "sell", 6, kind="limit", limit=200.0)
    return trading


def _step(trading: Trading, later: int, **of: Any) -> BotStep:
    time = milliseconds(trading.time) + later * MINUTE
    return BotStep.model_validate({"bot": "b", "symbol": "IBM", "time": time, "quantity": 2.0, **of})
