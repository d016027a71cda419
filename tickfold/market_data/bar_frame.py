"""Reading the bars of a data frame of pandas, polars or pyarrow, by the rules of bar files.

Frames come by Arrow's PyCapsule interface (`__arrow_c_stream__`), which all of them have; none of them is imported
here. pandas alone keeps times in an index, and may have two levels of column names, as yfinance returns them.
"""

import sys
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tickfold.market_data.bar_file import BarFile, bars_of
from tickfold.market_data.bar_table import BarFileError, choose_symbol, table_of
from tickfold.market_data.headers import PRICES, SYMBOL_NAMES, canonical_names
from tickfold.market_data.reading_options import DETECT, ReadingOptions

_EXPECTED = "expected a data frame of pandas, polars or pyarrow, or a file's path"


def read_bar_frame(
    frame: Any, timeframe: str | None = None, options: ReadingOptions = DETECT, name: str = "the frame"
) -> BarFile:
    """Read the bars in `frame`, which errors call `name`. Their timeframe is `timeframe`, or else the one that shows.

    Columns are found by their names as those of a file are, and times may be pandas' index. Times without a zone are in
    UTC, or in that of `options`; `columns` of `options` names all columns in order, an index first.

    Raises:
        BarFileError: it is no frame, or as `read_bar_file` does.
    """
    try:
        table = _table(frame, options, name)
        if options.columns is not None:
            table = _renamed(table, options.columns, name)
    except (pa.ArrowException, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BarFileError(f"{name} cannot be read: {reason}") from None
    return bars_of(name, table_of(name, table, options), timeframe, options)


def is_frame(value: Any) -> bool:
    """Return whether `value` is a data frame."""
    return hasattr(value, "__arrow_c_stream__")


def tickers_of(frame: Any) -> list[str]:
    """Return the tickers in the second level of a pandas frame's column names; none if there is no such level."""
    if not _is_pandas(frame) or frame.columns.nlevels != 2:
        return []
    return list(dict.fromkeys(str(ticker) for ticker in frame.columns.get_level_values(1 - _prices_level(frame))))


def by_symbol(frame: Any) -> dict[str, Any]:
    """Return for each symbol of `frame` what `read_bar_frame` reads its bars from by that symbol; none if it has none.

    Symbols are in the second level of a pandas frame's column names, or in a column `symbol` or `ticker`.

    Raises:
        BarFileError: it cannot be read.
    """
    if tickers := tickers_of(frame):
        return dict.fromkeys(tickers, frame)
    table = _table(frame, DETECT, "the frame")  # once, not for each symbol
    names = canonical_names(table.column_names)
    column = next((table.column(names.index(name)) for name in SYMBOL_NAMES if name in names), None)
    return {} if column is None else dict.fromkeys(map(str, pc.unique(column).to_pylist()), table)


def _table(frame: Any, options: ReadingOptions, name: str) -> pa.Table:
    if not is_frame(frame):
        lazy = hasattr(frame, "collect")
        raise BarFileError(
            f"{name} is a {type(frame).__name__}" + ("; collect() it first" if lazy else f"; {_EXPECTED}")
        )
    if _is_pandas(frame):
        return _from_pandas(frame, options, name)
    try:
        return pa.table(frame)
    except pa.ArrowInvalid:
        raise BarFileError(f"{name} is a {type(frame).__name__}, which has no columns; {_EXPECTED}") from None


def _renamed(table: pa.Table, names: tuple[str, ...], name: str) -> pa.Table:
    if len(names) != table.num_columns:
        known = ", ".join(table.column_names)
        raise BarFileError(f"{name} has {table.num_columns} columns ({known}), and {len(names)} names are given")
    return table.rename_columns(list(names))


# --- pandas ----------------------------------------------------------------------------------------------------------


def _is_pandas(frame: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(frame, pandas.DataFrame)


def _from_pandas(frame: Any, options: ReadingOptions, name: str) -> pa.Table:
    """Return the columns, those of the index first."""
    if frame.columns.nlevels == 2:
        frame = _of_one_ticker(frame, options, name)
    if hasattr(frame.index, "to_timestamp"):  # periods, which begin at a time
        frame = frame.set_axis(frame.index.to_timestamp(), axis="index")
    table = pa.Table.from_pandas(frame)
    index = [each for each in table.schema.pandas_metadata["index_columns"] if isinstance(each, str)]
    return table.select([*index, *(column for column in table.column_names if column not in index)])


def _of_one_ticker(frame: Any, options: ReadingOptions, name: str) -> Any:
    """Return the columns of the one ticker, or the one that `options` name, as `yfinance.download` returns several.

    The rows are the times of all tickers: those at which this one has nothing are not its own.
    """
    ticker = choose_symbol(name, sorted(tickers_of(frame)), options)
    level = 1 - _prices_level(frame)
    kept = [str(each) in (ticker, "") for each in frame.columns.get_level_values(level)]
    chosen = frame.loc[:, kept].dropna(how="all")
    return chosen.set_axis(chosen.columns.get_level_values(1 - level), axis="columns")


def _prices_level(frame: Any) -> int:
    """Return the level of the column names that has the prices' names."""
    names = [{*canonical_names([str(each) for each in frame.columns.get_level_values(level)])} for level in (0, 1)]
    return 0 if {*PRICES} <= names[0] else 1
