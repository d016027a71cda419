"""Holds the parameters of API calls to the service's own model: enum, pattern, length and range.

boto3 checks types and missing members only. AWS checks all of them, and the emulator few.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.exceptions import ParamValidationError
from botocore.model import OperationModel


def check_parameters(params: Mapping[str, Any], model: OperationModel, **_more: object) -> None:
    """Refuse what the model does not allow; a handler of botocore's event `before-parameter-build`.

    Raises:
        ParamValidationError: with each parameter that is not allowed, and why.
    """
    if model.input_shape is None:
        return
    found = list(violations(params, model.input_shape, model.name))
    if found:
        raise ParamValidationError(report="\n".join(found))


def violations(value: Any, shape: Any, path: str) -> Iterator[str]:
    """Yield what is wrong with `value`, of a botocore `shape`, which lies at `path` of the parameters."""
    limits = shape.metadata
    match shape.type_name:
        case "structure":
            for name, member in value.items():
                if name in shape.members:
                    yield from violations(member, shape.members[name], f"{path}.{name}")
        case "list":
            yield from _outside(len(value), limits, path, "items")
            for number, item in enumerate(value):
                yield from violations(item, shape.member, f"{path}[{number}]")
        case "map":
            yield from _outside(len(value), limits, path, "entries")
            for key, item in value.items():
                yield from violations(key, shape.key, f"{path} (key)")
                yield from violations(item, shape.value, f"{path}[{key}]")
        case "string":
            yield from _text(value, limits, path)
        case "integer" | "long" | "float" | "double":
            yield from _outside(value, limits, path, "")


def _text(value: str, limits: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from _outside(len(value), limits, path, "characters")
    if (allowed := limits.get("enum")) and value not in allowed:
        yield f"{path} is {value!r}; allowed: {', '.join(allowed)}"
    pattern = _compiled(limits["pattern"]) if "pattern" in limits else None
    if pattern and not pattern.fullmatch(value):
        yield f"{path} is {value!r}, which does not match {pattern.pattern}"


def _outside(size: float, limits: Mapping[str, Any], path: str, unit: str) -> Iterator[str]:
    if size < limits.get("min", size) or size > limits.get("max", size):
        allowed = f"{limits.get('min', 0)} to {limits.get('max', 'any number of')}"
        yield f"{path} has {size} {unit}; allowed: {allowed}" if unit else f"{path} is {size}; allowed: {allowed}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern of the model; None for one that Python cannot read: they are written for Java."""
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None
