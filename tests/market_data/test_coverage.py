"""Coverage: what is missing and what is covered are together what was asked for, and share nothing."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tickfold.market_data.coverage import Range, missing, union

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
hours = st.integers(0, 30)
ranges = st.lists(st.tuples(hours, hours), max_size=8)


def at(hour: int) -> datetime:
    return EPOCH + timedelta(hours=hour)


def between(*edges: tuple[int, int]) -> list[Range]:
    return [(at(start), at(end)) for start, end in edges]


def hours_of(found: list[Range]) -> list[int]:
    """Return every hour of the ranges, as often as it is in one."""
    return [hour for start, end in found for hour in range(31) if start <= at(hour) < end]


def test_nothing_covered_all_is_missing() -> None:
    assert missing([], (at(1), at(4))) == between((1, 4))


def test_parts_before_between_and_after_are_missing() -> None:
    assert missing(between((2, 3), (5, 6)), (at(1), at(8))) == between((1, 2), (3, 5), (6, 8))


def test_covered_range_lacks_nothing() -> None:
    assert missing(between((0, 9)), (at(1), at(4))) == []


def test_ranges_that_touch_are_one() -> None:
    assert union(between((3, 5), (1, 3), (7, 7), (9, 8))) == between((1, 5))


@given(ranges)
def test_union_has_the_same_hours_each_once_in_order(edges: list[tuple[int, int]]) -> None:
    given_ranges = between(*edges)
    found = union(given_ranges)
    assert hours_of(found) == sorted(set(hours_of(given_ranges)))
    assert all(before[1] < after[0] for before, after in pairwise(found))
    assert union(found) == found


@given(ranges, hours, hours)
def test_missing_and_covered_are_all_that_was_asked_and_share_nothing(
    edges: list[tuple[int, int]], start: int, end: int
) -> None:
    covered, wanted = between(*edges), (at(start), at(end))
    lacks = missing(covered, wanted)
    inside = set(hours_of(covered)) & set(hours_of([wanted]))
    assert not set(hours_of(lacks)) & set(hours_of(covered))
    assert sorted({*hours_of(lacks), *inside}) == hours_of([wanted])
    assert union(lacks) == lacks
    assert missing([*covered, *lacks], wanted) == []
