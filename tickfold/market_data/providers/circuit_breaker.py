"""A circuit breaker: a provider that keeps failing is left alone for a while, and then tried once."""

import threading
import time
from collections.abc import Callable
from typing import Final, Literal

FAILURES: Final = 3
COOL_DOWN_SECONDS: Final = 60.0


class CircuitBreaker:
    """Closed until `failures` calls in a row have failed; then open for `cool_down`, in seconds; then half-open.

    Half-open it lets one call through, which closes it or opens it again. Whoever is let through reports the outcome:
    `succeeded`, `failed`, or `abandoned`. Threads may share it.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        failures: int = FAILURES,
        cool_down: float = COOL_DOWN_SECONDS,
    ) -> None:
        self._clock = clock
        self._most = failures
        self._cool_down = cool_down
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until: float | None = None
        self._trial = False

    @property
    def state(self) -> Literal["closed", "open", "half-open"]:
        if self._open_until is None:
            return "closed"
        return "open" if self._clock() < self._open_until else "half-open"

    @property
    def seconds_left(self) -> float:
        """Seconds until it lets a call through; 0 unless it is open."""
        return max((self._open_until or 0.0) - self._clock(), 0.0) if self.state == "open" else 0.0

    def lets_through(self) -> bool:
        """Return whether a call may be made now."""
        with self._lock:
            match self.state:
                case "closed":
                    return True
                case "open":
                    return False
                case "half-open":
                    first, self._trial = not self._trial, True
                    return first

    def succeeded(self) -> None:
        """Close it."""
        with self._lock:
            self._failures, self._open_until, self._trial = 0, None, False

    def failed(self, open_for: float | None = None) -> None:
        """Count a failure; `open_for` opens it at once, for so many seconds at least."""
        with self._lock:
            self._failures += 1
            if self._trial or self._failures >= self._most or open_for is not None:
                self._open_until = self._clock() + max(self._cool_down, open_for or 0.0)
            self._trial = False

    def abandoned(self) -> None:
        """Let another call try in place of one that came to no end."""
        with self._lock:
            self._trial = False
