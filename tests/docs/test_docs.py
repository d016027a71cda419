"""The documentation that is derived from code is what the code says."""

import json
import re
import runpy
from pathlib import Path

from tickfold.backtests import grid
from tickfold.engine.performance.metrics import Metrics
from tickfold.protocol import REQUESTS, StartSweep, parse_request
from tickfold.strategies import BUILT_IN

DOCS = Path(__file__).parents[2] / "docs"


def test_the_protocols_page_and_schema_are_what_its_models_say() -> None:
    reference = runpy.run_path(str(DOCS / "protocol_reference.py"))
    assert (DOCS / "protocol.md").read_text() == reference["render"](), "run `make docs`"
    assert json.loads((DOCS / "protocol.schema.json").read_text()) == reference["schema"](), "run `make docs`"


def test_the_protocols_page_shows_messages_that_are_accepted() -> None:
    page = (DOCS / "protocol.md").read_text()
    (by_hand,) = re.findall(r"```\n(\{.+?)\n```", page, re.DOTALL)
    shown = [line for line in by_hand.splitlines() if not line.startswith("< ")]
    shown += re.findall(r"```json\n(.+?)\n```", page)
    requests = [parse_request(message) for message in shown]
    assert [ignored for _, ignored in requests] == [[]] * len(shown)
    # All but one of the requests that there are; a sweep is on a page of its own.
    assert {type(request) for request, _ in requests} == {*REQUESTS} - {StartSweep}


def test_the_list_of_strategies_is_what_their_classes_say() -> None:
    render = runpy.run_path(str(DOCS / "strategy_reference.py"))["render"]
    assert (DOCS / "strategies.md").read_text() == render(), "run `make docs`"


def test_metrics_page_is_up_to_date() -> None:
    render = runpy.run_path(str(DOCS / "metrics_reference.py"))["render"]
    assert (DOCS / "metrics.md").read_text() == render(), "run `make docs`"


def test_every_metric_is_documented() -> None:
    page = (DOCS / "metrics.md").read_text()
    missing = [name for name in Metrics.__dataclass_fields__ if f"`{name}`" not in page]
    assert missing == []


def test_the_sweeps_page_shows_a_message_that_is_accepted() -> None:
    (message,) = re.findall(r"```json\n(.+?)\n```", (DOCS / "sweeps.md").read_text())
    request, ignored = parse_request(message)
    assert ignored == []
    assert isinstance(request, StartSweep)
    assert len(grid.expand(request.config, BUILT_IN).strategies) == 22


def test_every_limit_of_a_sweep_is_documented() -> None:
    page = (DOCS / "sweeps.md").read_text()
    limits = [value for name, value in vars(grid).items() if name.startswith("MOST_")]
    assert len(limits) == 5
    assert [limit for limit in limits if f"| {limit:,} |" not in page] == []
