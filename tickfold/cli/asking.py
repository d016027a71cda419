"""Asks the stack over one connection, and closes it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

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

    try:
        return asyncio.run(asked())
    except ValueError as error:
        from pydantic import ValidationError  # noqa: PLC0415 - as above

        if not isinstance(error, ValidationError):
            raise
        from tickfold.protocol.validation import explain  # noqa: PLC0415

        raise typer.BadParameter(explain(error)) from None
