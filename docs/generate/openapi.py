"""The OpenAPI document of the HTTP API, as the API itself serves it."""

from functions.api.openapi import rendered


def render() -> str:
    """Return the text of openapi.json."""
    return rendered()
