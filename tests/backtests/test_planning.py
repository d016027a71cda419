"""What a request may ask for of the bars there are, and how its symbols are cut."""

from datetime import UTC, datetime, timedelta

import pytest

from tickfold.backtests.grid import MOST_CHUNK_BARS
from tickfold.backtests.planning import Range, account_of, check, chunks_of
from tickfold.engine.decisions.chunk import FEWEST_BARS, WAVES
from tickfold.errors import RunError
from tickfold.market_data.series import Series, SeriesFile
from tickfold.protocol import Allocation, BacktestConfig, SweepConfig
from tickfold.strategies import BUILT_IN

FIRST = datetime(2012, 1, 1, tzinfo=UTC)


def minutes(symbol: str, days: int, timeframe: str = "1m") -> Series:
    """A series of a thousand bars a day from 2012-01-01 on."""
    file = SeriesFile(
        year=2012,
        version_id="v",
        first=FIRST,
        last=FIRST + timedelta(days=days - 1, minutes=999),
        decimals=2,
        days=[(day + 1, 1_000) for day in range(days)],
    )
    return Series(symbol=symbol, timeframe=timeframe, source="test", files=[file])


def config(stock: object, **more: object) -> BacktestConfig:
    base = {"stock": stock, "startDate": "2012-01-01", "endDate": "2012-12-31", "startCapital": 10_000}
    return BacktestConfig.model_validate(base | more)


def refusal(stock: list[str], found: list[Series], **more: object) -> str:
    with pytest.raises(RunError) as caught:
        check(config(stock, **more), found, BUILT_IN)
    return str(caught.value)


def test_each_symbol_has_the_range_of_its_own_bars() -> None:
    found = [minutes("A", 300), minutes("B", 100)]
    assert check(config(["A", "B"]), found, BUILT_IN) == [Range(found[0], 0, 300_000), Range(found[1], 0, 100_000)]


def test_timeframes_must_be_the_same() -> None:
    said = refusal(["A", "B"], [minutes("A", 3), minutes("B", 3, "1h")])
    assert said == "the symbols' coarsest timeframes differ (A 1m, B 1h); name one that all of them have"


@pytest.mark.parametrize(
    ("days", "chunks", "said"),
    [
        ((3,), 3_001, "chunks 3,001 is too many; these 3,000 bars can be cut into 3,000"),
        ((30,), 10_001, "chunks 10,001 is too many; these 30,000 bars can be cut into 10,000"),
        ((30, 3), 3_001, "chunks 3,001 is too many; these 3,000 bars of B can be cut into 3,000"),
        ((30, 30), 5_001, "chunks 5,001 for each of 2 symbols is too many; a run may have 10,000 in all"),
    ],
)
def test_too_many_chunks_are_refused(days: tuple[int, ...], chunks: int, said: str) -> None:
    symbols = ["A", "B"][: len(days)]
    assert refusal(symbols, [minutes(*each) for each in zip(symbols, days, strict=True)], chunks=chunks) == said


def test_as_many_chunks_as_a_run_may_have_are_accepted() -> None:
    assert len(check(config(["A", "B"], chunks=5_000), [minutes("A", 30), minutes("B", 30)], BUILT_IN)) == 2


def test_symbols_have_their_part_of_the_workers_by_their_bars() -> None:
    both = config(["A", "B"])
    cuts = chunks_of(both, check(both, [minutes("A", 300), minutes("B", 100)], BUILT_IN), workers=40, registry=BUILT_IN)
    assert [len(chunks) for chunks in cuts] == [WAVES * 30, WAVES * 10]
    assert [chunks[-1].stop for chunks in cuts] == [300_000, 100_000]


def test_a_hundred_symbols_have_a_worker_each_at_least() -> None:
    symbols = [f"S{number}" for number in range(100)]
    many = config(symbols)
    cuts = chunks_of(
        many, check(many, [minutes(symbol, 20) for symbol in symbols], BUILT_IN), workers=40, registry=BUILT_IN
    )
    assert {len(chunks) for chunks in cuts} == {WAVES}
    assert 20_000 // WAVES > FEWEST_BARS


def test_a_symbol_trades_its_share_of_the_capital() -> None:
    stock = [Allocation(symbol="A", share=0.25), Allocation(symbol="B", share=0.5)]
    assert [account_of(config(stock), each.share).capital for each in stock] == [2_500, 5_000]
    assert account_of(config("A")).capital == 10_000


def sweep(slow: int, **more: object) -> SweepConfig:
    """Ask for 500 combinations of an SMA cross."""
    fast, slows = {"from": 1, "to": 100, "step": 1}, [slow + step for step in range(5)]
    base = {"stock": "A", "startDate": "2012-01-01", "endDate": "2012-12-31", "startCapital": 10_000}
    parameters = {"fast": fast, "slow": slows}
    return SweepConfig.model_validate(base | {"strategy": "sma_cross", "parameters": parameters} | more)


def test_a_sweep_is_cut_so_that_a_worker_can_hold_all_its_sets() -> None:
    """An average of 9,000 bars would else be cut into two chunks, each at least ten times as long."""
    wanted = sweep(9_000)
    (chunks,) = chunks_of(wanted, check(wanted, [minutes("A", 200)], BUILT_IN), workers=40, registry=BUILT_IN)
    assert len(chunks) == 200_000 * 500 // MOST_CHUNK_BARS == 10
    assert max(chunk.stop - chunk.start for chunk in chunks) * 500 <= MOST_CHUNK_BARS


def test_a_sweep_with_short_lookbacks_is_cut_as_a_run_is() -> None:
    wanted = sweep(200)
    (chunks,) = chunks_of(wanted, check(wanted, [minutes("A", 200)], BUILT_IN), workers=10, registry=BUILT_IN)
    assert len(chunks) == WAVES * 10


def test_too_few_chunks_for_all_its_sets_are_refused() -> None:
    with pytest.raises(RunError) as caught:
        check(sweep(200, chunks=9), [minutes("A", 200)], BUILT_IN)
    assert str(caught.value) == "chunks 9 is too few for 200,000 bars with 500 combinations; the sweep needs 10"
    assert len(check(sweep(200, chunks=10), [minutes("A", 200)], BUILT_IN)) == 1
