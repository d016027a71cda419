"""Minute bars as they are exported."""

from datetime import UTC, datetime, timedelta

from tickfold.market_data.sinks.exported_bar import ExportedBar

OPEN = datetime(2026, 11, 27, 14, 30, tzinfo=UTC)


def minute(at: int, ticker: str = "QQQ", **values: float | None) -> ExportedBar:
    """Return the bar of the `at`-th minute, whose values differ from those of others and are no round numbers."""
    price = 100 + at / 7
    indicators = {"sma9": price + 1 / 3 if at >= 8 else None, "vwap": price + 1 / 9}
    prices = {"open": price, "high": price + 0.1, "low": price - 0.1, "close": price + 0.05, "volume": 10.0 * at}
    return ExportedBar(ticker, OPEN + timedelta(minutes=at), **(prices | indicators | values))  # type: ignore[arg-type]


def minutes(count: int, ticker: str = "QQQ") -> list[ExportedBar]:
    """Return the first bars of a session."""
    return [minute(at, ticker) for at in range(count)]
