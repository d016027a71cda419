"""`tickfold.backtest`: three lines in a notebook, with the options, defaults, checks and words of a stack."""

from datetime import date, datetime
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from pydantic import Field

import tickfold as tf
from tickfold.engine.bars import Bars
from tickfold.engine.signals import FLAT, HOLD, LONG, Signals
from tickfold.storage import tables


class Weekday(tf.Strategy):
    """Hold from one day of the week to another."""

    name: ClassVar[str] = "weekday"

    limit: Annotated[int, Field(ge=0, le=4, description="The day on which to leave.")] = 4
    enter: Annotated[int, Field(ge=0, le=4, description="The day on which to enter.")] = 0

    @property
    def lookback(self) -> int:
        return 0

    def signals(self, bars: Bars) -> Signals:
        day = (bars.session_dates + 3) % 7
        chosen = np.select([day == self.enter, day == self.limit], [LONG, FLAT], HOLD)
        return np.asarray(chosen, dtype=np.int8)


ALWAYS = """
from typing import ClassVar
import numpy as np
from tickfold import Strategy
class Always(Strategy):
    name: ClassVar[str] = "always"
    @property
    def lookback(self) -> int:
        return 0
    def signals(self, bars):
        return np.ones(len(bars), dtype=np.int8)
"""


def refusal(*arguments: Any, **options: Any) -> str:
    with pytest.raises(tf.RunError) as caught:
        tf.backtest(*arguments, **options)
    return str(caught.value)


def test_result_has_metrics_trades_and_equity(goog_frame: pd.DataFrame) -> None:
    result = tf.backtest(goog_frame, "sma_cross", fast=10, slow=30, capital=10_000, commission=0.002)
    assert result.metrics["trades"] == len(result.trades) == 66
    assert result.metrics["final_equity"] == result.equity["equity"].iloc[-1]
    assert list(result.trades.columns) == tables.TRADES.names
    assert list(result.equity.columns) == tables.EQUITY.names
    assert len(result.equity) == len(goog_frame)
    assert dict(result.parameters) == {"fast": 10, "slow": 30}
    assert repr(result).startswith("BacktestResult: sma_cross(fast=10, slow=30) on BARS 1d, 2,148 bars, 2004-08-19 … ")
    assert "Final equity" in repr(result)


def test_options_are_those_of_the_command_line(goog_frame: pd.DataFrame) -> None:
    config = tf.backtest(
        goog_frame,
        start="2005-01-03",
        end=datetime(2010, 1, 4),
        capital=np.int64(5_000),
        size="volatility:20%:60",
        commission_per_share=0.01,
        slippage="5bp",
        stop_loss="5%",
        fractional=True,
        close_at_end=False,
    ).config
    assert (config.start_date, config.end_date) == (date(2005, 1, 3), date(2010, 1, 4))
    assert (config.start_capital, config.slippage, config.stop_loss) == (5_000, 0.0005, 0.05)
    assert (config.sizing.kind, config.sizing.value, config.sizing.bars) == ("volatility", 0.2, 60)
    assert (config.commission.per_share, config.fractional_shares, config.close_at_end) == (0.01, True, False)


def test_signature_and_documentation_have_every_option() -> None:
    known = signature(tf.backtest).parameters
    assert (known["capital"].default, known["stop_loss"].default, known["fill"].default) == (10_000, None, "open")
    assert [*known][:7] == ["bars", "strategy", "symbol", "timeframe", "calendar", "parameters", "start"]
    assert {"commission_per_share", "time_unit", "options"} <= {*known}
    assert "stop_loss: Exit at a loss of this fraction of the market price at entry." in (tf.backtest.__doc__ or "")
    assert "rank" in signature(tf.sweep).parameters
    assert (tf.backtest.__doc__ or "").startswith("Backtest `strategy` on `bars`, and return")


def test_left_out_options_have_the_defaults_of_a_stack(goog_frame: pd.DataFrame) -> None:
    config = tf.backtest(goog_frame, symbol="goog").config
    assert (config.stock, config.strategy, config.start_capital) == ("GOOG", "buy_and_hold", 10_000)
    assert (config.start_date, config.end_date) == (date(2004, 8, 19), date(2013, 3, 1))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (
            {"comission": 0.1},
            "unknown option comission (did you mean commission?); parameters of sma_cross: fast, slow",
        ),
        ({"slwo": 0.1}, "unknown option slwo (did you mean slow?)"),
        ({"stop_loss": 5}, "stop_loss 5: input should be less than 1: a bare number is a fraction; for 5 percent"),
        ({"capital": "much"}, "capital 'much': input should be a valid number"),
        ({"limit_bars": 3}, "limit_bars needs limit: it sets when that order expires"),
        ({"start": "2030-01-01"}, "start 2030-01-01 is after the last bar: BARS has 2,148 1d bars from 2004-08-19 to"),
        ({"start": "2005-13-01"}, "start '2005-13-01': must be a day such as 2024-01-31"),
        ({"end": datetime(2005, 1, 1, 9)}, "end datetime.datetime(2005, 1, 1, 9, 0): must be a day such as"),
        ({"start": "2006-01-02", "end": "2005-01-03"}, "end 2005-01-03 is before start 2006-01-02"),
        ({"fast": 50}, "strategy sma_cross: fast (50) must be less than slow (30)"),
        ({"size": "half:1:2:3"}, "size 'half:1:2:3' is not kind:number"),
        ({"symbol": "no such"}, "'no such' is not a symbol"),
        ({"symbol": 3}, "3 is not a symbol: expected a text such as AAPL"),
        ({"fast": [5, 10]}, "parameter fast is one number, not [5, 10]; tickfold.sweep takes many"),
        ({"parameters": 3}, 'parameters is a int: expected such as {"fast": 10}'),
        ({"parameters": {"fast": 5}, "fast": 6}, "parameter fast is given twice"),
        ({"time_unit": "h"}, "time_unit 'h': input should be 's', 'ms', 'us' or 'ns'"),
        (
            {"columns": "a,b"},
            "the frame has 6 columns (__index_level_0__, Open, High, Low, Close, Volume), and 2 names",
        ),
        ({"timeframe": 60}, "timeframe 60 is not a timeframe"),
        ({"timeframe": "weekly?"}, "timeframe 'weekly?' is not a timeframe"),
        ({"calendar": "never"}, "calendar "),
        ({"timeframe": "1h"}, "the frame: timeframe 1h was given, but its bars look like 1d"),
        ({"separator": ";"}, "separator says how a file is written, and a frame has no separator"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(goog_frame: pd.DataFrame, options: dict[str, Any], told: str) -> None:
    text = refusal(goog_frame, "sma_cross", **options)
    assert text.startswith(told)
    assert "\n" not in text


def test_unknown_strategy_is_told_with_the_likeliest(goog_frame: pd.DataFrame) -> None:
    assert refusal(goog_frame, "smacross").startswith(
        "unknown strategy 'smacross' (did you mean sma_cross?); known strategies: "
    )
    assert refusal(goog_frame, len).startswith("strategy is a builtin_function_or_method: expected the name of one")


@pytest.mark.parametrize("own", [Weekday, Weekday(limit=3)], ids=["class", "instance"])
def test_own_strategy_is_run(goog_frame: pd.DataFrame, own: Any) -> None:
    result = tf.backtest(goog_frame, own, enter=1)
    assert result.config.strategy == "weekday"
    assert result.parameters["enter"] == 1
    assert result.metrics["trades"] == len(result.trades) > 300


def test_parameter_named_as_an_option_is_given_apart(goog_frame: pd.DataFrame) -> None:
    assert refusal(goog_frame, Weekday, limit=3).startswith("limit is an option and a parameter of weekday")
    result = tf.backtest(goog_frame, Weekday, parameters={"limit": 3}, limit=0.01)
    assert (result.parameters["limit"], result.config.limit) == (3, 0.01)


def test_strategy_of_a_file_is_run(goog_frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "always.py"
    path.write_text(ALWAYS)
    assert tf.backtest(goog_frame, path).config.strategy == "always"
    path.write_text(ALWAYS + ALWAYS.replace("always", "ever").replace("Always", "Ever"))
    assert refusal(goog_frame, str(path)).endswith(
        "defines 2 strategies (Always, Ever): import the one, and give its class"
    )


def test_strategy_that_breaks_its_contract_is_told(goog_frame: pd.DataFrame) -> None:
    class Broken(Weekday):
        name: ClassVar[str] = "broken"

        def signals(self, bars: Bars) -> Signals:
            return bars.close  # type: ignore[return-value]

    assert refusal(goog_frame, Broken).startswith("strategy broken failed: on 2,148 bars, 2004-08-19 to 2013-03-01, it")


def test_run_without_trades_says_why(goog_frame: pd.DataFrame) -> None:
    result = tf.backtest(goog_frame, "sma_cross", fast=2_000, slow=5_000)
    assert result.no_trades is not None
    assert result.no_trades in repr(result)
    assert "no trades" not in repr(tf.backtest(goog_frame))
    assert result.metrics["sharpe"] is None


def test_file_is_read_under_its_name(goog_frame: pd.DataFrame, tmp_path: Path) -> None:
    goog_frame.to_csv(tmp_path / "goog.us.csv", index_label="date", sep=";")
    goog_frame.to_parquet(tmp_path / "no symbol.parquet")
    of_csv = tf.backtest(str(tmp_path / "goog.us.csv"), "sma_cross", separator=";")
    of_parquet = tf.backtest(tmp_path / "no symbol.parquet", "sma_cross")
    assert (of_csv.config.stock, of_parquet.config.stock) == ("GOOG", "BARS")
    assert of_csv.metrics == of_parquet.metrics == tf.backtest(goog_frame, "sma_cross").metrics
    assert of_csv.notes == ("read as: semicolon", "times carry no offset: taken as UTC")
    with pytest.raises(tf.RunError, match=r"absent\.csv does not exist"):
        tf.backtest("absent.csv")


def test_days_of_every_kind_are_taken(goog_frame: pd.DataFrame) -> None:
    day = date(2010, 1, 4)
    for given in (day, str(day), np.datetime64(day, "ns"), pd.Timestamp(day, tz="UTC")):
        assert tf.backtest(goog_frame, start=given).config.start_date == day


def test_report_is_one_page(goog_frame: pd.DataFrame, tmp_path: Path) -> None:
    path = tf.backtest(goog_frame, "sma_cross", symbol="GOOG").report(tmp_path / "goog.html")
    assert path == tmp_path / "goog.html"
    text = path.read_text()
    assert "GOOG" in text
    assert "sma_cross (fast 10, slow 30)" in text
