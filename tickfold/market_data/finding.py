"""What a check of bars finds: the kinds of findings, and which of them are errors."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """A kind of finding: its name, whether it is an error, and what was expected.

    An error is a bar that cannot be right: the feed quarantines it. A remark is worth a look and may well be right,
    such as a minute without a trade.
    """

    is_error: bool
    expected: str

    def __new__(cls, name: str, is_error: bool, expected: str) -> "Kind":
        """Return the member with its attributes."""
        member = object.__new__(cls)
        member._value_ = name
        member.is_error = is_error
        member.expected = expected
        return member

    UNREADABLE = "unreadable", True, "a file of bars"
    TIME = "time", True, "a time"
    FIELDS = "fields", True, "as many fields as the header"
    NOT_A_NUMBER = "not a number", True, "finite numbers"
    PRICE = "price", True, "prices above 0"
    VOLUME = "volume", True, "a volume of 0 or more"
    CROSSED = "crossed", True, "low at most and high at least open and close"
    DUPLICATE = "duplicate", True, "one bar at a time"
    ORDER = "order", True, "bars in time order"
    OFF_GRID = "off grid", True, "bars that start on a whole minute"
    CLOSED = "closed", True, "bars within the market's sessions"
    OUTLIER = "outlier", True, "prices less than 10 times and more than a tenth of their neighbours"
    GAP = "gap", False, "a bar for each"
    JUMP = "jump", False, "adjusted prices, if it is a split"
    STALE = "stale", False, "bars that differ"
    NO_VOLUME = "no volume", False, "a volume above 0"


@dataclass(frozen=True)
class Finding:
    """What is wrong or odd about the bar at `time`, in microseconds since 1970 UTC.

    `place` is where the bar stands, such as `line 12`, if it is in a file; `time` is None if it has none there.
    """

    kind: Kind
    time: int | None
    found: str
    place: str | None = None
