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

    async def pause(self) -> None:
        """Wait before the next attempt."""
        await asyncio.sleep(random.uniform(0, self._limit))  # noqa: S311 - jitter, no secret
        self._limit = min(2 * self._limit, self._longest)

    def reset(self) -> None:
        """Start over after a success."""
        self._limit = self._first
