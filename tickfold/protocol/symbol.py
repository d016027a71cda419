"""Symbols: the names of what is traded, in the notations that people use.

`BRK.B` and `BRK-B`, `^GSPC` and `.INX` (indices), `ES=F`, `ES1!` and `@ES` (futures), `EURUSD=X` and `EUR/USD`,
`BTC/USD`, `BINANCE:BTCUSDT`, `M&M`, `7203.T`, and letters of any script. What would end a word of SQL, of a URL or of a
path has no place in a symbol: it is part of object keys as it is.
"""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

MOST_CHARACTERS = 20
_MOST_SHOWN = 5

_LETTER = r"(?:[A-Z0-9]|[^\x00-\x7F])"
_MARK = r"[_^=&+:!@-]"
SYMBOL_PATTERN = rf"^[.^@]?{_LETTER}(?:[./]?(?:{_LETTER}|{_MARK}))*\.?$"
"""Of what is not ASCII, letters, digits and their accents are allowed, which regular expressions spell differently."""

SYMBOL_RULE = (
    f"1 to {MOST_CHARACTERS} letters and digits of any script and . _ - ^ = / & + : ! @; it begins with a letter or "
    "digit, perhaps after ^ . or @, has no . or / beside another, and no / at its end"
)


def canonical_symbol(text: str) -> str:
    """Return a symbol as it is stored: in capitals, with accents as one character with their letter (NFC)."""
    return unicodedata.normalize("NFC", text.strip().upper())


def parse_symbol(text: str) -> str:
    """Return the symbol that `text` is.

    Raises:
        ValueError: it is none; the message names what is allowed.
    """
    symbol = canonical_symbol(text)
    letters = all(c.isascii() or _belongs_to_letters(c) for c in symbol)
    accent_first = unicodedata.category(symbol.lstrip(".^@")[:1] or "A")[0] == "M"
    if letters and not accent_first and len(symbol) <= MOST_CHARACTERS and re.fullmatch(SYMBOL_PATTERN, symbol):
        return symbol
    raise ValueError(f"a symbol has {SYMBOL_RULE}")


def shown_symbols(joined: str) -> str:
    """Return symbols that are joined by commas for display: the first ones, and the number of the others."""
    symbols = joined.split(",")
    more = f" and {len(symbols) - _MOST_SHOWN} more" if len(symbols) > _MOST_SHOWN else ""
    return ", ".join(symbols[:_MOST_SHOWN]) + more


def _belongs_to_letters(character: str) -> bool:
    """Return whether it is a letter, a mark on one, or a decimal digit."""
    category = unicodedata.category(character)
    return category[0] in "LM" or category == "Nd"


def _parsed(value: Any) -> Any:
    return parse_symbol(value) if isinstance(value, str) else value


Symbol = Annotated[str, Field(pattern=SYMBOL_PATTERN, max_length=MOST_CHARACTERS), BeforeValidator(_parsed)]
