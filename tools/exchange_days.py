"""Writes the table of exchange days from exchange_calendars, which is too large for a function: `make calendar`.

The table ends with the year after the next: exchanges announce their holidays that far ahead.
"""

import json
from datetime import UTC, date, datetime
from typing import Any

import exchange_calendars
import pandas as pd

from tickfold.market_data.exchange_calendar import TABLE

EXCHANGES = ("XNYS",)
FIRST_DAY = date(1990, 1, 1)


class IrregularSessionsError(Exception):
    """An exchange has sessions that the table cannot express; the message says which."""


def exchange_days(name: str, first: date, last: date) -> dict[str, Any]:
    """Return the entry of the exchange `name` in the table, from `first` to `last`.

    Raises:
        IrregularSessionsError: it trades on weekends, opens at more than one time of the day, or has breaks.
    """
    calendar = exchange_calendars.get_calendar(name, start=str(first), end=str(last))
    sessions = calendar.schedule
    opens, closes = (_clock(sessions[column], str(calendar.tz)) for column in ("open", "close"))
    open_time, close_time = (clock.mode().iloc[0] for clock in (opens, closes))
    _check_regular(name, sessions, opens == open_time)
    weekdays = pd.bdate_range(first, last)
    return {
        "zone": str(calendar.tz),
        "first": str(first),
        "last": str(last),
        "open": open_time,
        "close": close_time,
        "utc_offset": _offsets(first, last, str(calendar.tz)),
        "closed": [f"{day:%Y-%m-%d}" for day in weekdays.difference(sessions.index)],
        "early_close": {f"{day:%Y-%m-%d}": close for day, close in closes[closes != close_time].items()},
    }


def write_table(today: date) -> None:
    """Write the table of all exchanges up to the end of the year after the next."""
    last = date(today.year + 2, 12, 31)
    table = {name: exchange_days(name, FIRST_DAY, last) for name in EXCHANGES}
    TABLE.write_text(json.dumps(table, indent=1) + "\n")
    print(f"{TABLE.name}: {', '.join(EXCHANGES)} to {last}, by exchange_calendars {exchange_calendars.__version__}")


def _clock(times: "pd.Series[pd.Timestamp]", zone: str) -> "pd.Series[str]":
    return times.dt.tz_convert(zone).dt.strftime("%H:%M")


def _check_regular(name: str, sessions: pd.DataFrame, on_time: "pd.Series[bool]") -> None:
    irregular = {
        "on weekends": sessions.index[sessions.index.day_of_week >= 5],
        "that open at another time": sessions.index[~on_time],
        "with a break": sessions.index[sessions["break_start"].notna()],
    }
    if found := [f"{kind}, first on {days[0]:%Y-%m-%d}" for kind, days in irregular.items() if len(days)]:
        raise IrregularSessionsError(f"{name} has sessions {'; '.join(found)}")


def _offsets(first: date, last: date, zone: str) -> dict[str, int]:
    """Return the offset from UTC in minutes at noon, by the first day on which it holds."""
    noons = pd.date_range(first, last, freq="D") + pd.Timedelta(hours=12)
    offsets = [int(noon.utcoffset().total_seconds()) // 60 for noon in noons.tz_localize(zone)]
    days = [f"{noon:%Y-%m-%d}" for noon in noons]
    return {
        day: offset for day, offset, before in zip(days, offsets, [None, *offsets], strict=False) if offset != before
    }


if __name__ == "__main__":
    write_table(datetime.now(UTC).date())
