"""The function behind the HTTP API: one file an area of it."""

from typing import Final

DOCUMENT: Final = "/v1/openapi.json"
"""Public: it says what this repository says, and generators of clients have no token."""
