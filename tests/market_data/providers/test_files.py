"""Files as a provider: which file is a symbol's, files that change, and files that are wrong."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.market_data.providers.sessions import assert_same, daily, intraday, when
from tickfold.engine.bars import COLUMNS, Bars
from tickfold.market_data.providers.failures import NotSupportedError, UnknownSymbolError
from tickfold.market_data.providers.files import BadFileError, Files
from tickfold.market_data.providers.provider import Adjustment, BarRequest

LONG_AGO, LATER = datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)


def write(path: Path, bars: Bars) -> None:
    rows = zip(*(getattr(bars, name).tolist() for name in COLUMNS), strict=True)
    lines = [f"{when(time):%Y-%m-%d %H:%M:%S},{','.join(map(repr, values))}" for time, *values in rows]
    path.write_text("\n".join(["Datetime,Open,High,Low,Close,Volume", *lines, ""]))


def request(symbol: str, timeframe: str = "1d", adjustment: Adjustment = Adjustment.RAW) -> BarRequest:
    return BarRequest(symbol, timeframe, LONG_AGO, LATER, adjustment)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [("GOOG.csv", "GOOG"), ("goog.CSV", "GOOG"), ("EUR-USD.txt", "EUR/USD"), ("^GSPC_1d.csv", "^GSPC")],
)
def test_file_of_a_symbol_is_found_by_its_name(tmp_path: Path, name: str, symbol: str) -> None:
    write(tmp_path / name, daily()[:50])
    assert_same(list(Files(tmp_path).bars(request(symbol))), daily()[:50])
    assert_same(list(Files(tmp_path / name).bars(request(symbol))), daily()[:50])


def test_file_of_the_timeframe_comes_before_one_that_names_none(tmp_path: Path) -> None:
    write(tmp_path / "GOOG.csv", daily()[:50])
    write(tmp_path / "GOOG_1m.csv", intraday()[:50])
    assert_same(list(Files(tmp_path).bars(request("GOOG", "1m"))), intraday()[:50])
    assert_same(list(Files(tmp_path).bars(request("GOOG", "1d"))), daily()[:50])


def test_long_file_comes_in_pages(tmp_path: Path) -> None:
    once = intraday(1)
    shift = 365 * 86_400 * 1_000_000
    many = Bars.concatenate([replace(once, timestamp=once.timestamp - shift * each) for each in range(9, -1, -1)])
    write(tmp_path / "GOOG.csv", many)
    pages = list(Files(tmp_path).bars(request("GOOG", "1m")))
    assert [len(page) for page in pages] == [10_000, len(many) - 10_000]
    assert_same(pages, many)


def test_changed_file_is_read_again(tmp_path: Path) -> None:
    write(tmp_path / "GOOG.csv", daily()[:50])
    files = Files(tmp_path)
    assert_same(list(files.bars(request("GOOG"))), daily()[:50])
    write(tmp_path / "GOOG.csv", daily()[:60])
    assert_same(list(files.bars(request("GOOG"))), daily()[:60])


@pytest.mark.parametrize("symbol", ["../secret", "ZZZZ", "GOO"])
def test_symbol_without_a_file_is_unknown(tmp_path: Path, symbol: str) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    write(tmp_path / "secret.csv", daily()[:50])
    write(folder / "GOOG.csv", daily()[:50])
    with pytest.raises(UnknownSymbolError, match="no file of"):
        Files(folder).bars(request(symbol))


def test_folder_that_does_not_exist_has_no_symbol(tmp_path: Path) -> None:
    with pytest.raises(UnknownSymbolError, match="nowhere"):
        Files(tmp_path / "nowhere").bars(request("GOOG"))


def test_other_timeframes_are_named(tmp_path: Path) -> None:
    write(tmp_path / "GOOG_1m.csv", intraday()[:50])
    write(tmp_path / "IBM.csv", daily()[:50])
    with pytest.raises(NotSupportedError, match=r"it has GOOG_1m\.csv"):
        Files(tmp_path).bars(request("GOOG", "1d"))
    with pytest.raises(NotSupportedError, match="are of 1d"):
        Files(tmp_path).bars(request("IBM", "1m"))
    with pytest.raises(NotSupportedError, match="up to weeks"):
        Files(tmp_path).bars(request("IBM", "1mo"))


@pytest.mark.parametrize("text", ["", "Datetime,Open,High,Low,Close\n2024-01-01,1,1,1,\n", "<html></html>"])
def test_file_that_is_wrong_says_what_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "GOOG.csv").write_text(text)
    with pytest.raises(BadFileError, match=r"GOOG\.csv"):
        Files(tmp_path).bars(request("GOOG"))


def test_bars_twice_in_a_file_are_an_error(tmp_path: Path) -> None:
    write(tmp_path / "GOOG.csv", Bars.concatenate([daily()[:50], daily()[20:21]]))
    with pytest.raises(BadFileError):
        Files(tmp_path).bars(request("GOOG"))


def test_adjustment_is_what_is_said_of_the_files(tmp_path: Path) -> None:
    write(tmp_path / "GOOG.csv", daily()[:50])
    files = Files(tmp_path, Adjustment.ALL)
    assert_same(list(files.bars(request("GOOG", adjustment=Adjustment.ALL))), daily()[:50])
    with pytest.raises(NotSupportedError):
        files.bars(request("GOOG"))


def test_quote_is_the_last_close_with_its_day(tmp_path: Path) -> None:
    bars = intraday()[:785]
    write(tmp_path / "GOOG_1m.csv", bars)
    found = Files(tmp_path).quotes(["GOOG", "ZZZZ"])
    quote = found["GOOG"]
    assert list(found) == ["GOOG"]
    assert (quote.price, quote.previous_close) == (bars.close[-1], bars.close[779])
    assert quote.volume == bars.volume[780:].sum()
    assert quote.time == when(bars.timestamp[-1] + 60_000_000)
