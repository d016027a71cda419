"""How the placeholders of a definition are filled."""

from typing import Any

import pytest

from components.aws.state_machine_definition import LAMBDA_RETRY, PlaceholderError, fill, read_definition
from tests.components.capture import ROOT
from tests.components.needs import state_of

ASL = ROOT / "statemachines" / "backtest.asl.json"

VALUES: dict[str, Any] = {
    "LambdaRetry": LAMBDA_RETRY,
    "FetchFunctionArn": "f",
    "PlanFunctionArn": "p",
    "SimulateFunctionArn": "s",
    "ReduceFunctionArn": "r",
    "Bucket": "b",
    "MaxConcurrency": 3,
}


def test_fill_whole_placeholder_keeps_the_value_s_type() -> None:
    assert state_of(fill(read_definition(ASL), VALUES), "Simulate")["MaxConcurrency"] == 3


def test_fill_placeholder_inside_a_text() -> None:
    assert fill({"Comment": "${A} and ${B}"}, {"A": "x", "B": 2}) == {"Comment": "x and 2"}


@pytest.mark.parametrize("name", VALUES)
def test_fill_missing_value_names_the_placeholder(name: str) -> None:
    values = {key: value for key, value in VALUES.items() if key != name}
    with pytest.raises(PlaceholderError, match=rf"placeholders without a value: \['{name}'\]"):
        fill(read_definition(ASL), values)


def test_fill_unused_value_is_named() -> None:
    with pytest.raises(PlaceholderError, match=r"values without a placeholder: \['Extra'\]"):
        fill(read_definition(ASL), {**VALUES, "Extra": "x"})
