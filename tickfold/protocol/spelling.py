"""Suggestions for misspelled names, in the words of every error that knows what names there are."""

from collections.abc import Iterable
from difflib import get_close_matches

_LIKENESS = 0.7
"""Share of the letters that must agree: difflib's own 0.6 takes "magic" for macd."""
_LONGEST = 80
"""Characters of a name that may be misspelled; what is longer is no name, and takes long to compare."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return words for the one of `known` that `name` is most like, in any case; empty if it is like none."""
    if len(name) > _LONGEST:
        return ""
    spelled = {each.lower(): each for each in known}
    found = get_close_matches(name.lower(), list(spelled), n=1, cutoff=_LIKENESS)
    return f" (did you mean {spelled[found[0]]}?)" if found else ""
