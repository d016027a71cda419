"""The size of messages: what fits into one WebSocket frame."""

from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel

from tickfold.protocol import MAX_MESSAGE_BYTES, Message, dump

Row = TypeVar("Row", bound=BaseModel)


def encode(message: Message) -> str:
    """Return `message` as JSON.

    Raises:
        ValueError: it is too large for a WebSocket frame.
    """
    body = dump(message)
    if (size := len(body.encode())) > MAX_MESSAGE_BYTES:
        raise ValueError(f"a message of {size:,} bytes; at most {MAX_MESSAGE_BYTES:,} can be sent")
    return body


def fitting(rows: Iterable[Row], *, reserved: int) -> list[Row]:
    """Return the first of `rows`, as many as fit into a message of which `reserved` bytes are needed for the rest."""
    taken: list[Row] = []
    room = MAX_MESSAGE_BYTES - reserved
    for row in rows:
        room -= len(dump(row).encode()) + 1  # and a comma
        if room < 0:
            break
        taken.append(row)
    return taken
