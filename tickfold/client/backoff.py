"""Exponential backoff with full jitter, so that many clients do not reconnect at the same moment."""

import asyncio
import random


class Backoff:
    """Pauses of random length whose upper limit doubles with each one."""

    def __init__(self, first: float, longest: float) -> None:
        """Begin with a pause of up to `first` seconds; the limit grows to `longest`."""
        self._first = first
        self._longest = longest
        self._limit = first
        self._ends_at: float | None = None

    async def pause(self) -> None:
        """Wait before the next attempt."""
        seconds = random.uniform(0, self._limit)  # noqa: S311 - jitter, no secret
        self._ends_at = asyncio.get_running_loop().time() + seconds
        try:
            await asyncio.sleep(seconds)
        finally:
            self._ends_at = None
        self._limit = min(2 * self._limit, self._longest)

    @property
    def left(self) -> float | None:
        """The seconds until the pause is over; None where there is none."""
        return None if self._ends_at is None else max(self._ends_at - asyncio.get_running_loop().time(), 0.0)

    def reset(self) -> None:
        """Start over after a success."""
        self._limit = self._first
