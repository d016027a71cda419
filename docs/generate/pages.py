"""The generated pages: file name in docs/reference → function that returns the text."""

from collections.abc import Callable
from pathlib import Path

from docs.generate import (
    command_line,
    exit_codes,
    limits,
    metrics,
    openapi,
    protocol,
    providers,
    run_cost,
    settings,
    strategies,
    tables,
)

REFERENCE = Path(__file__).parents[1] / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "metrics.md": metrics.render,
    "command-line.md": command_line.render,
    "exit-codes.md": exit_codes.render,
    "limits.md": limits.render,
    "openapi.json": openapi.render,
    "protocol.md": protocol.render,
    "protocol.schema.json": protocol.render_schema,
    "providers.md": providers.render,
    "run-cost.md": run_cost.render,
    "run-cost.svg": run_cost.render_plot,
    "settings.md": settings.render,
    "strategies.md": strategies.render,
    "tables.md": tables.render,
}
