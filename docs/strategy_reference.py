"""Writes the list of strategies at the end of docs/strategies.md: `python docs/strategy_reference.py`."""

from inspect import getdoc, getmodule
from pathlib import Path
from typing import Any

from tickfold.strategies import BUILT_IN, Strategy

PAGE = Path(__file__).with_name("strategies.md")
HEADING = "## The strategies that come with Tickfold\n"
INTRODUCTION = "From here on the page is written by `make docs` from the classes in `tickfold/strategies/`.\n"
BOUNDS = {"exclusiveMinimum": "> {:,}", "minimum": "≥ {:,}", "exclusiveMaximum": "< {:,}", "maximum": "≤ {:,}"}


def render() -> str:
    """Return the page: what is written by hand, then every strategy."""
    by_hand = PAGE.read_text().partition(HEADING)[0]
    return "\n".join(
        [by_hand + HEADING, INTRODUCTION, *(_section(strategy) for strategy in BUILT_IN.strategies.values())]
    )


def _section(strategy: type[Strategy]) -> str:
    summary = " ".join((getdoc(getmodule(strategy)) or "").split())
    text = "\n\n".join(" ".join(part.split()) for part in (getdoc(strategy) or "").split("\n\n"))
    fields = strategy.model_json_schema()["properties"] if strategy.model_fields else {}
    table = "\n| parameter | type | default | meaning |\n|---|---|---|---|\n" if fields else ""
    rows = "".join(_row(name, field) for name, field in fields.items())
    looks_back = f"\nLookback with the defaults: {strategy().lookback:,}.\n"
    return f"### `{strategy.name}`\n\n{summary}\n\n{text}\n{table}{rows}{looks_back}"


def _row(name: str, field: dict[str, Any]) -> str:
    limits = [text.format(field[key]) for key, text in BOUNDS.items() if key in field]
    kind = " ".join([field["type"], *limits])
    return f"| `{name}` | {kind} | `{field['default']}` | {field['description']} |\n"


if __name__ == "__main__":
    PAGE.write_text(render())
