"""What a user may state about a bar file instead of leaving it to detection."""

from dataclasses import dataclass
from typing import Literal

DateOrder = Literal["dmy", "mdy", "ymd"]
TimeUnit = Literal["s", "ms", "us", "ns"]
DecimalMark = Literal[".", ","]
Close = Literal["raw", "adjusted"]


@dataclass(frozen=True)
class ReadingOptions:
    """How to read a bar file; what is None is detected.

    `timezone` is the IANA zone of times without an offset, UTC by default. `columns` name the columns in order, as a
    file without a header needs them. `close` decides between Close and Adj Close where they differ; adjusted by
    default. `symbol` chooses the rows or columns of a file that has several symbols.
    """

    separator: str | None = None
    decimal: DecimalMark | None = None
    encoding: str | None = None
    date_order: DateOrder | None = None
    time_unit: TimeUnit | None = None
    timezone: str | None = None
    columns: tuple[str, ...] | None = None
    close: Close | None = None
    symbol: str | None = None


DETECT = ReadingOptions()
