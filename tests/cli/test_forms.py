"""What is written on the command line, and what it becomes."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import typer

from tickfold.cli.forms import by_name, day, parameter, parameter_values, sizing, strategy_name, window


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parameter, "fast=10", ("fast", 10)),
        (parameter, " fast = +10 ", ("fast", 10)),
        (parameter, "level=-2.5e1", ("level", -25.0)),
        (parameter_values, "fast=10", ("fast", 10)),
        (parameter_values, "fast=1,2.5", ("fast", [1, 2.5])),
        (parameter_values, " fast=5:50:5", ("fast", {"from": 5, "to": 50, "step": 5})),
        (sizing, "fraction:0.5", {"kind": "fraction", "value": "0.5"}),
        (sizing, "volatility:0.2:60", {"kind": "volatility", "value": "0.2", "bars": "60"}),
        (window, "500:100", {"inSample": 500, "outOfSample": 100}),
        (day, "2024-02-29", date(2024, 2, 29)),
        (strategy_name, "sma_cross", "sma_cross"),
    ],
)
def test_form_is_parsed(parse: Callable[[str], Any], text: str, value: object) -> None:
    found = parse(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("parse", "text", "reason"),
    [
        (parameter, "fast", "'fast' is not name=value, such as fast=10"),
        (parameter, "=1", "'=1' is not name=value"),
        (parameter, "fast=inf", "'inf' is not a number"),
        (parameter, "fast=1.5.2", "'1.5.2' is not a number"),
        (parameter_values, "fast=1:2", "'fast=1:2' is not name=value, name=1,2,3 or name=from:to:step"),
        (parameter_values, "fast=1:2:3:4", "is not name=value, name=1,2,3 or name=from:to:step"),
        (parameter_values, "fast=1,", "is not name=value, name=1,2,3 or name=from:to:step"),
        (sizing, "0.5", "'0.5' is not kind:number, such as fraction:0.5 or cash:5000"),
        (sizing, "volatility:0.2:many", "is not kind:number"),
        (window, "0:10", "'0:10' is not bars in sample:bars out of sample, such as 500:100"),
        (window, "10:0", "is not bars in sample:bars out of sample"),
        (window, "500:100:1", "is not bars in sample:bars out of sample"),
        (day, "01/02/2020", "'01/02/2020' does not match the format '%Y-%m-%d'"),
        (day, "2023-02-29", "does not match the format"),
        (strategy_name, "my.py", "my.py is a file; give a strategy's name"),
        (strategy_name, "strategies/my", "strategies/my is a file; give a strategy's name"),
    ],
)
def test_text_of_another_form_is_refused(parse: Callable[[str], Any], text: str, reason: str) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        parse(text)
    assert reason in str(refused.value)


def test_parameters_are_gathered_by_name() -> None:
    assert by_name([("fast", 1), ("slow", [2, 3])]) == {"fast": 1, "slow": [2, 3]}
    assert by_name(None) == by_name([]) == {}
    with pytest.raises(typer.BadParameter, match=r"^a, b is given more than once$"):
        by_name([("b", 1), ("a", 1), ("a", 2), ("b", 1), ("c", 1)])
