"""The documentation that is derived from code is what the code says."""

import runpy
from pathlib import Path

from tickfold.engine.metrics import Metrics

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
