"""The list of labels and units at the end of docs/reference/metrics.md, whose formulas are written by hand."""

from pathlib import Path

from tickfold.protocol.metrics import METRICS

PAGE = Path(__file__).parents[1] / "reference" / "metrics.md"
HEADING = "## Labels and units\n"
INTRODUCTION = "Generated from `tickfold/protocol/metrics.py` by `make docs`; edit that, not this list.\n"
HEAD = "| metric | label | group | unit | meaning |\n|---|---|---|---|---|\n"


def render() -> str:
    """Return the page: the part that is written by hand, then every metric as the terminal and the report show it."""
    by_hand = PAGE.read_text().partition(HEADING)[0].rstrip("\n")
    rows = "".join(
        f"| `{metric.name}` | {metric.label} | {metric.group} | {metric.unit} | {metric.definition} |\n"
        for metric in METRICS.values()
    )
    return f"{by_hand}\n\n{HEADING}\n{INTRODUCTION}\n{HEAD}{rows}"
