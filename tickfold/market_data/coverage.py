"""Coverage: the ranges of a series for which all bars there are have been stored, and what a request still lacks.

A range is [start, end), both in UTC. Coverage is not the same as having bars: a holiday is covered once a provider has
answered that it has none.
"""

from collections.abc import Iterable
from datetime import datetime

Range = tuple[datetime, datetime]


def union(ranges: Iterable[Range]) -> list[Range]:
    """Return the ranges as few as possible: in order, disjoint, without empty ones, those that touch joined."""
    joined = list[Range]()
    for start, end in sorted(each for each in ranges if each[0] < each[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def missing(covered: Iterable[Range], wanted: Range) -> list[Range]:
    """Return the parts of `wanted` that no range of `covered` has, in order and disjoint."""
    start, end = wanted
    found = list[Range]()
    for covered_from, covered_to in union(covered):
        if start >= end or covered_from >= end:
            break
        if start < covered_from:
            found.append((start, covered_from))
        start = max(start, covered_to)
    return [*found, (start, end)] if start < end else found
