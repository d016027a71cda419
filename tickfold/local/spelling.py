"""Names as Python has them: errors that speak of options without dashes."""

import re

_OPTION = re.compile(r"(?<!\w)--([a-z]+(?:-[a-z]+)*)(?: (raw|dmy|[.,](?= |$)|[A-Z][\w/.^=-]*))?")
"""An option, perhaps with its value: one of those that errors suggest, a symbol or a time zone."""


def in_python(text: str) -> str:
    """Return an error's `text` with the options of a command as keywords: `--date-order dmy` is date_order="dmy"."""
    return _OPTION.sub(lambda found: found[1].replace("-", "_") + (f'="{found[2]}"' if found[2] else ""), text)
