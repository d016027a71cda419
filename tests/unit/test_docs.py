"""The documentation that is derived from code is what the code says."""

import re
import runpy
from pathlib import Path

from tickfold import grid
from tickfold.engine.metrics import Metrics
from tickfold.protocol import StartSweep, parse_request

DOCS = Path(__file__).parents[2] / "docs"


def test_the_protocols_page_is_what_its_models_say() -> None:
    render = runpy.run_path(str(DOCS / "protocol_reference.py"))["render"]
    assert (DOCS / "protocol.md").read_text() == render(), "run `make docs`"


def test_the_list_of_strategies_is_what_their_classes_say() -> None:
    render = runpy.run_path(str(DOCS / "strategy_reference.py"))["render"]
    assert (DOCS / "strategies.md").read_text() == render(), "run `make docs`"


def test_every_metric_is_documented() -> None:
    page = (DOCS / "metrics.md").read_text()
    missing = [name for name in Metrics.__dataclass_fields__ if f"`{name}`" not in page]
    assert missing == []


def test_the_sweeps_page_shows_a_message_that_is_accepted() -> None:
    (message,) = re.findall(r"```json\n(.+?)\n```", (DOCS / "sweeps.md").read_text())
    request = parse_request(message)
    assert isinstance(request, StartSweep)
    assert len(grid.expand(request.config).strategies) == 22


def test_every_limit_of_a_sweep_is_documented() -> None:
    page = (DOCS / "sweeps.md").read_text()
    limits = [value for name, value in vars(grid).items() if name.startswith("MOST_")]
    assert len(limits) == 5
    assert [limit for limit in limits if f"| {limit:,} |" not in page] == []
