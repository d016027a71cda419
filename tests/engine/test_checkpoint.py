"""Checkpoints: any state comes back with the same bits, and anything else is refused in one line."""

from dataclasses import dataclass, field, make_dataclass, replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.random_runs import PROPERTY
from tickfold.engine.arrays import Flags, Floats, Ints, Sides
from tickfold.engine.calendar import SessionCalendar
from tickfold.engine.checkpoint import decode, encode
from tickfold.engine.performance.measurement import Measurement


@dataclass(frozen=True)
class Leaf:
    number: float
    name: str = ""


@dataclass
class State:
    count: int
    flag: bool
    leaf: Leaf
    floats: Floats
    ints: Ints
    sides: Sides
    flags: Flags
    several: list[Leaf] = field(default_factory=list)
    pair: tuple[int, float] = (0, 0.0)
    many: tuple[float, ...] = ()
    rows: list[Floats] = field(default_factory=list)
    perhaps: Leaf | None = None
    perhaps_text: str | None = None


REFUSED = r"not a checkpoint of this version|damaged or cut off"
FLOATS = st.floats(allow_nan=False) | st.sampled_from([-0.0, inf, -inf, 5e-324, nan])
LEAVES = st.builds(Leaf, FLOATS, st.text(max_size=5))
ARRAYS = st.lists(FLOATS, max_size=5).map(np.array).map(lambda each: each.astype(np.float64))


@st.composite
def states(draw: st.DrawFn) -> State:
    floats = draw(ARRAYS)
    with np.errstate(invalid="ignore"):
        finite = np.nan_to_num(np.clip(floats, -100, 100))
    return State(
        count=draw(st.integers(-(2**70), 2**70)),
        flag=draw(st.booleans()),
        leaf=draw(LEAVES),
        floats=draw(st.sampled_from([floats, np.column_stack([floats, floats]), floats[::-1]])),
        ints=finite.astype(np.int64),
        sides=finite.astype(np.int8),
        flags=finite > 0,
        several=draw(st.lists(LEAVES, max_size=3)),
        pair=(draw(st.integers()), draw(FLOATS)),
        many=tuple(draw(st.lists(FLOATS, max_size=3))),
        rows=draw(st.lists(ARRAYS, max_size=3)),
        perhaps=draw(st.none() | LEAVES),
        perhaps_text=draw(st.none() | st.text(max_size=3)),
    )


def some() -> State:
    none = np.empty(0)
    return State(1, True, Leaf(1.0), none, none.astype(np.int64), none.astype(np.int8), none > 0)


@PROPERTY
@given(states())
def test_state_comes_back_with_the_same_bits(state: State) -> None:
    found = decode(State, encode(state))
    assert encode(found) == encode(state)
    assert repr(found) == repr(state)  # −0 and NaN included
    assert found.floats.tobytes() == state.floats.tobytes()
    assert found.floats.shape == state.floats.shape
    assert found.floats.flags.writeable
    assert [type(each) for each in vars(found).values()] == [type(each) for each in vars(state).values()]


def test_checkpoint_of_any_part_of_the_bytes_is_refused() -> None:
    data = encode(some())
    for length in range(len(data)):
        with pytest.raises(ValueError, match=REFUSED):
            decode(State, data[:length])


def test_checkpoint_with_any_byte_changed_is_refused() -> None:
    data = encode(some())
    for at in range(len(data)):
        with pytest.raises(ValueError, match=REFUSED):
            decode(State, data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_checkpoint_of_another_class_is_refused() -> None:
    with pytest.raises(ValueError, match=r"holds a tests\.engine\.test_checkpoint\.Leaf; expected a .*\.State"):
        decode(State, encode(Leaf(1.0)))


def test_checkpoint_of_another_version_of_the_class_is_refused() -> None:
    old, new = (make_dataclass("Changed", [(name, int)]) for name in ("old", "new"))
    with pytest.raises(ValueError, match="of another version of Changed; start the pass again"):
        decode(new, encode(old(1)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({1}, "a set cannot be saved"),
        (np.int64(1), "a int64 cannot be saved"),
        (np.empty(1, np.float32), "an array of float32 cannot be saved"),
    ],
    ids=["set", "scalar", "array"],
)
def test_state_of_other_types_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        encode(replace(some(), leaf=wrong))


def test_checkpoint_of_a_measurement_is_small() -> None:
    assert len(encode(Measurement.start(1e4, SessionCalendar()))) < 32_000
