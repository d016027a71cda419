"""The config of backtests and sweeps: quantities, allocations, ranges, and the rules between fields."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from tickfold.protocol import (
    Allocation,
    BacktestConfig,
    CommissionTerms,
    Config,
    Range,
    SizingTerms,
    SweepConfig,
    Windows,
    dump,
    parse_config,
)
from tickfold.protocol.validation import explain

REQUIRED = {"stock": "GOOG", "startDate": "2024-01-01", "endDate": "2024-01-02", "startCapital": 1_000}


def backtest(**fields: Any) -> BacktestConfig:
    return BacktestConfig.model_validate(REQUIRED | fields)


def sweep(**fields: Any) -> SweepConfig:
    return SweepConfig.model_validate(REQUIRED | {"parameters": {}} | fields)


def error(**fields: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        backtest(**fields)
    return explain(caught.value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (0.25, 0.25),
        ("5%", 0.05),
        ("0.5%", 0.005),
        (".5%", 0.005),
        ("5.%", 0.05),
        ("5bp", 0.0005),
        ("5bps", 0.0005),
        (" 12.5 bps ", 0.00125),
        ("0%", 0),
        ("0.25", 0.25),
    ],
)
def test_fraction_is_a_number_percent_or_basis_points(written: object, value: float) -> None:
    assert backtest(slippage=written).slippage == value
    assert backtest(commission=written).commission == CommissionTerms(relative=value)


@pytest.mark.parametrize(("written", "canonical"), [("1M", "1mo"), ("60min", "1h"), ("100m", "100m"), (None, None)])
def test_timeframe_has_its_canonical_spelling(written: str | None, canonical: str | None) -> None:
    assert backtest(timeframe=written).timeframe == canonical


@pytest.mark.parametrize("written", ["5 percent", "5%%", "-5%", "%", "5b", "1e-3%"])
def test_other_units_of_a_fraction_are_refused(written: str) -> None:
    assert f"slippage '{written}': input should be a valid number" in error(slippage=written)


@pytest.mark.parametrize(
    ("field", "least", "below", "most", "above"),
    [
        ("slippage", 0, -0.001, 0.999, 1),
        ("spread", 0, -0.001, 0.999, 1),
        ("limit", 0, -0.001, 0.999, 1),
        ("stopLoss", 0.001, 0, 0.999, 1),
        ("trailingStop", 0.001, 0, 0.999, 1),
        ("takeProfit", 0.001, 0, 10, 10.1),
        ("maxBars", 1, 0, 10**9, 10**9 + 1),
        ("chunks", 1, 0, 10**9, 10**9 + 1),
        ("startCapital", 0.01, 0, 1e15, 1.1e15),
    ],
)
def test_field_is_bounded(field: str, least: float, below: float, most: float, above: float) -> None:
    for value in (least, most):
        assert backtest(**{field: value}).model_dump(by_alias=True)[field] == value
    for value in (below, above):
        assert error(**{field: value}).startswith(f"{field} ")


def test_limit_bars_require_a_limit() -> None:
    assert backtest(limit=0, limitBars=3).limit_bars == 3
    assert error(limitBars=3) == "limitBars needs limit: it sets when that order expires"


@pytest.mark.parametrize(("kind", "value"), [("fraction", 1), ("cash", 1.5), ("shares", 3), ("volatility", 1.5)])
def test_sizing_is_valid(kind: str, value: float) -> None:
    assert backtest(sizing={"kind": kind, "value": value}).sizing.value == value


def test_fraction_of_the_cash_is_at_most_one() -> None:
    assert error(sizing={"value": 1.01}) == (
        "a fraction of the cash is at most 1, not 1.01; a bare number is a fraction; for 1.01 percent write 1.01% or "
        "0.0101"
    )


def test_shares_are_whole_unless_fractional() -> None:
    sizing = {"kind": "shares", "value": 1.5}
    assert backtest(sizing=sizing, fractionalShares=True).sizing == SizingTerms(kind="shares", value=1.5)
    assert error(sizing=sizing) == "1.5 is not a whole number of shares; set fractionalShares"


@pytest.mark.parametrize("written", ["2024-1-2", "20240102", "2024-01-02T00:00", "tomorrow", 1_704_153_600, 1.5])
def test_other_spellings_of_a_day_are_refused(written: object) -> None:
    assert error(endDate=written) == f"endDate {written!r}: must be a day such as 2024-01-31"


def test_range_of_one_day_is_valid_and_reversed_range_is_not() -> None:
    assert backtest(endDate="2024-01-01").end_date == backtest(endDate=date(2024, 1, 1)).end_date == date(2024, 1, 1)
    assert error(endDate="2023-12-31") == "endDate 2023-12-31 is before startDate 2024-01-01"


def test_stock_is_one_symbol_or_a_universe() -> None:
    assert not backtest().is_universe
    assert backtest(stock=["GOOG"]).is_universe
    assert backtest().allocations == [Allocation(symbol="GOOG", share=1)]
    assert backtest(stock=["goog", "IBM"]).allocations == [
        Allocation(symbol="GOOG", share=0.5),
        Allocation(symbol="IBM", share=0.5),
    ]


def test_shares_of_the_capital_may_leave_cash_but_not_exceed_it() -> None:
    kept = backtest(stock=[{"symbol": "A", "share": 0.5}, {"symbol": "B", "share": 0.25}])
    assert [allocation.share for allocation in kept.allocations] == [0.5, 0.25]
    whole = [{"symbol": "A", "share": 0.5}, {"symbol": "B", "share": 0.5}]
    assert backtest(stock=whole).is_universe
    whole[1] = {"symbol": "B", "share": 0.500001}
    assert error(stock=whole) == "the shares of stock add up to 1; they may add up to 1 at most"


def test_a_hundred_symbols_are_the_most() -> None:
    symbols = [f"S{number}" for number in range(101)]
    assert len(backtest(stock=symbols[:100]).allocations) == 100
    assert error(stock=symbols) == "stock names 101 symbols; a run may have 100"


def test_parameters_are_numbers_and_fifty_at_most() -> None:
    assert backtest(parameters={"fast": 5, "x": 0.5}).parameters == {"fast": 5, "x": 0.5}
    assert len(backtest(parameters={f"p{number}": number for number in range(50)}).parameters) == 50
    assert error(parameters={"fast": True}) == "a parameter is a number, not true or false"
    assert "at most 50 items" in error(parameters={f"p{number}": number for number in range(51)})


@pytest.mark.parametrize(
    ("first", "to", "step", "values"),
    [
        (5, 15, 5, [5, 10, 15]),
        (5, 14, 5, [5, 10]),
        (5, 5, 1, [5]),
        (0.1, 0.5, 0.1, [0.1, 0.2, 0.3, 0.4, 0.5]),
        (-1, 1, 0.5, [-1.0, -0.5, 0.0, 0.5, 1.0]),
        (1.0, 3, 1, [1.0, 2.0, 3.0]),
        (1, 3.5, 1, [1, 2, 3]),
    ],
)
def test_range_has_evenly_spaced_decimal_values(first: float, to: float, step: float, values: list[float]) -> None:
    found = Range.model_validate({"from": first, "to": to, "step": step})
    assert found.count == len(values)
    assert found.values() == values
    assert [type(value) for value in found.values()] == [type(value) for value in values]


def test_range_is_bounded() -> None:
    assert Range.model_validate({"from": 1, "to": 10**15, "step": 1}).count == 10**15
    for first, to, step in ((0, 10**15, 1), (2, 1, 1), (1, 2, 0)):
        with pytest.raises(ValidationError):
            Range.model_validate({"from": first, "to": to, "step": step})


def test_sweep_parameters_are_numbers_lists_or_ranges() -> None:
    values = {"a": 1, "b": [1, 2.5], "c": {"from": 1, "to": 3, "step": 1}}
    config = sweep(parameters=values)
    assert config.parameters == {"a": 1, "b": [1, 2.5], "c": Range.model_validate(values["c"])}
    assert (config.rank_by, config.walk_forward) == ("sharpe", None)


@pytest.mark.parametrize("values", [True, "1", None, [True], ["1"]])
def test_other_sweep_parameters_are_refused(values: object) -> None:
    with pytest.raises(ValidationError, match="Expected a number, a list of numbers or a range such as"):
        sweep(parameters={"fast": values})


def test_sweep_lists_are_distinct_and_not_empty() -> None:
    with pytest.raises(ValidationError, match="parameter fast has a value twice"):
        sweep(parameters={"fast": [1, 2, 1]})
    with pytest.raises(ValidationError, match="parameter fast has no values"):
        sweep(parameters={"fast": []})


def test_sweep_takes_one_symbol() -> None:
    with pytest.raises(ValidationError, match="stock is a list; a sweep takes one symbol"):
        sweep(stock=["GOOG"])


def test_run_of_a_sweep_has_its_terms_and_own_parameters() -> None:
    terms = {"slippage": 0.01, "stopLoss": 0.1, "sizing": {"kind": "cash", "value": 500}, "chunks": 3}
    config = sweep(parameters={"fast": [1, 2]}, walkForward={"inSample": 10, "outOfSample": 5}, **terms)
    assert config.walk_forward == Windows(in_sample=10, out_of_sample=5)
    assert config.run_with({"fast": 2}) == backtest(parameters={"fast": 2}, **terms)


@pytest.mark.parametrize("config", [backtest(), sweep(parameters={"fast": 5})])
def test_stored_config_is_parsed_as_its_own_kind(config: Config) -> None:
    assert parse_config(config.model_dump(mode="json", by_alias=True)) == config
    assert type(parse_config(config.model_dump(mode="json", by_alias=True))) is type(config)
    assert type(config).model_validate_json(dump(config)) == config


# --- one rule for fractions ------------------------------------------------------------------------------------------

FRACTIONS = ("slippage", "spread", "commission", "limit", "stopLoss", "trailingStop", "takeProfit")


@pytest.mark.parametrize("field", FRACTIONS)
@pytest.mark.parametrize("written", ["1", "5", "15.5", "150", "5e0", "1_0", " +5 "])
def test_bare_number_that_means_percent_is_refused_with_both_spellings(field: str, written: str) -> None:
    told = error(**{field: written})
    assert f"for {float(written):g} percent write {float(written):g}% or {float(written) / 100:g}" in told


@pytest.mark.parametrize(
    "field", [*FRACTIONS, "startCapital", "maxBars", "chunks", "commission.fixed", "sizing.value", "sizing.bars"]
)
@pytest.mark.parametrize("truth", [True, False])
def test_true_and_false_are_no_numbers(field: str, truth: bool) -> None:
    outer, _, inner = field.partition(".")
    told = error(**{outer: {inner: truth} if inner else truth})
    assert f"input should be a number, not {str(truth).lower()}" in told.lower()


@pytest.mark.parametrize("field", FRACTIONS)
def test_percentage_and_fraction_of_it_are_the_same(field: str) -> None:
    assert backtest(**{field: "5%"}) == backtest(**{field: 0.05}) == backtest(**{field: "0.05"})
    assert backtest(**{field: "500bp"}) == backtest(**{field: "5%"})


def test_what_exceeds_one_is_written_with_its_unit_or_as_a_number_of_json() -> None:
    assert backtest(takeProfit="150%").take_profit == backtest(takeProfit=1.5).take_profit == 1.5
    assert backtest(sizing={"kind": "volatility", "value": "120%"}).sizing.value == 1.2
    assert "a yearly volatility is at most 10, not 20; a bare" in error(sizing={"kind": "volatility", "value": "2000%"})
    assert "for 20 percent write 20% or 0.2" in error(sizing={"kind": "volatility", "value": 20})
    assert "for 1.5 percent write 1.5% or 0.015" in error(sizing={"kind": "volatility", "value": "1.5"})


@pytest.mark.parametrize("written", ["50%", "0.5", 0.5, "5000bp"])
def test_size_and_share_are_fractions_too(written: object) -> None:
    assert backtest(sizing={"value": written}).sizing.value == 0.5
    assert backtest(stock=[{"symbol": "A", "share": written}]).allocations == [Allocation(symbol="A", share=0.5)]


def test_whole_of_the_cash_and_of_the_capital_is_one() -> None:
    assert backtest(sizing={"value": 1}).sizing == backtest(sizing={"value": "100%"}).sizing
    assert backtest(stock=[{"symbol": "A", "share": "1"}]).allocations == [Allocation(symbol="A", share=1)]


@pytest.mark.parametrize("kind", ["cash", "shares"])
def test_dollars_and_shares_have_no_unit(kind: str) -> None:
    assert f"{kind} is a number without a unit" in error(sizing={"kind": kind, "value": "50%"})


def test_bare_number_that_may_be_a_large_fraction_is_told_in_all_three_ways() -> None:
    told = "for 1.5 percent write 1.5% or 0.015; for 150 percent write 150%"
    assert error(takeProfit="1.5").endswith(told)
    assert "150%" not in error(stopLoss="1.5")
