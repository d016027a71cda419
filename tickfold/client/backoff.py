"""Longer and longer pauses between attempts, so that many clients do not fall upon a server that comes back."""

import asyncio
import random


class Backoff:
    """Pauses of random length ("full jitter"), whose limit doubles with each."""

    def __init__(self, first: float, longest: float) -> None:
        """Begin with a pause of up to `first` seconds, and go up to `longest`."""
        self._first = first
        self._longest = longest
        self._limit = first

    async def pause(self) -> None:
        """Wait before the next attempt."""
        await asyncio.sleep(random.uniform(0, self._limit))  # noqa: S311 - jitter, no secret
        self._limit = min(2 * self._limit, self._longest)

    def reset(self) -> None:
        """Begin anew: an attempt has succeeded."""
        self._limit = self._first
