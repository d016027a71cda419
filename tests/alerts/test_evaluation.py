"""Rules as folds: what alerts, once and in any batches."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.alerts.rules import OPEN, bar, closes, fired, fold, price, rule
from tickfold.alerts.evaluation import initial_state
from tickfold.alerts.observation import Observation, SeenBar, SeenRun, SeenSilence

CONDITIONS: list[dict[str, Any]] = [
    price(above=10, hysteresis=2),
    price(below=10),
    {"kind": "change", "symbol": "GOOG", "above": 0.2, "minutes": 3, "hysteresis": 0.1},
    {"kind": "change", "symbol": "GOOG", "below": -0.2},
    {"kind": "indicator", "symbol": "GOOG", "indicator": "vwap", "crosses": "above"},
    {"kind": "spread", "symbol": "GOOG", "minus": "IBM", "above": 2, "hysteresis": 1},
    {"kind": "volume", "symbol": "GOOG", "above": 10},
]
MANY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
"""How long a busy machine takes to draw bars says nothing."""
TERMS = st.fixed_dictionaries(
    {"frequency": st.sampled_from(["once", "daily", "always"]), "coolDownMinutes": st.integers(0, 5)}
)


@st.composite
def markets(draw: st.DrawFn) -> list[SeenBar]:
    """Bars of two symbols, in order for each, in any order of the two; minutes are left out, days pass."""
    waiting: list[list[SeenBar]] = []
    for symbol in ("GOOG", "IBM"):
        minute, bars = 0, []
        for number in range(1, draw(st.integers(1, 14)) + 1):
            minute += draw(st.sampled_from([1, 1, 1, 2, 4, 1_440]))
            close = float(draw(st.integers(5, 15)))
            values: dict[str, Any] = {
                "high": close + draw(st.integers(0, 3)),
                "low": close - draw(st.integers(0, 3)),
                "opened": close,
                "volume": float(draw(st.integers(0, 20))),
                "vwap": float(draw(st.integers(5, 15))),
            }
            bars.append(bar(number, close, symbol=symbol, minute=minute, **values))
        waiting.append(bars)
    merged: list[SeenBar] = []
    while some := [bars for bars in waiting if bars]:
        merged.append(draw(st.sampled_from(some)).pop(0))
    return merged


@st.composite
def redelivered(draw: st.DrawFn, seen: list[SeenBar]) -> list[SeenBar]:
    """The same bars, after each of which any earlier ones may come again, as often as they like."""
    delivered: list[SeenBar] = []
    for each in seen:
        delivered.append(each)
        delivered += draw(st.lists(st.sampled_from(delivered), max_size=3))
    return delivered


@MANY
@given(st.data(), st.sampled_from(CONDITIONS), TERMS)
def test_repeats_of_any_bars_at_any_time_change_nothing(
    data: st.DataObject, condition: dict[str, Any], terms: dict[str, Any]
) -> None:
    of, seen = rule(condition, **terms), data.draw(markets())
    assert fold(of, data.draw(redelivered(seen))) == fold(of, seen)


@MANY
@given(st.data(), st.sampled_from(CONDITIONS), TERMS)
def test_cut_into_batches_of_which_some_fail_midway_gives_one_pass(
    data: st.DataObject, condition: dict[str, Any], terms: dict[str, Any]
) -> None:
    of, seen = rule(condition, **terms), data.draw(markets())
    state, firings, at = initial_state(of), dict[str, object](), 0
    while at < len(seen):
        size = data.draw(st.integers(1, 5))
        stops_after = data.draw(st.integers(1, size))
        for failed in (True, False):  # the whole batch comes again
            batch = seen[at : at + (stops_after if failed else size)]
            state, found = fold(of, batch, state)
            firings |= {each.alert_id: each for each in found}
        at += size
    expected_state, expected = fold(of, seen)
    assert state == expected_state
    assert list(firings.values()) == expected


@MANY
@given(st.data())
def test_spread_is_the_same_however_the_bars_of_two_symbols_interleave(data: st.DataObject) -> None:
    seen = data.draw(markets())
    condition = {"kind": "spread", "symbol": "GOOG", "minus": "IBM", "above": 0}
    one_after_the_other = sorted(seen, key=lambda each: each.symbol)
    by_time = sorted(seen, key=lambda each: each.at)
    found = [
        {each.seen.at for each in fold(rule(condition), order)[1]} for order in (seen, one_after_the_other, by_time)
    ]
    assert found[0] == found[1] == found[2]


@MANY
@given(st.lists(st.integers(1, 20), max_size=40), st.integers(5, 15), st.integers(0, 5), st.booleans())
def test_no_second_alert_before_the_value_has_gone_back_by_the_hysteresis(
    values: list[int], level: int, hysteresis: int, falling: bool
) -> None:
    side = "below" if falling else "above"
    numbers = [
        int(name.partition("-")[2])
        for name in fired(rule(price(**{side: level}, hysteresis=hysteresis)), closes(*values))
    ]
    for first, second in pairwise(numbers):
        between = values[first : second - 1]
        back = [value >= level + hysteresis if falling else value <= level - hysteresis for value in between]
        assert any(back)
        assert any(value > level if falling else value < level for value in between)


@MANY
@given(st.lists(st.integers(1, 20), min_size=1, max_size=40), st.integers(5, 15))
def test_always_alerts_each_time_the_level_is_reached_from_the_other_side(values: list[int], level: int) -> None:
    beyond = [value >= level for value in values]
    expected = [at for at, now in enumerate(beyond, 1) if now and (at == 1 or not beyond[at - 2])]
    assert fired(rule(price(above=level)), closes(*values)) == [f"GOOG-{at}" for at in expected]


def test_gap_through_the_level_alerts() -> None:
    assert fired(rule(price(above=180)), closes(170, 190)) == ["GOOG-2"]
    assert fired(rule(price(below=180)), closes(190, 170)) == ["GOOG-2"]


def test_touch_within_the_minute_alerts_though_the_close_is_back() -> None:
    touched = [bar(1, 179), bar(2, 179, high=180.5), bar(3, 179)]
    assert fired(rule(price(above=180, hysteresis=5)), touched) == ["GOOG-2"]


def test_highs_that_keep_touching_the_level_while_the_closes_are_back_alert_once() -> None:
    wicks = [bar(number, 179, high=180.5) for number in range(1, 6)]
    assert fired(rule(price(above=180)), [*wicks, bar(6, 179), bar(7, 179, high=181)]) == ["GOOG-1", "GOOG-7"]


def test_level_that_is_passed_already_alerts_at_once_and_a_cross_only_when_it_is_crossed() -> None:
    assert fired(rule(price(above=10)), closes(11, 12)) == ["GOOG-1"]
    crossing = {"kind": "indicator", "symbol": "GOOG", "indicator": "sma9", "crosses": "above"}
    bars = [bar(number, close, sma9=10.0) for number, close in enumerate((11, 12, 9, 11), 1)]
    assert fired(rule(crossing), bars) == ["GOOG-4"]
    assert fired(rule(crossing | {"crosses": "below"}), bars) == ["GOOG-3"]


def test_bars_that_lack_the_indicator_are_passed_over() -> None:
    crossing = {"kind": "indicator", "symbol": "GOOG", "indicator": "sma9", "crosses": "above"}
    assert fired(rule(crossing), [bar(1, 9), bar(2, 9, sma9=10.0), bar(3, 11), bar(4, 11, sma9=10.0)]) == ["GOOG-4"]


def test_once_alerts_once() -> None:
    state, firings = fold(rule(price(above=10), frequency="once"), closes(11, 9, 11, 9, 11))
    assert [each.seen.occurrence for each in firings] == ["GOOG-1"]
    assert state.done


def test_daily_alerts_once_a_day_of_the_users_zone() -> None:
    # From 23:58 to 00:02 in Tokyo, at 14:58 UTC.
    start = datetime(2026, 1, 30, 14, 57, tzinfo=UTC)
    bars = [bar(number, value, start=start) for number, value in enumerate((11, 9, 11, 9, 11, 9, 11), 1)]
    zones = {
        zone: fired(rule(price(above=10), {"timeZone": zone}, frequency="daily"), bars)
        for zone in ("Asia/Tokyo", "UTC")
    }
    assert zones == {"Asia/Tokyo": ["GOOG-1", "GOOG-3"], "UTC": ["GOOG-1"]}


def test_cool_down_holds_an_alert_off_until_it_is_over() -> None:
    of = rule(price(above=10), coolDownMinutes=5)
    assert fired(of, closes(11, 9, 11, 9, 9, 9, 11)) == ["GOOG-1", "GOOG-7"]
    assert fired(of, closes(11, 9, 11, 11, 11, 11, 11)) == ["GOOG-1", "GOOG-6"]  # still beyond the level by then


def test_expired_rule_alerts_no_more() -> None:
    expiry = int((OPEN + timedelta(minutes=2)).timestamp()) * 1_000
    of = rule(price(above=10), expiresAt=expiry)
    assert fired(of, closes(9, 11, 9)) == ["GOOG-2"]
    assert fired(of, closes(9, 9, 11)) == []


def test_bars_before_the_rule_do_not_count() -> None:
    of = rule(price(above=10))
    _, firings = fold(of, closes(11, 11, 9, 11), initial_state(of, (("symbol#GOOG", 3),)))
    assert [each.seen.occurrence for each in firings] == ["GOOG-4"]


def test_change_is_from_the_price_of_so_many_minutes_ago_or_the_open() -> None:
    of = rule({"kind": "change", "symbol": "GOOG", "above": 0.1, "minutes": 2})
    assert fired(of, closes(100, 104, 108, 114.4)) == ["GOOG-4"]  # 114.4 / 104
    assert fired(of, [bar(1, 110, opened=100)]) == ["GOOG-1"]
    next_day = bar(2, 130, start=OPEN + timedelta(days=1))
    assert fired(of, [bar(1, 100), next_day]) == []  # what happens overnight is no change of two minutes


def test_change_since_the_open_is_of_the_session() -> None:
    of = rule({"kind": "change", "symbol": "GOOG", "below": -0.05})
    falling = [bar(1, 100, opened=100), bar(2, 96), bar(3, 95), bar(4, 95, start=OPEN + timedelta(days=1))]
    state, firings = fold(of, falling)
    assert [each.seen.occurrence for each in firings] == ["GOOG-3"]
    assert state.armed  # the next session has begun at its own open
    assert firings[0].reading.last == pytest.approx(-0.05, rel=1e-14)


def test_change_from_a_price_of_zero_is_none() -> None:
    of = rule({"kind": "change", "symbol": "GOOG", "above": 0.1})
    first = bar(1, 0)
    assert fired(of, [first, bar(2, 5)]) == []


def test_alert_of_a_symbol_of_any_script_has_an_id_that_headers_take() -> None:
    of = rule({"kind": "price", "symbol": "ÖL/日", "above": 1})
    (firing,) = fold(of, [bar(1, 2, symbol="ÖL/日")])[1]
    assert firing.alert_id == f"{of.rule_id}-%C3%96L/%E6%97%A5-1"


def test_volume_of_one_minute() -> None:
    of = rule({"kind": "volume", "symbol": "GOOG", "above": 1_000})
    assert fired(of, [bar(1, 10, volume=999), bar(2, 10, volume=1_000), bar(3, 10, volume=2_000)]) == ["GOOG-2"]


RUNS = [SeenRun("ada", run, status, OPEN) for run, status in (("a", "succeeded"), ("b", "failed"))]


def test_every_end_of_a_run_alerts_or_that_of_one_run() -> None:
    assert fired(rule({"kind": "run_ended"}), RUNS) == ["a-succeeded", "b-failed"]
    assert fired(rule({"kind": "run_ended", "runId": "b"}), RUNS) == ["b-failed"]
    assert fired(rule({"kind": "run_ended"}, frequency="once"), RUNS) == ["a-succeeded"]


def test_silence_alerts_once_until_bars_come_again() -> None:
    checks: list[Observation] = [
        SeenSilence(minutes, OPEN + timedelta(minutes=5 * at)) for at, minutes in enumerate((10, 15, 20, 0, 15))
    ]
    of = rule({"kind": "feed_silent", "minutes": 15})
    assert len(fold(of, checks)[1]) == 2
    assert fold(of, [*checks, *checks]) == fold(of, checks)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_other_observations_are_ignored(condition: dict[str, Any]) -> None:
    of = rule(condition)
    assert fold(of, [*RUNS, SeenSilence(99, OPEN)]) == (initial_state(of), [])
