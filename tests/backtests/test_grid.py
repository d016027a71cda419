"""A sweep's combinations: which there are, in which order, and how many are too many."""

from datetime import date
from typing import Any

import pytest

from tickfold.backtests.grid import check_size, expand
from tickfold.errors import RunError
from tickfold.protocol import Range, SweepConfig
from tickfold.strategies import BUILT_IN


def sweep(parameters: dict[str, Any], strategy: str = "sma_cross", **more: Any) -> SweepConfig:
    day = date(2020, 1, 1)
    config = {"stock": "GOOG", "startDate": day, "endDate": day, "startCapital": 1, "strategy": strategy}
    return SweepConfig.model_validate(config | {"parameters": parameters} | more)


def test_the_last_parameter_by_name_varies_fastest_and_what_cannot_be_run_is_left_out() -> None:
    grid = expand(sweep({"slow": [10, 20], "fast": {"from": 5, "to": 17, "step": 5}}), BUILT_IN)
    found = [strategy.model_dump() for strategy in grid.strategies]
    assert found == [
        {"fast": 5, "slow": 10},
        {"fast": 5, "slow": 20},
        {"fast": 10, "slow": 20},
        {"fast": 15, "slow": 20},
    ]
    assert grid.left_out == 2


def test_a_parameter_may_have_one_value_and_the_others_their_defaults() -> None:
    assert [s.model_dump() for s in expand(sweep({"fast": 7}), BUILT_IN).strategies] == [{"fast": 7, "slow": 30}]
    assert [s.model_dump() for s in expand(sweep({}, "buy_and_hold"), BUILT_IN).strategies] == [{}]


@pytest.mark.parametrize(
    ("range_", "values"),
    [
        ({"from": 5, "to": 15, "step": 5}, [5, 10, 15]),
        ({"from": 5, "to": 14, "step": 5}, [5, 10]),
        ({"from": 5, "to": 5, "step": 1}, [5]),
        ({"from": 0.1, "to": 0.5, "step": 0.1}, [0.1, 0.2, 0.3, 0.4, 0.5]),
        ({"from": -1, "to": 0, "step": 0.5}, [-1.0, -0.5, 0.0]),
    ],
)
def test_a_range_has_the_numbers_that_one_would_write(range_: dict[str, float], values: list[float]) -> None:
    found = Range.model_validate(range_)
    assert found.values() == values
    assert [type(value) for value in found.values()] == [type(value) for value in values]
    assert found.count == len(values)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (
            {"parameters": {"fast": {"from": 1, "to": 1e9, "step": 0.001}}},
            "the parameters have 999,999,999,001 combinations; a sweep may have 1,000 at most",
        ),
        (
            {"parameters": {"fast": {"from": 1, "to": 40, "step": 1}, "slow": {"from": 2, "to": 41, "step": 1}}},
            "the parameters have 1,600 combinations; a sweep may have 1,000 at most",
        ),
        (
            {"parameters": {"fast": [30, 40], "slow": [10, 20]}},
            "none of the 4 combinations can be run; the first: strategy sma_cross: fast (30) must be less than slow",
        ),
        (
            {"parameters": {"fats": [1, 2]}},
            "can be run; the first: strategy sma_cross has no parameter fats (did you mean",
        ),
        ({"parameters": {}, "strategy": "magic"}, "can be run; the first: unknown strategy 'magic'"),
    ],
)
def test_what_cannot_be_swept_is_refused(config: dict[str, Any], reason: str) -> None:
    with pytest.raises(RunError) as caught:
        expand(sweep(**config), BUILT_IN)
    assert reason in str(caught.value)


TEN = {"fast": {"from": 1, "to": 10, "step": 1}}


@pytest.mark.parametrize(
    ("more", "bars", "reason"),
    [
        ({}, 1_000_000_001, "bars times combinations are 10,000,000,010; at most 10,000,000,000"),
        (
            {"rankBy": "sharp"},
            10,
            "'sharp' to rank by (did you mean sharpe?); known metrics: final_equity,",
        ),
        (
            {"walkForward": {"inSample": 90, "outOfSample": 11}},
            100,
            "the range has 100 bars; a window of 90 bars in sample and 11 out of sample needs 101",
        ),
        (
            {"walkForward": {"inSample": 1, "outOfSample": 1}},
            10_002,
            "windows times combinations are 100,010; at most 100,000",
        ),
        (
            {"walkForward": {"inSample": 500_000, "outOfSample": 100}},
            1_000_000,
            "in-sample bars of all windows times combinations are 25,000,000,000; at most 10,000,000,000",
        ),
    ],
)
def test_a_sweep_that_is_too_large_or_too_small_is_refused(more: dict[str, Any], bars: int, reason: str) -> None:
    with pytest.raises(RunError) as caught:
        check_size(sweep(TEN, **more), bars, BUILT_IN)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "more", [{}, {"rankBy": "max_drawdown", "walkForward": {"inSample": 9_000, "outOfSample": 1_000}}]
)
def test_a_sweep_of_its_largest_size_is_accepted(more: dict[str, Any]) -> None:
    config = sweep(TEN, **more)
    check_size(config, 10_000 if more else 10_000_000, BUILT_IN)
    assert len(expand(config, BUILT_IN).strategies) == 10
