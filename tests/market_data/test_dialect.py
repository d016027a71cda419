"""Dialects of CSV files: what is detected, what is told, and what is refused because it stays ambiguous."""

import gzip
from pathlib import Path

import pytest

from tickfold.market_data.bar_file import BarFile, read_bar_file
from tickfold.market_data.bar_table import BarFileError
from tickfold.market_data.reading_options import DETECT, ReadingOptions

DAYS = ("2020-01-02", "2020-01-03", "2020-01-06", "2020-01-13")
CLOSES = [1211.5, 1212.25, 1209.125, 1210.75]


def write(directory: Path, text: str, encoding: str = "utf-8") -> Path:
    path = directory / "bars.csv"
    path.write_bytes(text.encode(encoding))
    return path


def read(directory: Path, text: str, options: ReadingOptions = DETECT, timeframe: str | None = "1d") -> BarFile:
    return read_bar_file(write(directory, text), timeframe, options)


def refusal(directory: Path, text: str, options: ReadingOptions = DETECT) -> str:
    with pytest.raises(BarFileError) as caught:
        read(directory, text, options)
    return str(caught.value)


def days(file: BarFile) -> list[str]:
    return [str(time) for time in file.bars.timestamp.astype("datetime64[us]").astype("datetime64[D]")]


def rows(separator: str = ",", spell: str = "{}", end: str = "") -> list[str]:
    """Return four bars that close at `CLOSES`, their numbers spelled by `spell`."""
    return [
        separator.join([day, *(spell.format(price) for price in (1210, 1213.5, 1208.5, close)), "1500"]) + end
        for day, close in zip(DAYS, CLOSES, strict=True)
    ]


def joined(*lines: str, newline: str = "\n") -> str:
    return newline.join(lines) + newline


@pytest.mark.parametrize(
    ("separator", "told"),
    [(",", None), (";", "semicolon"), ("\t", "tab"), ("|", "pipe"), ("   ", "spaces"), (" ; ", "semicolon")],
)
def test_separator_is_detected_and_told(tmp_path: Path, separator: str, told: str | None) -> None:
    header = separator.join(["Date", "Open", "High", "Low", "Close", "Volume"])
    file = read(tmp_path, joined(header, *rows(separator)))
    assert (days(file), file.bars.close.tolist()) == ([*DAYS], CLOSES)
    assert [note for note in file.notes if "read as" in note] == ([f"read as: {told}"] if told else [])


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_are_any(tmp_path: Path, newline: str) -> None:
    text = joined("Date;Open;High;Low;Close;Volume", *rows(";"), newline=newline)
    path = tmp_path / "bars.csv"
    path.write_bytes(text.encode())
    assert read_bar_file(path, "1d").bars.close.tolist() == CLOSES


@pytest.mark.parametrize(
    "before",
    [
        ["sep=;"],
        ['"sep=;"'],
        ["https://www.cryptodatadownload.com"],
        ["# written by hand", "", "# in euro"],
        ["My stock;AG", "daily bars;from 2020"],
        ["", ""],
    ],
)
def test_lines_before_the_header_are_skipped_and_counted(tmp_path: Path, before: list[str]) -> None:
    text = joined(*before, "Date;Open;High;Low;Close;Volume", *rows(";"))
    assert read(tmp_path, text).bars.close.tolist() == CLOSES
    bad = text + "2020-01-14;x;1;1;1;1\n"
    assert f"line {len(before) + 6}: open 'x' is not a finite number" in refusal(tmp_path, bad)


def test_skipped_titles_are_told(tmp_path: Path) -> None:
    file = read(tmp_path, joined("https://example.org", "Date,Open,High,Low,Close,Volume", *rows()))
    assert "read as: 1 line before the header" in file.notes


def test_a_commented_header_is_a_header(tmp_path: Path) -> None:
    assert days(read(tmp_path, joined("# Date,Open,High,Low,Close,Volume", *rows()))) == [*DAYS]


@pytest.mark.parametrize("header", ["Date,Open,High,Low,Close,Volume", "Date,Open,High,Low,Close,Volume,"])
def test_separators_at_the_end_of_lines_are_dropped(tmp_path: Path, header: str) -> None:
    file = read(tmp_path, joined(header, *rows(end=",")))
    assert (days(file), file.bars.volume.tolist()) == ([*DAYS], [1500] * 4)


def test_quotes_and_spaces_around_cells_are_dropped(tmp_path: Path) -> None:
    quoted = ['"Date" , "Open" , "High" , "Low" , "Close" , "Volume"', *rows(" , ", spell='"{}"')]
    file = read(tmp_path, joined(*(f" {line} " for line in quoted)))
    assert (days(file), file.bars.close.tolist()) == ([*DAYS], CLOSES)


def test_text_of_windows_is_read_and_told(tmp_path: Path) -> None:
    path = write(tmp_path, joined("Datum;Eröffnung;Hoch;Tief;Schluss", *(row[:-5] for row in rows(";"))), "cp1252")
    file = read_bar_file(path)
    assert file.bars.close.tolist() == CLOSES
    assert "read as: cp1252, semicolon" in file.notes


def test_text_of_windows_far_down_is_read(tmp_path: Path) -> None:
    lines = [f"2020-01-{1 + row // 1440:02} {row // 60 % 24:02}:{row % 60:02};1;2;1;2;note" for row in range(5000)]
    path = write(tmp_path, joined("Date;Open;High;Low;Close;Remark", *lines).replace("note\n", "é\n"), "cp1252")
    assert len(read_bar_file(path).bars) == 5000


@pytest.mark.parametrize("encoding", ["utf-16-le", "latin-1"])
def test_encoding_can_be_forced(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, joined("Date;Open;High;Low;Close;Größe", *rows(";")), encoding)
    assert read_bar_file(path, "1d", ReadingOptions(encoding=encoding)).bars.close.tolist() == CLOSES


def test_unknown_encoding_is_refused(tmp_path: Path) -> None:
    text = joined("Date,Open,High,Low,Close", *rows())
    assert "unknown encoding 'klingon'" in refusal(tmp_path, text, ReadingOptions(encoding="klingon"))


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(gzip.compress(joined("Date;Open;High;Low;Close;Volume", *rows(";")).encode()))
    assert read_bar_file(path, "1d").bars.close.tolist() == CLOSES


def test_separator_can_be_forced(tmp_path: Path) -> None:
    text = joined("Date:Open:High:Low:Close:Volume", *rows(":"))
    assert "lacks a column" in refusal(tmp_path, text)
    assert read(tmp_path, text, ReadingOptions(separator=":")).bars.close.tolist() == CLOSES


# --- numbers ---------------------------------------------------------------------------------------------------------

HEADER = "Date;Open;High;Low;Close;Volume"


@pytest.mark.parametrize(
    ("cells", "close"),
    [
        ("1210,0;1213,5;1208,5;1211,5;1500", 1211.5),
        ("1.210,00;1.213,50;1.208,50;1.211,50;1.500", 1211.5),
        ("1,210.00;1,213.50;1,208.50;1,211.50;1,500", 1211.5),
        ("1 210,00;1 213,50;1 208,50;1 211,50;1 500", 1211.5),
        ("1\u202f210,00;1\u00a0213,50;1 208,50;1 211,50;1 500", 1211.5),
        ("1'210.00;1'213.50;1'208.50;1'211.50;1'500", 1211.5),
        ("1\u2019210.00;1\u2019213.50;1\u2019208.50;1\u2019211.50;1500", 1211.5),
        ("$1,210.00;$1,213.50;$1,208.50;$1,211.50;1500", 1211.5),
        ("1210,00 €;1213,50 €;1208,50 €;1211,50 €;1500", 1211.5),
        ("1,21210.5;1,21213.5;1,21208.5;1,21211.5;1500", None),
        ("12,10,000.5;12,13,000.5;12,08,000.5;12,11,500.5;1,500", 1211500.5),
        ("0,121;0,122;0,120;0,1215;1500", 0.1215),
        ("0,121;0,122;0,120;0,121;1500", 0.121),
        ("1.210.000;1.213.000;1.208.000;1.211.500;1500", 1211500.0),
        ("1.21e3;1.22e3;1.20e3;1.2115e3;1500", 1211.5),
    ],
)
def test_decimal_mark_and_thousands_are_detected(tmp_path: Path, cells: str, close: float | None) -> None:
    text = joined(HEADER, f"2020-01-02;{cells}")
    if close is None:
        assert "is not a finite number" in refusal(tmp_path, text)
    else:
        file = read(tmp_path, text)
        assert (file.bars.close.tolist(), file.bars.volume.tolist()) == ([close], [1500])


@pytest.mark.parametrize(
    ("cells", "by_dot", "by_comma"),
    [("1.210;1.213;1.208;1.211;1.5", None, None), ("1.210;1.213;1.208;1.211;150", 1.211, 1211.0)],
)
def test_three_digits_after_the_only_mark_are_refused_by_option(
    tmp_path: Path, cells: str, by_dot: float | None, by_comma: float | None
) -> None:
    text = joined(HEADER, f"2020-01-02;{cells}")
    if by_dot is None:
        assert read(tmp_path, text).bars.close.tolist() == [1.211]
        return
    message = refusal(tmp_path, text)
    assert "1.210 may have a decimal mark or part its thousands: say --decimal . or --decimal ," in message
    assert read(tmp_path, text, ReadingOptions(decimal=".")).bars.close.tolist() == [by_dot]
    assert read(tmp_path, text, ReadingOptions(decimal=",")).bars.close.tolist() == [by_comma]


@pytest.mark.parametrize(
    "lines",
    [
        ["20200102 000000;109.234;109.236;109.231;109.235;0"],
        ["<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>", "20200102;100000;109.234;109.236;109.231;109.235"],
        ["Date\tOpen\tHigh\tLow\tClose", "2020-01-02\t109.234\t109.236\t109.231\t109.235"],
        ["Date,Open,High,Low,Close", "2020-01-02,109.234,109.236,109.231,109.235"],
    ],
)
def test_dots_are_decimal_in_formats_that_know_no_others(tmp_path: Path, lines: list[str]) -> None:
    assert read(tmp_path, joined(*lines)).bars.close.tolist() == [109.235]


def test_three_digits_without_a_header_are_refused_by_option(tmp_path: Path) -> None:
    assert "--decimal" in refusal(tmp_path, joined("2020-01-02;13.234;13.236;13.231;13.235;0"))


def test_one_cell_far_down_decides_for_all(tmp_path: Path) -> None:
    lines = [f"2020-01-{day:02};1.210;1.213;1.208;1.211;150" for day in range(1, 29)]
    text = joined(HEADER, *lines, "2020-01-29;1.210;1.213;1.208;1.211,5;150")
    assert read(tmp_path, text).bars.close.tolist() == [1211.0] * 28 + [1211.5]


@pytest.mark.parametrize("quoted", ['"1,210","1,213","1,208","1,211","150"', '"1,210","1,213","1,208","1,211","1,500"'])
def test_quoted_commas_with_three_digits_are_refused(tmp_path: Path, quoted: str) -> None:
    assert "--decimal" in refusal(tmp_path, joined("Date,Open,High,Low,Close,Volume", f"2020-01-02,{quoted}"))


def test_a_number_in_the_other_notation_is_refused_by_line(tmp_path: Path) -> None:
    text = joined(HEADER, "2020-01-02;10,5;11,5;9,5;10,5;1", "2020-01-03;10,5;11,5;9,5;10.5;1")
    assert "line 3: close '10.5' is not a finite number" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("volume", "expected"),
    [("1.2M", 1.2e6), ("3.4K", 3400), ("2B", 2e9), ("-", 0), ("1.234M", 1234000), ("0.001k", 1)],
)
def test_abbreviated_volume_is_read(tmp_path: Path, volume: str, expected: float) -> None:
    text = joined("Date,Price,Open,High,Low,Vol.,Change %", f'"01/13/2020","10.5","10","11","9","{volume}","0.5%"')
    file = read(tmp_path, text)
    assert (days(file), file.bars.close.tolist(), file.bars.volume.tolist()) == (["2020-01-13"], [10.5], [expected])


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "closes", "volume"),
    [
        (["20200102 000000;10;11;9;10.5;7"], [10.5], 7),
        (["2020.01.02,00:00,10,11,9,10.5,7"], [10.5], 7),
        (["2020.01.02\t10\t11\t9\t10.5\t7"], [10.5], 7),
        (["1577923200000,10,11,9,10.5,7,1578009599999,70,3,1,10,0"], [10.5], 7),
        (["1577923200,10,11,9,10.5,7,3"], [10.5], 7),
        (["2020-01-02,10,11,9,10.5"], [10.5], 0),
        (["https://example.org", "2020-01-02T00:00:00Z;10;11;9;10.5;7"], [10.5], 7),
        (["2020-01-02 10 11 9 10.5 7"], [10.5], 7),
        (
            [
                "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
                "2020.01.02\t00:00:00\t10\t11\t9\t10.5\t7\t3\t1",
            ],
            [10.5],
            3,
        ),
        (
            [
                "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
                "2020.01.02\t00:00:00\t10\t11\t9\t10.5\t7\t0\t1",
            ],
            [10.5],
            7,
        ),
        (
            [
                "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
                "A.US,D,20200102,000000,10,11,9,10.5,7,0",
            ],
            [10.5],
            7,
        ),
        (["timestamp,1. open,2. high,3. low,4. close,5. volume", "2020-01-02,10,11,9,10.5,7"], [10.5], 7),
        (["t,o,h,l,c,v,n,vw", "1577923200000,10,11,9,10.5,7,1,10"], [10.5], 7),
        (["Date,Close/Last,Volume,Open,High,Low", "01/02/2020,$10.5,7,$10,$11,$9"], None, 7),
        (
            ["Date,Close/Last,Volume,Open,High,Low", "01/02/2020,$10.5,7,$10,$11,$9", "01/13/2020,$10.5,7,$10,$11,$9"],
            [10.5, 10.5],
            7,
        ),
        (["Gmt time,Open,High,Low,Close,Volume", "02.01.2020 00:00:00.000,10,11,9,10.5,7"], [10.5], 7),
        (["time,open,high,low,close,Volume", "1577923200,10,11,9,10.5,7"], [10.5], 7),
        (["time,open,high,low,close,vwap,volume,count", "1577923200,10,11,9,10.5,10,7,1"], [10.5], 7),
        (
            [
                "https://www.CryptoDataDownload.com",
                "unix,date,symbol,open,high,low,close,Volume BTC,Volume USD",
                "1577923200000,2020-01-02 00:00:00,BTC/USD,10,11,9,10.5,7,70",
            ],
            [10.5],
            7,
        ),
        (
            ["Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USD", "2020-01-02 12-AM,BTCUSD,10,11,9,10.5,7,70"],
            [10.5],
            7,
        ),
        (["Price,Close,High,Low,Open,Volume", "Ticker,A,A,A,A,A", "Date,,,,,", "2020-01-02,10.5,11,9,10,7"], [10.5], 7),
        (["Ticker,A,A,A,A,A", "Price,Open,High,Low,Close,Volume", "Date,,,,,", "2020-01-02,10,11,9,10.5,7"], [10.5], 7),
        (["Datum;Erster;Hoch;Tief;Schlusskurs;Stuecke;Volumen", "2020-01-02;10;11;9;10,5;7;70"], [10.5], 7),
    ],
)
def test_common_downloads_are_read(tmp_path: Path, lines: list[str], closes: list[float] | None, volume: float) -> None:
    if closes is None:
        assert "--date-order" in refusal(tmp_path, joined(*lines))
        return
    file = read(tmp_path, joined(*lines))
    assert days(file)[0] == "2020-01-02"
    assert (file.bars.close.tolist(), file.bars.volume[0]) == (closes, volume)
    assert (file.bars.open[0], file.bars.high[0], file.bars.low[0]) == (10, 11, 9)


def test_missing_header_is_told_with_the_columns(tmp_path: Path) -> None:
    file = read(tmp_path, joined(*rows(";")))
    assert "read as: semicolon, no header, columns timestamp open high low close volume" in file.notes


@pytest.mark.parametrize(
    "line",
    [
        "2020-01-02,10,11,9,10.5,10.4,7",
        "2020-01-02,10,10.5,11,9,7",
        "0,2020-01-02,10,11,9,10.5,7",
        "10,11,9,10.5,7,2020-01-02",
    ],
)
def test_columns_without_names_that_cannot_be_known_are_refused(tmp_path: Path, line: str) -> None:
    assert "name them, such as --columns date,open" in refusal(tmp_path, joined(line))


def test_columns_can_be_named(tmp_path: Path) -> None:
    options = ReadingOptions(columns=("date", "open", "close", "high", "low", "volume"))
    file = read(tmp_path, joined("2020-01-02,10,10.5,11,9,7"), options)
    assert (file.bars.close.tolist(), file.bars.high.tolist(), file.bars.volume.tolist()) == ([10.5], [11], [7])
    assert "6 columns, but --columns names 6" not in refusal(tmp_path, joined("2020-01-02,10,10.5,11,9"), options)


def test_named_columns_replace_a_header_in_unknown_words(tmp_path: Path) -> None:
    text = joined("päivä,avaus,ylin,alin,päätös", "2020-01-02,10,11,9,10.5")
    assert "its columns are: päivä, avaus, ylin, alin, päätös; --columns gives" in refusal(tmp_path, text)
    names = ("date", "open", "high", "low", "close")
    assert read(tmp_path, text, ReadingOptions(columns=names)).bars.close.tolist() == [10.5]


WIDE = ["Price,Close,Close,High,High,Low,Low,Open,Open", "Ticker,A,B,A,B,A,B,A,B", "Date,,,,,,,,"]
LONG = ["Date,Symbol,Open,High,Low,Close", "2020-01-02,A,10,11,9,10.5", "2020-01-02,B,20,22,18,21"]


@pytest.mark.parametrize("lines", [[*WIDE, "2020-01-02,10.5,21,11,22,9,18,10,20"], LONG])
def test_one_of_several_symbols_is_chosen_by_its_name(tmp_path: Path, lines: list[str]) -> None:
    assert "has bars of A, B: load each with its own --symbol, such as --symbol A" in refusal(tmp_path, joined(*lines))
    for symbol, close in (("A", 10.5), ("B", 21)):
        assert read(tmp_path, joined(*lines), ReadingOptions(symbol=symbol)).bars.close.tolist() == [close]
