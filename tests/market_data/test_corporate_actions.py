"""The list of a symbol's splits and dividends: it grows, and what it says of days gone by does not change."""

from dataclasses import replace
from datetime import date

import pytest

from tickfold.errors import RunError
from tickfold.market_data.corporate_actions import CorporateAction, CorporateActions, in_shares_of

SPLIT = CorporateAction(date(2022, 7, 18), "split", 20.0)
PAID = CorporateAction(date(2024, 6, 10), "dividend", 0.2)
STORED = CorporateActions(date(2020, 1, 1), date(2024, 6, 20), [SPLIT, PAID])


def listed(
    *found: CorporateAction, first: date = date(2020, 1, 1), last: date = date(2024, 12, 31)
) -> CorporateActions:
    return CorporateActions(first, last, sorted(found))


def refusal(later: CorporateActions) -> str:
    with pytest.raises(RunError) as refused:
        STORED.joined(later, "GOOG 1d")
    assert refused.value.code == "conflict"
    return str(refused.value)


def test_list_gains_actions_of_days_that_it_did_not_have() -> None:
    before, after = replace(PAID, day=date(2019, 6, 3)), replace(PAID, day=date(2024, 9, 9))
    found = STORED.joined(listed(before, SPLIT, PAID, after, first=date(2019, 1, 1)), "GOOG 1d")
    assert found == listed(before, SPLIT, PAID, after, first=date(2019, 1, 1))


def test_later_list_of_fewer_days_takes_none_away() -> None:
    assert STORED.joined(listed(PAID, first=date(2024, 6, 1)), "GOOG 1d") == listed(SPLIT, PAID)


def test_value_that_is_rounded_otherwise_is_the_same_and_the_stored_one_stays() -> None:
    stored = replace(STORED, found=[SPLIT, replace(PAID, close_before=177.3)])
    found = stored.joined(listed(SPLIT, replace(PAID, value=0.20001)), "GOOG 1d").found
    assert [(each.value, each.close_before) for each in found] == [(20.0, None), (0.2, 177.3)]


def test_action_that_was_listed_some_days_late_is_gained() -> None:
    late = CorporateAction(date(2024, 6, 14), "dividend", 0.1)
    assert STORED.joined(listed(SPLIT, PAID, late), "GOOG 1d").found == [SPLIT, PAID, late]
    too_late = replace(late, day=date(2024, 6, 13))
    assert "it adds a dividend of $0.1 on 2024-06-13" in refusal(listed(SPLIT, PAID, too_late))


def test_another_past_is_refused() -> None:
    assert "of GOOG 1d is not the one that is stored: it lacks a split of 20 for 1 on 2022-07-18" in refusal(
        listed(PAID)
    )
    other = replace(PAID, value=0.21)
    assert "it lacks a dividend of $0.2 on 2024-06-10" in refusal(listed(SPLIT, other))
    assert "tickfold data remove" in refusal(listed(SPLIT, other))


def test_close_from_before_a_split_is_told_in_shares_from_after_it() -> None:
    assert in_shares_of(date(2022, 7, 18), 2_200.0, date(2022, 7, 15), [SPLIT, PAID]) == 110.0
    assert in_shares_of(date(2022, 7, 19), 110.0, date(2022, 7, 18), [SPLIT, PAID]) == 110.0
