"""The faults that a test can switch on in a provider's server."""

from dataclasses import dataclass, field
from enum import Enum, auto


class Kind(Enum):
    """What goes wrong. `RATE_TEXT` and `REVOKED` are written as each provider writes them."""

    SLOW = auto()
    """No response until the server ends."""
    STATUS = auto()
    """A status and headers without the data."""
    NOT_JSON = auto()
    WRONG_SHAPE = auto()
    """JSON that is not the documented document."""
    TRUNCATED = auto()
    """Half of the body, under the Content-Length of all of it."""
    HALF_A_PAGE = auto()
    """JSON that ends in the middle, under the Content-Length of just that."""
    RATE_TEXT = auto()
    """Status 200 with a text about the rate limit."""
    REVOKED = auto()


@dataclass
class Fault:
    """A fault of `kind` after `after` good responses, `times` times; for good if that is None."""

    kind: Kind
    after: int = 0
    times: int | None = None
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
