"""Bar files: accepted formats, rejected rows, and the errors that name them."""

import gzip
from pathlib import Path

import backtesting
import bokeh_sampledata
import numpy as np
import pandas as pd
import pytest

from tickfold.market_data.bar_file import BarFile, read_bar_file
from tickfold.market_data.bar_table import BarFileError
from tickfold.market_data.reading_options import ReadingOptions

HEADER = "date,open,high,low,close,volume"
SOUND = "2020-01-02,10,12,9,11,100"
BACKTESTING = Path(backtesting.__file__).parent / "test"
STOCKS = Path(bokeh_sampledata.__file__).parent / "_data" / "stocks.csv.gz"


def write(directory: Path, *lines: str, name: str = "bars.csv") -> Path:
    path = directory / name
    path.write_text("\n".join(lines) + "\n")
    return path


def read(directory: Path, *lines: str, timeframe: str | None = "1d") -> BarFile:
    return read_bar_file(write(directory, *lines), timeframe)


def refusal(directory: Path, *lines: str, timeframe: str | None = "1d") -> str:
    with pytest.raises(BarFileError) as caught:
        read(directory, *lines, timeframe=timeframe)
    return str(caught.value)


def times(file: BarFile) -> list[str]:
    return [str(time) for time in file.bars.timestamp.astype("datetime64[us]").astype("datetime64[s]")]


@pytest.mark.parametrize(
    ("name", "bars", "timeframe"), [("GOOG", 2148, "1d"), ("EURUSD", 5000, "1h"), ("BTCUSD", 156, "1mo")]
)
def test_real_files_load_exactly(name: str, bars: int, timeframe: str) -> None:
    path = BACKTESTING / f"{name}.csv"
    file = read_bar_file(path)
    expected = np.array([float(line.split(",")[4]) for line in path.read_text().splitlines()[1:]])
    assert (len(file.bars), file.timeframe) == (bars, timeframe)
    assert np.array_equal(file.bars.close, expected)


@pytest.mark.parametrize("symbol", ["AAPL", "FB", "GOOG", "IBM", "MSFT"])
def test_csv_and_parquet_of_real_stocks_load_equally(tmp_path: Path, symbol: str) -> None:
    stocks = pd.read_csv(STOCKS)
    stock = stocks[stocks["Ticker"] == symbol]
    stock.to_csv(tmp_path / "bars.csv", index=False)
    dated = stock.assign(Date=pd.to_datetime(stock["Date"])).set_index("Date")
    dated.to_parquet(tmp_path / "bars.parquet")
    raw = ReadingOptions(close="raw")
    from_csv, from_parquet = (read_bar_file(tmp_path / f"bars.{kind}", None, raw) for kind in ("csv", "parquet"))
    assert len(from_csv.bars) == len(stock)
    assert from_csv.timeframe == from_parquet.timeframe == "1d"
    assert np.array_equal(from_csv.bars.timestamp, from_parquet.bars.timestamp)
    assert np.array_equal(from_csv.bars.close, stock["Close"])
    assert np.array_equal(from_parquet.bars.volume, stock["Volume"])
    for kind in ("csv", "parquet"):
        assert np.allclose(read_bar_file(tmp_path / f"bars.{kind}").bars.close, stock["Adj Close"], rtol=1e-6, atol=0)


def test_columns_are_found_in_any_case_and_order(tmp_path: Path) -> None:
    file = read(tmp_path, "VOLUME,Adj Close, Low ,CLOSE,Timestamp,High,open", "100,11,9,11,2020-01-02,12,10")
    bars = file.bars
    assert (bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.volume[0]) == (10, 12, 9, 11, 100)
    assert times(file) == ["2020-01-02T00:00:00"]


@pytest.mark.parametrize(
    "written",
    [
        "2020-01-02T05:30:00Z",
        "2020-01-02 05:30",
        "2020/01/02 05:30:00",
        "2020-01-02 00:30:00-05:00",
        "2020-01-02T06:30:00.000+0100",
        "1577943000",
        "1577943000.0",
        "1577943000000",
        "1577943000000000",
        "1577943000000000000",
    ],
)
def test_time_is_read_as_utc_in_any_spelling(tmp_path: Path, written: str) -> None:
    assert times(read(tmp_path, HEADER, f"{written},10,12,9,11,100", timeframe="1h")) == ["2020-01-02T05:30:00"]


@pytest.mark.parametrize("written", ["2020-01-02", "20200102", "2020/01/02", "2020.01.02"])
def test_day_starts_at_midnight_utc(tmp_path: Path, written: str) -> None:
    assert times(read(tmp_path, HEADER, f"{written},10,12,9,11,100")) == ["2020-01-02T00:00:00"]


def test_date_and_time_columns_are_joined(tmp_path: Path) -> None:
    file = read(tmp_path, "Date,Time,Open,High,Low,Close", "2020-01-02,09:30,10,12,9,11", timeframe="1m")
    assert times(file) == ["2020-01-02T09:30:00"]


def test_offsets_are_converted_across_a_clock_change(tmp_path: Path) -> None:
    written = ("2020-03-06 00:00:00-05:00", "2020-03-06 01:00:00-05:00", "2020-03-09 00:00:00-04:00")
    file = read(tmp_path, HEADER, *(f"{time},10,12,9,11,1" for time in written), timeframe="1h")
    assert times(file) == ["2020-03-06T05:00:00", "2020-03-06T06:00:00", "2020-03-09T04:00:00"]
    assert "times converted from their offsets to UTC" in file.notes


def test_daily_bars_of_tokyo_hand_on_the_date_that_they_write(tmp_path: Path) -> None:
    rows = [f"2020-01-{day:02} 00:00:00+09:00,10,12,9,11,1" for day in (7, 6, 8)]
    file = read(tmp_path, HEADER, *rows, timeframe=None)
    assert times(file) == [f"2020-01-{day:02}T00:00:00" for day in (6, 7, 8)]
    assert file.notes[-1].startswith("1d bars belong to dates: times of day and offsets were dropped")
    assert "times converted from their offsets to UTC" not in file.notes
    assert file.wall is not None
    assert file.wall.astype("datetime64[us]").astype("datetime64[D]").astype(str).tolist() == [
        f"2020-01-{day:02}" for day in (6, 7, 8)
    ]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Pacific/Auckland"])
def test_months_of_any_zone_are_at_the_dates_that_they_write(tmp_path: Path, zone: str) -> None:
    index = pd.date_range("2020-01-01", periods=12, freq="MS", tz=zone)
    file = read(tmp_path, HEADER, *(f"{time},10,12,9,11,1" for time in index), timeframe=None)
    assert file.timeframe == "1mo"
    assert times(file) == [f"2020-{month:02}-01T00:00:00" for month in range(1, 13)]


def test_two_daily_bars_on_one_date_are_refused(tmp_path: Path) -> None:
    rows = [f"2020-01-{day:02} 16:00,10,12,9,11,1" for day in range(1, 11)]
    said = refusal(tmp_path, HEADER, *rows, "2020-01-05 09:00,10,12,9,11,1", timeframe=None)
    assert "has more than one 1d bar on a date, first at 2020-01-05T09:00:00 and 2020-01-05T16:00:00" in said


def test_parquet_time_zone_is_converted(tmp_path: Path) -> None:
    index = pd.date_range("2020-01-02 09:30", periods=6, freq="min", tz="America/New_York")
    frame = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close", "volume"), 10.0), index=index)
    frame.to_parquet(tmp_path / "bars.parquet")
    file = read_bar_file(tmp_path / "bars.parquet")
    assert times(file)[0] == "2020-01-02T14:30:00"
    assert file.timeframe == "1m"


def test_rows_out_of_order_are_sorted_with_all_columns(tmp_path: Path) -> None:
    file = read(tmp_path, HEADER, "2020-01-03,20,22,19,21,200", SOUND)
    assert times(file) == ["2020-01-02T00:00:00", "2020-01-03T00:00:00"]
    assert file.bars.open.tolist() == [10, 20]
    assert file.bars.volume.tolist() == [100, 200]
    assert "rows were out of order: sorted by time" in file.notes


def test_missing_volume_column_gives_zero_volumes(tmp_path: Path) -> None:
    file = read(tmp_path, "date,open,high,low,close", "2020-01-02,10,12,9,11")
    assert file.bars.volume.tolist() == [0]
    assert "no volume column: volumes are 0" in file.notes


def test_blank_lines_are_skipped_but_counted(tmp_path: Path) -> None:
    assert len(read(tmp_path, HEADER, "", SOUND, "", "").bars) == 1
    assert "line 4: open 'x'" in refusal(tmp_path, HEADER, "", SOUND, "2020-01-03,x,12,9,11,100")


def test_byte_order_mark_crlf_and_gzip_are_read(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(gzip.compress(f"\ufeff{HEADER}\r\n{SOUND}\r\n".encode()))
    assert read_bar_file(path, "1d").bars.close.tolist() == [11]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2020-01-03,abc,12,9,11,100", "open 'abc' is not a finite number"),
        ("2020-01-03,10,12,9,,100", "close (empty) is not a finite number"),
        ("2020-01-03,10,inf,9,11,100", "high 'inf' is not a finite number"),
        ("2020-01-03,10,12,9,nan,100", "close 'nan' is not a finite number"),
        ("2020-01-03,1_0,12,9,11,100", "open '1_0' is not a finite number"),
        ("2020-01-03,10,12,9,11,", "volume (empty) is not a finite number"),
        ("2020-01-03,10,12,0,11,100", "low '0' is not above 0"),
        ("2020-01-03,-10,12,9,11,100", "open '-10' is not above 0"),
        ("2020-01-03,10,12,9,11,-1", "volume '-1' is not 0 or more"),
        ("2020-01-03,10,8,9,9,100", "high 8.0 is below low 9.0"),
        ("2020-01-03,13,12,9,11,100", "open 13.0 is outside of low 9.0 … high 12.0"),
        ("2020-01-03,10,12,9,8.9,100", "close 8.9 is outside of low 9.0 … high 12.0"),
        ("2020-13-03,10,12,9,11,100", "time '2020-13-03' is neither ISO 8601"),
        ("01/03/2020,10,12,9,11,100", "time '01/03/2020' is neither ISO 8601"),
        (",10,12,9,11,100", "time (empty) is neither ISO 8601"),
        ("1855-01-03,10,12,9,11,100", "time '1855-01-03' is not within 1900…2200"),
        ("2020-01-02,10,12,9,11,100", "time 2020-01-02T00:00:00Z is already on line 2"),
        ("2020-01-03,10,12,9,11", "5 fields where the header has 6"),
        ("2020-01-03,10,12,9,11,100,7", "7 fields where the header has 6"),
    ],
)
def test_bad_row_is_reported_with_line_and_reason(tmp_path: Path, row: str, reason: str) -> None:
    assert f"has 1 bad row, nothing was loaded:\n  line 3: {reason}" in refusal(tmp_path, HEADER, SOUND, row)


def test_prices_below_one_dollar_are_sound(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER, "2020-01-02,0.10,0.12,0.09,0.11,0.5").bars.low.tolist() == [0.09]


def test_bad_row_is_reported_with_every_reason(tmp_path: Path) -> None:
    reasons = refusal(tmp_path, HEADER, "x,-1,12,9,11,100")
    assert "line 2: time 'x' is neither" in reasons
    assert "; open '-1' is not above 0" in reasons


def test_misshapen_row_does_not_shift_line_numbers(tmp_path: Path) -> None:
    reasons = refusal(tmp_path, HEADER, "2020-01-01,1", SOUND, "2020-01-03,10,12,9,99,100")
    assert "has 2 bad rows" in reasons
    assert "line 2: 2 fields" in reasons
    assert "line 4: close 99.0" in reasons


def test_twenty_bad_rows_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    reasons = refusal(tmp_path, HEADER, *(f"x{row},10,12,9,11,100" for row in range(1_234)))
    assert "has 1,234 bad rows" in reasons
    assert "\n  line 21: time 'x19'" in reasons
    assert "line 22" not in reasons
    assert reasons.endswith("… and 1,214 more")


def test_bad_parquet_row_is_reported_by_row_number(tmp_path: Path) -> None:
    frame = pd.DataFrame({"date": pd.to_datetime(["2020-01-02", "2020-01-03"]), "open": [10, None]})
    frame.assign(high=12.0, low=9.0, close=11.0).to_parquet(tmp_path / "bars.parquet")
    with pytest.raises(BarFileError, match=r"row 2: open \(empty\) is not a finite number"):
        read_bar_file(tmp_path / "bars.parquet", "1d")


def test_single_precision_rounding_is_tolerated_but_not_a_tick(tmp_path: Path) -> None:
    high = 33.36333
    close = float(np.nextafter(np.float32(high), np.float32(np.inf)))
    assert close > high
    assert len(read(tmp_path, HEADER, f"2020-01-02,33,{high!r},33,{close!r},1").bars) == 1
    assert "outside" in refusal(tmp_path, HEADER, "2020-01-02,10,12,9,12.0001,1")


def test_missing_columns_are_reported_with_those_found(tmp_path: Path) -> None:
    message = refusal(tmp_path, "day,open,high,close", "2020-01-02,1,1,1")
    assert "lacks a column timestamp or date, low; its columns are: day, open, high, close" in message


@pytest.mark.parametrize("name", ["Close", "Volume", "Date"])
def test_duplicate_column_is_refused(tmp_path: Path, name: str) -> None:
    assert f"more than one column {name.lower()}: keep one" in refusal(tmp_path, f"{HEADER},{name}", SOUND + ",3")


def test_two_columns_without_a_name_are_refused(tmp_path: Path) -> None:
    assert "more than one column without a name" in refusal(tmp_path, f",,{HEADER}", f"1,1,{SOUND}")


def test_duplicate_column_that_is_not_used_is_ignored(tmp_path: Path) -> None:
    assert len(read(tmp_path, f"{HEADER},note,note", SOUND + ",a,b").bars) == 1


def test_row_numbers_are_not_times(tmp_path: Path) -> None:
    assert "too small to be a count since 1970" in refusal(
        tmp_path, ",open,high,low,close", "0,10,12,9,11", "1,10,12,9,11"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "has no bars"),
        (HEADER.encode(), "has no bars"),
        (f"{HEADER}\n\n".encode(), "has no bars"),
        (b"PAR1 and no more", "cannot be read"),
        (b"date,open,high,low,close\n\x81\x8d,1,2,1,2\n", "cannot be read"),
    ],
)
def test_file_without_a_table_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "bars.csv").write_bytes(content)
    with pytest.raises(BarFileError, match=reason):
        read_bar_file(tmp_path / "bars.csv")


def test_path_that_is_not_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BarFileError, match="does not exist"):
        read_bar_file(tmp_path / "absent.csv")
    with pytest.raises(BarFileError, match="is not a file"):
        read_bar_file(tmp_path)


@pytest.mark.parametrize(
    ("step", "timeframe"),
    [("1s", "1s"), ("1min", "1m"), ("15min", "15m"), ("60min", "1h"), ("4h", "4h"), ("1D", "1d"), ("7D", "1w")],
)
def test_timeframe_is_the_most_frequent_step(tmp_path: Path, step: str, timeframe: str) -> None:
    index = pd.date_range("2020-01-01", periods=10, freq=step).delete([4, 7])
    rows = [f"{time},10,12,9,11,100" for time in index]
    assert read(tmp_path, HEADER, *rows, timeframe=None).timeframe == timeframe


def test_timeframe_that_contradicts_the_file_is_refused(tmp_path: Path) -> None:
    rows = [f"2020-01-{day:02},10,12,9,11,100" for day in range(1, 9)]
    assert "1h was given, but its bars look like 1d" in refusal(tmp_path, HEADER, *rows, timeframe="1h")


def test_timeframe_is_normalised_to_the_largest_unit(tmp_path: Path) -> None:
    rows = [f"2020-01-{day:02},10,12,9,11,100" for day in range(1, 9)]
    file = read(tmp_path, HEADER, *rows, timeframe="24h")
    assert file.timeframe == "1d"
    assert "timeframe 24h is written 1d" in file.notes


def test_irregular_steps_require_a_timeframe(tmp_path: Path) -> None:
    rows = [f"2020-01-01 00:{minute:02}:00,10,12,9,11,100" for minute in (0, 2, 5, 9, 16, 27)]
    assert "no step between bars stands out" in refusal(tmp_path, HEADER, *rows, timeframe=None)
    assert read(tmp_path, HEADER, *rows, timeframe="1m").timeframe == "1m"


def test_friday_to_monday_does_not_contradict_daily_bars(tmp_path: Path) -> None:
    assert read(tmp_path, HEADER, "2020-01-03,10,12,9,11,1", "2020-01-06,10,12,9,11,1").timeframe == "1d"


@pytest.mark.parametrize(
    ("times", "timeframe"),
    [
        (["2020-01-03", "2020-01-06"], "1d"),
        (["2020-01-03"], "1d"),
        (["2020-01-03 14:30", "2020-01-03 14:31", "2020-01-03 14:35"], "1m"),
    ],
)
def test_timeframe_of_few_bars_is_assumed(tmp_path: Path, times: list[str], timeframe: str) -> None:
    file = read(tmp_path, HEADER, *(f"{time},10,12,9,11,1" for time in times), timeframe=None)
    assert file.timeframe == timeframe
    assert f"too few bars to be sure of their timeframe: taken as {timeframe}" in file.notes


def test_malformed_timeframe_is_refused(tmp_path: Path) -> None:
    assert "'often' is not a number and a unit" in refusal(tmp_path, HEADER, SOUND, timeframe="often")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04\x14\x00bars.csv", "a ZIP archive"),
        (b"PK\x03\x04\x14\x00[Content_Types].xml", "an Excel workbook"),
        (b"\x80\x04\x95", "a pickle"),
        (b"<!DOCTYPE html><html>", "a page of HTML"),
        (b'\xef\xbb\xbf {"bars": []}', "JSON"),
        (b'[{"open": 1}]', "JSON"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x89HDF\r\n", "an HDF5 file"),
    ],
)
def test_a_file_that_is_no_table_is_named_as_what_it_is(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(content)
    with pytest.raises(BarFileError, match=f"it is {kind}"):
        read_bar_file(path)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8"])
def test_a_byte_order_mark_states_the_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(f"\ufeff{HEADER}\r\n{SOUND}\r\n".encode(encoding))
    file = read_bar_file(path, "1d")
    assert (times(file), file.bars.close.tolist()) == (["2020-01-02T00:00:00"], [11.0])


@pytest.mark.parametrize(
    "header",
    [
        "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
        "timestamp,1. open,2. high,3. low,4. close,5. volume",
        "Gmt time,Open,High,Low,Close,Volume",
        "Open time,o,h,l,c,v",
        "Date,Open,High,Low,Close/Last,Volume",
    ],
)
def test_the_names_of_common_downloads_are_known(tmp_path: Path, header: str) -> None:
    file = read(tmp_path, header, SOUND)
    assert (file.bars.close.tolist(), file.bars.volume.tolist()) == ([11.0], [100.0])


def test_a_term_itself_goes_before_another_spelling_of_it(tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEADER},vol", f"{SOUND},7").bars.volume.tolist() == [100.0]
