"""Errors of the command line's options in the words of Python."""

import pytest

from tickfold.local.spelling import in_python


@pytest.mark.parametrize(
    ("told", "in_words"),
    [
        ("say --date-order dmy or mdy", 'say date_order="dmy" or mdy'),
        ("adjusted to it; --close raw leaves them", 'adjusted to it; close="raw" leaves them'),
        ("say --decimal . or --decimal ,", 'say decimal="." or decimal=","'),
        ("its own --symbol, such as --symbol BRK.B", 'its own symbol, such as symbol="BRK.B"'),
        ("--timezone Mars/Base is not a time zone", 'timezone="Mars/Base" is not a time zone'),
        ("say with --timeframe which it is", "say with timeframe which it is"),
        ("columns a--b and -5", "columns a--b and -5"),
    ],
)
def test_options_are_keywords(told: str, in_words: str) -> None:
    assert in_python(told) == in_words
