"""Suggestions for misspelled names."""

import pytest

from tickfold.protocol.spelling import suggestion


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("Slw", ["fast", "slow"], " (did you mean slow?)"),
        ("goggl", ["AAPL", "GOOGL"], " (did you mean GOOGL?)"),
        ("magic", ["macd"], ""),
        ("nothing", ["fast", "slow"], ""),
        ("fast" * 10_000, ["fast"], ""),
        ("fast", [], ""),
    ],
    ids=["likeliest", "any case", "too far", "none", "no name", "nothing known"],
)
def test_suggestion_is_the_likeliest_or_nothing(name: str, known: list[str], words: str) -> None:
    assert suggestion(name, known) == words
