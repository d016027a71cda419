"""Which runs a reducer can hold, and what is said of those that it cannot."""

import pytest

from tests.backtests.lake import config, sweep_config
from tickfold.backtests.reduction_memory import BASE_BYTES, bytes_of, check_memory
from tickfold.errors import RunError
from tickfold.protocol import Config

SWEEP = sweep_config()
UNIVERSE = config(["A", "B"])
MEGABYTE = 1_024 * 1_024
FITTING = (3_008 * MEGABYTE - BASE_BYTES) // 170


def refusal(asked: Config, bars: list[int], megabytes: int = 3_008, *, sets: int = 1) -> str:
    with pytest.raises(RunError) as caught:
        check_memory(asked, bars, megabytes, sets=sets)
    return str(caught.value)


def test_a_run_of_one_symbol_may_be_of_any_length() -> None:
    check_memory(config(), [10_000_000_000], 512, sets=1)


def test_the_largest_sweep_that_fits_is_accepted_and_one_bar_more_refused() -> None:
    check_memory(SWEEP, [FITTING], 3_008, sets=1)
    assert "too large" in refusal(SWEEP, [FITTING + 1])


def test_refusal_names_the_bars_and_the_memory_that_would_do() -> None:
    said = refusal(SWEEP, [20_000_000])
    assert said == (
        "the run is too large: to reduce 20,000,000 bars takes about 3,481 MB, and the reducer has 3,008; "
        f"choose a range of {FITTING:,} bars at most, or set tickfold:reduceMemory to 3481"
    )
    check_memory(SWEEP, [20_000_000], 3_481, sets=1)


def test_no_setting_is_named_that_lambda_does_not_have() -> None:
    assert "tickfold:reduceMemory" not in refusal(SWEEP, [100_000_000])


def test_symbols_of_a_universe_are_reduced_one_by_one_and_share_little() -> None:
    many = [1_000_000] * 20
    assert bytes_of(many, universe=True) < bytes_of([20_000_000])
    check_memory(UNIVERSE, many, 3_008, sets=1)
    assert "40,000,000 bars takes about 2,986 MB" in refusal(UNIVERSE, [1_000_000] * 40, 2_984)


def test_universe_of_one_symbol_takes_more_than_a_sweep_of_one_set() -> None:
    assert bytes_of([1_000_000], universe=True) == BASE_BYTES + 345_000_000
    assert bytes_of([1_000_000]) == BASE_BYTES + 170_000_000


def test_range_that_is_named_for_several_symbols_fits() -> None:
    said = refusal(UNIVERSE, [1_000_000] * 50)
    fitting = int(said.partition("a range of ")[2].partition(" ")[0].replace(",", ""))
    check_memory(UNIVERSE, [fitting // 50] * 50, 3_008, sets=1)


def test_a_sweep_needs_more_with_each_set() -> None:
    check_memory(SWEEP, [1_000_000], 1_024, sets=100)
    assert "with 200 combinations" in refusal(SWEEP, [1_000_000], 1_024, sets=200)
