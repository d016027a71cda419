"""Symbols: the notations that people use are symbols, and what would end a word of SQL or of a path is none."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tickfold.protocol.symbol import Symbol, canonical_symbol, parse_symbol
from tickfold.storage import layout

SYMBOL: TypeAdapter[str] = TypeAdapter(Symbol)


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        ("goog", "GOOG"),
        ("^GSPC", "^GSPC"),
        (".INX", ".INX"),
        ("ES=F", "ES=F"),
        ("ES1!", "ES1!"),
        ("@ES", "@ES"),
        ("eurusd=x", "EURUSD=X"),
        ("EUR/USD", "EUR/USD"),
        ("BTC/USD", "BTC/USD"),
        ("BTC-USD", "BTC-USD"),
        ("BTC/USDT:USDT", "BTC/USDT:USDT"),
        ("BINANCE:BTCUSDT", "BINANCE:BTCUSDT"),
        ("brk.b", "BRK.B"),
        ("BRK-B", "BRK-B"),
        ("BRK/B", "BRK/B"),
        ("M&M.NS", "M&M.NS"),
        ("ACHR+", "ACHR+"),
        ("7203.T", "7203.T"),
        ("BT.A.", "BT.A."),
        ("1", "1"),
        ("äö", "ÄÖ"),
        ("a\u0308", "Ä"),
        ("ß", "SS"),
        ("貴州茅台", "貴州茅台"),
        ("निफ्टी", "निफ्टी"),
        (" A ", "A"),
        ("a" * 20, "A" * 20),
    ],
)
def test_common_notations_are_symbols(written: str, symbol: str) -> None:
    assert parse_symbol(written) == SYMBOL.validate_python(written) == symbol
    assert canonical_symbol(symbol) == parse_symbol(symbol) == symbol


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "A" * 21,
            "^",
            "...",
            "&",
            "-A",
            "=A",
            "+A",
            "/A",
            "A/",
            "A//B",
            "A..B",
            "..",
            "../ETC",
            "A/.",
            "A/./B",
        ),
        *("a b", "A,B", "A;B", "A'B", 'A"B', "A`B", "A\\B", "A%", "A*", "A?", "A#B", "A$", "A|B", "A<B", "{A}", "A~"),
        *("A\nB", "A\x00", "A\u00a0B", "A\u200bB", "A\u202eB", "\u0301A", "^\u0301A", "A\U0001f600", "½"),
    ],
)
def test_other_text_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="a symbol has 1 to 20 letters and digits of any script and"):
        parse_symbol(text)
    with pytest.raises(ValidationError):
        SYMBOL.validate_python(text)


def accepted(text: str) -> bool:
    try:
        parse_symbol(text)
    except ValueError:
        return False
    return True


SYMBOLS = st.text(st.one_of(st.characters(), st.sampled_from("AB1._-^=/&+:!@")), min_size=1, max_size=20).filter(
    accepted
)


@given(SYMBOLS)
def test_symbol_is_stable_and_whole_in_keys_and_sql(text: str) -> None:
    symbol = parse_symbol(text)
    assert parse_symbol(symbol) == symbol
    assert unicodedata.is_normalized("NFC", symbol)
    assert not set(symbol) & set("'\"`\\%?#*,; \n")
    assert layout.series_of(layout.series_key(symbol, "1d")) == (symbol, "1d")
    assert not {"", ".", ".."} & set(layout.bars_key(symbol, "1d", 2024).split("/"))


@given(SYMBOLS, SYMBOLS)
def test_two_symbols_never_share_a_place(one: str, other: str) -> None:
    first, second = parse_symbol(one), parse_symbol(other)
    prefix = layout.bars_key(first, "1d", 2024).removesuffix("2024.parquet")
    assert layout.bars_key(second, "1d", 2024).startswith(prefix) == (first == second)


def test_schema_says_the_same_of_ascii() -> None:
    schema = SYMBOL.json_schema()
    assert schema["maxLength"] == 20
    assert json.dumps(schema["pattern"]).isascii()
