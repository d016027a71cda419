"""The size of messages: what fits into one WebSocket frame."""

from typing import Final

MAX_MESSAGE_BYTES: Final = 32_000
"""A larger WebSocket frame closes the connection."""
MAX_REQUEST_BYTES: Final = 32_000
