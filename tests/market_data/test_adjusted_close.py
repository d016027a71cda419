"""Close and Adj Close in one file: adjusted by default, raw by choice, never without a word."""

from pathlib import Path

import pytest

from tickfold.market_data.bar_file import BarFile, read_bar_file
from tickfold.market_data.bar_table import BarFileError
from tickfold.market_data.reading_options import Close, ReadingOptions

HEADER = "Date,Open,High,Low,Close,Adj Close,Volume"
SPLIT = ("2020-01-02,40,44,38,42,10.5,100", "2020-01-03,42,46,40,44,11,200", "2020-01-06,11,12,10,11.5,11.5,300")


def read(directory: Path, *rows: str, close: Close | None = None, header: str = HEADER) -> BarFile:
    path = directory / "bars.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return read_bar_file(path, "1d", ReadingOptions(close=close))


@pytest.mark.parametrize("close", [None, "adjusted"])
@pytest.mark.parametrize("name", ["Adj Close", "Adj. Close", "adjclose", "Adjusted Close"])
def test_prices_are_adjusted_over_a_split(tmp_path: Path, close: Close | None, name: str) -> None:
    file = read(tmp_path, *SPLIT, close=close, header=HEADER.replace("Adj Close", name))
    assert file.bars.close.tolist() == [10.5, 11, 11.5]
    assert file.bars.open.tolist() == [10, 10.5, 11]
    assert (file.bars.high.tolist(), file.bars.low.tolist()) == ([11, 11.5, 12], [9.5, 10, 10])
    assert file.bars.volume.tolist() == [100, 200, 300]
    assert "Adj Close differs from Close in 2 of 3 rows: prices are adjusted to it; --close raw leaves" in file.notes[1]


def test_raw_prices_are_kept_by_choice_and_told(tmp_path: Path) -> None:
    file = read(tmp_path, *SPLIT, close="raw")
    assert (file.bars.close.tolist(), file.bars.open.tolist()) == ([42, 44, 11.5], [40, 42, 11])
    assert any("prices are raw" in note for note in file.notes)


def test_equal_closes_are_not_mentioned(tmp_path: Path) -> None:
    file = read(tmp_path, "2020-01-02,40,44,38,42,42.00000381,100")
    assert file.bars.close.tolist() == [42]
    assert not any("Adj Close" in note for note in file.notes)


@pytest.mark.parametrize("cell", ["", "null", "-0.5"])
def test_adjusted_close_that_is_no_price_is_refused_unless_raw(tmp_path: Path, cell: str) -> None:
    row = f"2020-01-07,40,44,38,42,{cell},100"
    with pytest.raises(BarFileError, match="line 5: adj close"):
        read(tmp_path, *SPLIT, row)
    assert read(tmp_path, *SPLIT, row, close="raw").bars.close[-1] == 42


def test_adjusted_close_that_the_file_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BarFileError, match="--close adjusted needs a column Adj Close"):
        read(tmp_path, "2020-01-02,40,44,38,42,100", close="adjusted", header="Date,Open,High,Low,Close,Volume")
