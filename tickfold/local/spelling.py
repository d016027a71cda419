"""Names as Python has them: suggestions for misspelled ones, and errors that speak of options without dashes."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

_OPTION = re.compile(r"(?<!\w)--([a-z]+(?:-[a-z]+)*)(?: (raw|dmy|[.,](?= |$)|[A-Z][\w/.^=-]*))?")
"""An option, perhaps with its value: one of those that errors suggest, a symbol or a time zone."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return words for the one of `known` that `name` is most like; empty if it is like none."""
    found = get_close_matches(name.lower(), list(known), n=1)
    return f" (did you mean {found[0]}?)" if found else ""


def in_python(text: str) -> str:
    """Return an error's `text` with the options of a command as keywords: `--date-order dmy` is date_order="dmy"."""
    return _OPTION.sub(lambda found: found[1].replace("-", "_") + (f'="{found[2]}"' if found[2] else ""), text)
