"""Numbers as text."""

import pytest

from tickfold.protocol.formats import count, counted, days, money, multiple, percent, ratio, short_percent


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 chunks"), (1, "1 chunk"), (2, "2 chunks"), (2_148, "2,148 chunks")]
)
def test_counted_noun_is_singular_for_one_only(number: int, text: str) -> None:
    assert counted(number, "chunk") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (count(2_147.6), "2,148"),
        (money(51_422.994), "51,422.99"),
        (percent(-0.47981), "-47.98 %"),
        (percent(12.345678, 1), "1,234.6 %"),
        (short_percent(0.002), "0.2 %"),
        (short_percent(0.5), "50 %"),
        (ratio(1_234.56789), "1,234.568"),
        (multiple(99.94), "99.9 ×"),
        (multiple(-99.94), "-99.9 ×"),
        (multiple(100), "100 ×"),
        (multiple(-1_234.5), "-1,234 ×"),
        (days(0.6), "1 day"),
        (count(-0.4), "0"),
        (money(-0.001), "0.00"),
        (percent(-0.0), "0.00 %"),
        (percent(-0.00001), "0.00 %"),
        (short_percent(-0.0), "0 %"),
        (ratio(-0.0001), "0.000"),
        (multiple(-0.01), "0.0 ×"),
        (days(-0.0), "0 days"),
        (days(583.6), "584 days"),
    ],
)
def test_number_has_the_format_of_its_kind(text: str, expected: str) -> None:
    assert text == expected
