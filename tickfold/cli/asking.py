"""Asks the stack over one connection, and closes it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tickfold.cli.bad_parameters import bad_parameters
from tickfold.cli.follow import client_of
from tickfold.cli.target import find_target

if TYPE_CHECKING:
    from tickfold.client import Client

Answer = TypeVar("Answer")


def ask(stack_outputs: Path | None, call: Callable[["Client"], Awaitable[Answer]]) -> Answer:
    """Return what `call` returns of a client of the stack.

    Raises:
        BadParameter: the request is wrong, and was not sent; the reason names the field.
        RunError: the stack refuses the request, or cannot be reached.
    """
    import asyncio  # noqa: PLC0415 - slow to load, and help needs none

    async def asked() -> Answer:
        async with client_of(find_target(stack_outputs)) as client:
            return await call(client)

    with bad_parameters():
        return asyncio.run(asked())
