"""The names of columns in common downloads: MetaTrader, Dukascopy, Binance, Nasdaq, Alpha Vantage and others."""

import re

_KNOWN = {
    "timestamp": ("unix", "unix timestamp", "epoch", "open time", "open_time"),
    "datetime": ("gmt time", "date time", "date/time"),
    "date": ("dtyyyymmdd",),
    "open": ("o",),
    "high": ("h",),
    "low": ("l",),
    "close": ("c", "close/last"),
    "volume": ("v", "vol", "vol."),
}
_TERMS = {known: term for term, spellings in _KNOWN.items() for known in spellings}


def canonical_names(names: list[str]) -> list[str]:
    """Return `names` in lower case, each that is a known spelling of a term by that term unless it is there itself.

    `<OPEN>` and `1. open` are open.
    """
    bare = [_bare(name) for name in names]
    return [term if (term := _TERMS.get(name, name)) not in bare else name for name in bare]


def _bare(name: str) -> str:
    lowered = re.sub(r"^<(.*)>$", r"\1", name.strip().lower())
    return re.sub(r"^\d+[a-z]?\. *", "", lowered)
