"""The names of columns in common downloads: MetaTrader, Dukascopy, Binance, Nasdaq, Alpha Vantage and others."""

import re

PRICES = ("open", "high", "low", "close")
INDEX_NAMES = ("", "unnamed: 0", "index", "__index_level_0__")
"""Names under which pandas writes an index."""
TIME_NAMES = ("timestamp", "datetime", "date", "time", *INDEX_NAMES)
SYMBOL_NAMES = ("symbol", "ticker")

_KNOWN = {
    "timestamp": ("t", "unix", "unix timestamp", "epoch", "open time", "open_time", "opentime"),
    "datetime": ("gmt time", "local time", "date time", "date/time", "date_time"),
    "date": ("dtyyyymmdd", "datum", "trade date", "exchange date"),
    "open": ("o", "erster", "eröffnung", "eröffn."),
    "high": ("h", "hoch"),
    "low": ("l", "tief"),
    "close": ("c", "close/last", "schluss", "schlusskurs", "zuletzt"),
    "adj close": ("adjclose", "adj_close", "adj. close", "adjusted close", "adjusted_close", "adjusted"),
    "volume": ("v", "vol", "vol.", "stuecke", "stück"),
    "tick volume": ("tickvol", "tick_volume", "tickvolume"),
}
_TERMS = {known: term for term, spellings in _KNOWN.items() for known in spellings}

_FEWEST_PRICES = 3
"""Names of prices that make a line a header, so that one that lacks a column is still known as one."""


def canonical_names(names: list[str]) -> list[str]:
    """Return `names` in lower case, each that is a known spelling of a term by that term unless it is there itself.

    `<OPEN>` and `1. open` are open; `Time (UTC)` is time. `Price` beside open, high and low is the close. Without
    another volume, the first volume in a currency (`Volume BTC`) or else the tick volume is the volume.
    """
    bare = [_bare(name) for name in names]
    found = [term if (term := _TERMS.get(name, name)) not in bare else name for name in bare]
    if "close" not in found and "price" in found and set(found) >= {"open", "high", "low"}:
        found[found.index("price")] = "close"
    if "volume" not in found:
        of_currency = [name for name in found if re.match(r"volume[ _(]", name)]
        for name in [*of_currency, "tick volume"][:1]:
            found = ["volume" if other == name else other for other in found]
    return found


def _bare(name: str) -> str:
    lowered = re.sub(r"^<(.*)>$", r"\1", name.strip().strip("\ufeff\"'#").strip().lower())
    lowered = re.sub(r"^\d+[a-z]?\. *", "", lowered)
    return re.sub(r"^(.*(?:time|date|timestamp)) *\([^)]*\)$", r"\1", lowered)


def zone_of(name: str) -> str | None:
    """Return the time zone that the name of a time column states: UTC for `Gmt time`, X for `Date (X)`."""
    lowered = name.strip().strip("\"'").lower()
    if re.search(r"\b(gmt|utc)\b", lowered) and not re.search(r"(gmt|utc) *[+-]", lowered):
        return "UTC"
    found = re.search(r"\(([^)]*)\)", name)
    return found[1].strip() if found and re.search("time|date", lowered) else None


def is_header(cells: list[str]) -> bool:
    """Return whether `cells` name most of the prices."""
    return len({*PRICES} & {*canonical_names(cells)}) >= _FEWEST_PRICES


def headless_columns(width: int, has_clock: bool, has_epochs: bool) -> tuple[str, ...] | None:
    """Return the columns of a file without a header by their number; None if no common download is so.

    With a clock in the second column, date and time are apart, as MetaTrader 4 writes them. Of seven columns, those
    after an epoch are Kraken's. Twelve are Binance's.
    """
    bars = ("timestamp", *PRICES, "volume")
    if has_clock:
        return {6: ("date", "time", *PRICES), 7: ("date", "time", *PRICES, "volume")}.get(width)
    if has_epochs and width == len(bars) + 1:
        return (*bars, "trades")
    binance = ("close time", "quote volume", "trades", "taker base", "taker quote", "ignore")
    return {5: bars[:5], 6: bars, 12: (*bars, *binance)}.get(width)
