"""Writes the list of labels and units at the end of docs/metrics.md: `python docs/metrics_reference.py`."""

from pathlib import Path

from tickfold.protocol.metrics import METRICS

PAGE = Path(__file__).with_name("metrics.md")
HEADING = "## Labels and units\n"
INTRODUCTION = "From here on the page is written by `make docs` from `tickfold/protocol/metrics.py`.\n"
HEAD = "| metric | label | group | unit | meaning |\n|---|---|---|---|---|\n"


def render() -> str:
    """Return the page: what is written by hand, then every metric as the terminal and the report show it."""
    by_hand = PAGE.read_text().partition(HEADING)[0].rstrip("\n")
    rows = "".join(
        f"| `{metric.name}` | {metric.label} | {metric.group} | {metric.unit} | {metric.definition} |\n"
        for metric in METRICS.values()
    )
    return f"{by_hand}\n\n{HEADING}\n{INTRODUCTION}\n{HEAD}{rows}"


if __name__ == "__main__":
    PAGE.write_text(render())
