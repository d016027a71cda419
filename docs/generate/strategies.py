"""The page of the built-in strategies, from their classes."""

from inspect import getdoc, getmodule
from typing import Any

from tickfold.strategies import BUILT_IN, Strategy

INTRODUCTION = """# Built-in strategies

Generated from the classes in `tickfold/strategies/builtin/` by `make docs`; edit those, not this page.
[How to write your own](../tutorial/own-strategy.md).
"""
BOUNDS = {"exclusiveMinimum": "> {:,}", "minimum": "≥ {:,}", "exclusiveMaximum": "< {:,}", "maximum": "≤ {:,}"}


def render() -> str:
    """Return the page."""
    return "\n".join([INTRODUCTION, *(_section(strategy) for strategy in BUILT_IN.strategies.values())])


def _section(strategy: type[Strategy]) -> str:
    summary = " ".join((getdoc(getmodule(strategy)) or "").split())
    text = "\n\n".join(" ".join(part.split()) for part in (getdoc(strategy) or "").split("\n\n"))
    fields = strategy.model_json_schema()["properties"] if strategy.model_fields else {}
    table = "\n| parameter | type | default | meaning |\n|---|---|---|---|\n" if fields else ""
    rows = "".join(_row(name, field) for name, field in fields.items())
    looks_back = f"\nLookback with the defaults: {strategy().lookback:,}.\n"
    return f"## `{strategy.name}`\n\n{summary}\n\n{text}\n{table}{rows}{looks_back}"


def _row(name: str, field: dict[str, Any]) -> str:
    limits = [text.format(field[key]) for key, text in BOUNDS.items() if key in field]
    kind = " ".join([field["type"], *limits])
    return f"| `{name}` | {kind} | `{field['default']}` | {field['description']} |\n"
