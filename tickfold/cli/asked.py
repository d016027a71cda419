"""Asks a stack one thing."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from tickfold.cli.follow import client_of
from tickfold.cli.target import Target

if TYPE_CHECKING:
    from tickfold.client import Client

Answer = TypeVar("Answer")


def ask(target: Target, call: "Callable[[Client], Awaitable[Answer]]") -> Answer:
    """Return what `call` returns on a connection of its own.

    Raises:
        RunError: the stack refuses it, or cannot be reached.
    """
    import asyncio  # noqa: PLC0415 - slow to load, and help needs none

    async def asked() -> Answer:
        async with client_of(target) as client:
            return await call(client)

    return asyncio.run(asked())
