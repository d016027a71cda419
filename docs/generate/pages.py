"""The generated pages: file name in docs/reference → function that returns the text."""

from collections.abc import Callable
from pathlib import Path

from docs.generate import metrics, protocol, strategies

REFERENCE = Path(__file__).parents[1] / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "metrics.md": metrics.render,
    "protocol.md": protocol.render,
    "protocol.schema.json": protocol.render_schema,
    "strategies.md": strategies.render,
}
