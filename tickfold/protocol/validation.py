"""Validation errors in plain words: each invalid field by its name, its value, and what was expected."""

from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

_LONGEST_VALUE = 60


def explain(error: ValidationError, without: Collection[str] = ()) -> str:
    """Return one clause per invalid field; `without` are parts of paths that the sender never wrote."""
    return "; ".join(_clause(dict(found), without) for found in error.errors(include_url=False))


def _clause(found: dict[str, Any], without: Collection[str]) -> str:
    path = ".".join(str(part) for part in found["loc"] if part not in without)
    match found["type"]:
        case "missing":
            return f"{path} is missing"
        case "extra_forbidden":
            return f"{path} is not a known field"
        case "value_error":
            # Raised by our own validators, whose texts name the field where the value is a list or an object.
            text = str(found["ctx"]["error"])
            return f"{path} {_shown(found['input'])}: {text}" if isinstance(found["input"], str | int | float) else text
        case "string_pattern_mismatch":
            return f"{path} {_shown(found['input'])} does not match {found['ctx']['pattern']}"
        case _:
            message = found["msg"]
            return f"{path} {_shown(found['input'])}: {message[0].lower()}{message[1:]}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."
