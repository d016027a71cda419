"""The measurement: any cut of a run into blocks gives the same metrics, bit for bit."""

from dataclasses import astuple, dataclass, replace
from itertools import pairwise
from math import isnan, nan, sqrt
from struct import pack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickfold.engine.accounting.trades import OpenTrade, Trades
from tickfold.engine.arrays import Floats, Ints
from tickfold.engine.calendar import SAMPLE, SessionCalendar
from tickfold.engine.checkpoint import decode, encode
from tickfold.engine.performance.measurement import Measurement
from tickfold.engine.performance.metrics import Metrics
from tickfold.engine.performance.trade_results import TradeResults

MINUTE = 60_000_000
CALENDARS = [SessionCalendar(), SessionCalendar(week=7), SessionCalendar("America/New_York", 18 * 60, 5)]
SLIPPAGE = 1.25


@dataclass(frozen=True)
class Record:
    """What a run is measured by."""

    calendar: SessionCalendar
    capital: float
    timestamp: Ints
    equity: Floats
    market: Floats
    trades: Trades
    open_trade: OpenTrade | None

    def start(self) -> Measurement:
        return Measurement.start(self.capital, self.calendar)

    def pass_over(self, run: Measurement, start: int, stop: int) -> None:
        bars = slice(start, stop)
        closed = (self.trades.exit_bar >= start) & (self.trades.exit_bar < stop)
        run.update(self.timestamp[bars], self.equity[bars], self.market[bars], self.trades[closed])

    def metrics(self, cuts: list[int]) -> Metrics:
        run = self.start()
        for start, stop in pairwise([0, *sorted(cuts), len(self.timestamp)]):
            self.pass_over(run, start, stop)
        return run.metrics(self.open_trade, SLIPPAGE)


def walk(rng: np.random.Generator, count: int, start: float) -> Floats:
    """A walk on a coarse grid, so that peaks are reached exactly and returns repeat."""
    steps = rng.integers(-2, 3, count) * (rng.random(count) < rng.choice([0.0, 0.1, 1.0]))
    return start + np.cumsum(steps).astype(np.float64)


def random_trades(rng: np.random.Generator, bars: int) -> tuple[Trades, OpenTrade | None]:
    """Trades one after another, of which some share a bar; the last may be open."""
    edges = np.sort(rng.integers(0, bars, int(rng.integers(0, bars + 1))))
    entry, exit_ = edges[:-1], edges[1:]
    if rng.random() < 0.5:
        entry, exit_ = entry[::2], exit_[::2]
    count = len(entry)
    trades = Trades(
        side=rng.choice(np.array([-1, 1], dtype=np.int8), count),
        quantity=rng.integers(1, 4, count).astype(np.float64),
        entry_bar=entry,
        entry_price=rng.integers(2, 6, count) / 1.0,
        exit_bar=exit_,
        exit_price=rng.integers(2, 6, count) / 1.0,
        commission=rng.choice([0.0, 0.1], count),
        reason=np.zeros(count, dtype=np.int8),
    )
    last = int(exit_[-1]) if count else 0
    return trades, OpenTrade(1, 2.0, int(rng.integers(last, bars)), 3.0, 0.1) if rng.random() < 0.5 else None


def random_record(seed: int, count: int) -> Record:
    rng = np.random.default_rng(seed)
    step = int(rng.choice([MINUTE, 60 * MINUTE, 1_440 * MINUTE, 7 * 1_440 * MINUTE]))
    gaps = np.where(rng.random(count) < 0.1, rng.integers(1, 40, count), 1)
    capital = float(rng.choice([10.0, 100.0]))
    equity = walk(rng, count, capital + rng.integers(-1, 2))
    if rng.random() < 0.8:
        equity = np.maximum(equity, 1.0)  # the others may be ruined
    market = np.maximum(walk(rng, count, 50.0), 1.0) / 7
    calendar = CALENDARS[int(rng.integers(len(CALENDARS)))]
    return Record(calendar, capital, np.cumsum(step * gaps), equity, market, *random_trades(rng, count))


def bits(metrics: Metrics) -> list[bytes]:
    return [pack("<d", value) for value in astuple(metrics)]


@given(st.integers(0, 100_000), st.integers(1, 120), st.data())
def test_metrics_any_cut_gives_the_same_bits(seed: int, count: int, data: st.DataObject) -> None:
    record = random_record(seed, count)
    cuts = data.draw(st.sets(st.integers(1, count - 1))) if count > 1 else set()
    assert bits(record.metrics(list(cuts))) == bits(record.metrics([]))


@given(st.integers(0, 100_000), st.integers(2, 120), st.data())
def test_metrics_after_checkpoints_have_the_same_bits(seed: int, count: int, data: st.DataObject) -> None:
    record = random_record(seed, count)
    run = record.start()
    for start, stop in pairwise([0, *sorted(data.draw(st.sets(st.integers(1, count - 1), max_size=5))), count]):
        record.pass_over(run, start, stop)
        run = decode(Measurement, encode(run))
    assert bits(run.metrics(record.open_trade, SLIPPAGE)) == bits(record.metrics([]))


@given(st.integers(0, 100_000), st.integers(1, 60))
def test_metrics_bar_by_bar_have_the_same_bits(seed: int, count: int) -> None:
    record = random_record(seed, count)
    assert bits(record.metrics(list(range(1, count)))) == bits(record.metrics([]))


NO_TRADES = Trades(*(np.empty(0, dtype=kind) for kind in ("i1", "f8", "i8", "f8", "i8", "f8", "f8", "i1")))


def long_record(steps: Ints) -> Record:
    rng = np.random.default_rng(5)
    equity, market = (np.maximum(walk(rng, len(steps), 1e4), 1.0) for _ in range(2))
    return Record(CALENDARS[1], 1e4, np.cumsum(steps), equity, market, NO_TRADES, None)


@pytest.mark.parametrize("step", [MINUTE, 1_440 * MINUTE])
@pytest.mark.parametrize(
    "cuts",
    [[SAMPLE - 1], [SAMPLE], [SAMPLE + 1], [SAMPLE, SAMPLE + 1, SAMPLE + 2], [7, 15 * 1_440 - 1, 15 * 1_440]],
    ids=str,
)
def test_metrics_of_a_run_longer_than_the_sample_any_cut(step: int, cuts: list[int]) -> None:
    """The last cuts are around the end of a session of minutes, after which only ends of sessions are kept."""
    record = long_record(np.full(SAMPLE + 3_000, step))
    assert bits(record.metrics(cuts)) == bits(record.metrics([]))


def test_step_is_that_of_the_first_bars_however_many_follow() -> None:
    """Durations are rounded up to hours, of which the first bars are, and not to days, of which most are."""
    record = long_record(np.repeat([60 * MINUTE, 1_440 * MINUTE], [SAMPLE + 1, SAMPLE + 2_000]))
    equity = np.full(len(record.timestamp), 1e4)
    equity[1:5] = 9e3
    record = replace(record, equity=equity)
    whole = record.metrics([])
    assert whole.max_drawdown_duration == 5 / 24
    assert bits(record.metrics([SAMPLE, 2 * SAMPLE])) == bits(whole)


@pytest.mark.parametrize("order", [[0.0, -0.0], [-0.0, 0.0]], ids=str)
def test_best_trade_of_zeros_of_both_signs_is_zero(order: list[float]) -> None:
    results = TradeResults()
    for each in order:
        results.update(np.array([each]), np.array([each]))
    found = results.figures()
    assert [str(found["best_trade"]), str(found["worst_trade"])] == ["0.0", "0.0"]


@given(st.integers(0, 100_000), st.integers(3, 80))
def test_metrics_are_the_formulas(seed: int, count: int) -> None:
    """The formulas of docs/reference/metrics.md over whole arrays; sums have another order."""
    record = random_record(seed, count)
    found = record.metrics([])
    equity, market, trades, still = record.equity, record.market, record.trades, record.open_trade
    if equity.min() > 0:
        ours, theirs = np.diff(np.log(equity)), np.diff(np.log(market))
        slope = nan if len({*theirs}) == 1 else np.cov(ours, theirs)[0, 1] / np.var(theirs, ddof=1)
        assert found.beta == pytest.approx(slope, rel=1e-9, abs=1e-12, nan_ok=True)
    else:
        assert isnan(found.beta)
    pnl, returns = trades.pnl, trades.trade_return
    deviation = float(np.std(pnl, ddof=1)) if len({*pnl}) > 1 else nan
    assert found.sqn == pytest.approx(
        sqrt(len(pnl)) * pnl.mean() / deviation if len(pnl) else nan, rel=1e-9, nan_ok=True
    )
    product = float(np.prod(1 + returns)) if len(returns) and returns.min() > -1 else nan
    assert 1 + found.average_trade == pytest.approx(product ** (1 / max(len(returns), 1)), rel=1e-12, nan_ok=True)
    spans = [*zip(trades.entry_bar.tolist(), trades.exit_bar.tolist(), strict=True)]
    spans += [(still.entry_bar, count - 1)] if still else []
    assert found.exposure == len({bar for first, last in spans for bar in range(first, last + 1)}) / count
    commissions = float(trades.commission.sum()) + (still.commission if still else 0)
    assert found.commissions == pytest.approx(commissions, rel=1e-12)
    assert found.cost_paid == found.commissions + SLIPPAGE


def test_metrics_of_equal_returns_have_no_deviation() -> None:
    doubling = np.array([2.0**bar for bar in range(12)])
    day = np.arange(12) * 1_440 * MINUTE
    bar = np.arange(12)
    same = Trades(
        np.ones(12, dtype=np.int8),
        np.full(12, 0.1),
        bar,
        np.full(12, 0.3),
        bar,
        np.full(12, 0.7),
        np.zeros(12),
        np.zeros(12, dtype=np.int8),
    )
    found = Record(CALENDARS[1], 1.0, day, doubling, doubling, same, None).metrics([])
    assert found.annual_volatility == 0
    assert isnan(found.sharpe)
    assert isnan(found.beta)
    assert isnan(found.sqn)
    assert found.expectancy == pytest.approx(same.trade_return[0])
