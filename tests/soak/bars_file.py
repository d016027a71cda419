"""A file of bars to load."""

from datetime import date, timedelta
from pathlib import Path


def write_bars(path: Path, bars: int = 100) -> Path:
    """Write synthetic daily bars; return `path`."""
    days = (date(2020, 1, 1) + timedelta(days=day) for day in range(bars))
    rows = [f"{day},100,101,99,{100 + number % 2},1000" for number, day in enumerate(days)]
    path.write_text("date,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    return path
