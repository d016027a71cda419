"""Files of minutes, from which a feed gets its bars."""

import csv
from pathlib import Path

from tickfold.engine.bars import COLUMNS, Bars
from tickfold.market_data.feed.minute_bar import minute_bars


def write_minutes(path: Path, bars: Bars) -> None:
    """Write `bars` as CSV; each number as Python writes it, so that it is read as the same."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["time", *COLUMNS[1:]])
        for bar in minute_bars(bars):
            rows.writerow([f"{bar.time:%Y-%m-%dT%H:%M:%SZ}", *(repr(getattr(bar, name)) for name in COLUMNS[1:])])
