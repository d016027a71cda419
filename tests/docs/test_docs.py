"""The pages of docs/reference match the code that they describe."""

import re
from pathlib import Path

import pytest

from docs.generate.pages import PAGES, REFERENCE
from tickfold.backtests import grid
from tickfold.engine.performance.metrics import Metrics
from tickfold.protocol import REQUESTS, StartSweep, parse_request
from tickfold.strategies import BUILT_IN

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_generated_page_is_up_to_date(name: str) -> None:
    assert (REFERENCE / name).read_text() == PAGES[name](), "run `make docs`"


def test_protocol_page_shows_only_valid_requests() -> None:
    page = (REFERENCE / "protocol.md").read_text()
    (by_hand,) = re.findall(r"```\n(\{.+?)\n```", page, re.DOTALL)
    shown = [line for line in by_hand.splitlines() if not line.startswith("< ")]
    shown += re.findall(r"```json\n(.+?)\n```", page)
    requests = [parse_request(message) for message in shown]
    assert [ignored for _, ignored in requests] == [[]] * len(shown)
    # All but one of the requests that there are; a sweep is on a page of its own.
    assert {type(request) for request, _ in requests} == {*REQUESTS} - {StartSweep}


def test_every_metric_is_documented() -> None:
    page = (REFERENCE / "metrics.md").read_text()
    missing = [name for name in Metrics.__dataclass_fields__ if f"`{name}`" not in page]
    assert missing == []


def test_sweep_page_shows_a_valid_request() -> None:
    (message,) = re.findall(r"```json\n(.+?)\n```", (DOCS / "how-to/sweep-and-walk-forward.md").read_text())
    request, ignored = parse_request(message)
    assert ignored == []
    assert isinstance(request, StartSweep)
    assert len(grid.expand(request.config, BUILT_IN).strategies) == 22


def test_every_limit_of_a_sweep_is_documented() -> None:
    page = (DOCS / "how-to/sweep-and-walk-forward.md").read_text()
    limits = [value for name, value in vars(grid).items() if name.startswith("MOST_")]
    assert len(limits) == 5
    assert [limit for limit in limits if f"| {limit:,} |" not in page] == []
