"""Which runs a reducer can hold, and what is said of those that it cannot."""

import pytest

from tests.backtests.lake import config, sweep_config
from tickfold.backtests.reduction_memory import check_memory
from tickfold.errors import RunError
from tickfold.protocol import Config

SWEEP = sweep_config()
WALK_FORWARD = sweep_config(walkForward={"inSample": 200, "outOfSample": 50})
UNIVERSE = config(["A", "B"])


def refusal(asked: Config, bars: list[int], megabytes: int = 3_008, *, sets: int = 1) -> str:
    with pytest.raises(RunError) as caught:
        check_memory(asked, bars, megabytes, sets=sets)
    return str(caught.value)


def number_after(said: str, words: str) -> int:
    return int(said.partition(words)[2].partition(" ")[0].replace(",", ""))


def test_run_and_sweep_may_be_of_any_length() -> None:
    check_memory(config(), [10_000_000_000], 512, sets=1)
    check_memory(SWEEP, [10_000_000_000], 512, sets=400)


def test_refused_universe_names_the_bars_and_the_memory_that_would_do() -> None:
    many = [30_000_000] * 4
    said = refusal(UNIVERSE, many)
    assert said.startswith("the run is too large: to reduce 120,000,000 bars takes about 5,103 MB, and the reducer has")
    fitting = number_after(said, "choose a range of ") // 4
    check_memory(UNIVERSE, [fitting] * 4, 3_008, sets=1)
    assert "too large" in refusal(UNIVERSE, [fitting + 1] * 4)
    check_memory(UNIVERSE, many, number_after(said, "tickfold:reduceMemory to "), sets=1)


def test_no_setting_is_named_that_lambda_does_not_have() -> None:
    assert "tickfold:reduceMemory" not in refusal(UNIVERSE, [100_000_000])


def test_symbols_of_a_universe_share_the_memory() -> None:
    check_memory(UNIVERSE, [1_000_000] * 500, 3_008, sets=1)


@pytest.mark.parametrize("asked", [SWEEP, WALK_FORWARD], ids=["sweep", "walk-forward"])
def test_refused_sweep_names_the_combinations_and_the_memory_that_would_do(asked: Config) -> None:
    said = refusal(asked, [1_000_000], 512, sets=1_000)
    assert said.startswith("the run is too large: to reduce 1,000 combinations takes about ")
    fitting = number_after(said, "give ")
    check_memory(asked, [1_000_000], 512, sets=fitting)
    assert "too large" in refusal(asked, [1_000_000], 512, sets=fitting + 1)
    check_memory(asked, [1_000_000], number_after(said, "tickfold:reduceMemory to "), sets=1_000)


def test_largest_sweep_fits_into_the_default() -> None:
    check_memory(WALK_FORWARD, [10_000_000], 3_008, sets=1_000)
