"""Says in plain words what pydantic found wrong: each field by its name, what it was, and what it should be."""

from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

_LONGEST_VALUE = 60


def explain(error: ValidationError, without: Collection[str] = ()) -> str:
    """Return one clause a field that is wrong; `without` are parts of its path that its sender never wrote."""
    return "; ".join(_clause(dict(found), without) for found in error.errors(include_url=False))


def _clause(found: dict[str, Any], without: Collection[str]) -> str:
    path = ".".join(str(part) for part in found["loc"] if part not in without)
    match found["type"]:
        case "missing":
            return f"{path} is missing"
        case "extra_forbidden":
            return f"{path} is not a known field"
        case "value_error":
            # Our own validators: those of a whole model name the fields themselves.
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
