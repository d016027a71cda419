"""The table of metrics: complete, free of repetition, and what readers see of it."""

from dataclasses import fields
from typing import get_args

import pytest

from tickfold.engine.performance.metrics import Metrics
from tickfold.protocol.metrics import (
    FORMATS,
    HEADLINE_METRICS,
    METRICS,
    Group,
    Unit,
    column_of,
    format_metric,
    grouped,
    label_of,
)


def test_every_metric_of_the_engine_has_exactly_one_entry() -> None:
    names = [field.name for field in fields(Metrics)]
    assert sorted(METRICS) == sorted(names)
    assert len(names) == 30
    assert all(name == metric.name for name, metric in METRICS.items())


def test_no_two_metrics_share_a_label_or_a_definition() -> None:
    for texts in (
        [metric.label for metric in METRICS.values()],
        [metric.column for metric in METRICS.values()],
        [metric.definition for metric in METRICS.values()],
    ):
        assert len(texts) == len(set(texts))


def test_every_definition_is_one_sentence() -> None:
    assert all(metric.definition.endswith(".") and "\n" not in metric.definition for metric in METRICS.values())


def test_every_unit_has_a_format_and_every_group_a_metric() -> None:
    assert set(FORMATS) == set(get_args(Unit)) == {metric.unit for metric in METRICS.values()}
    assert list(grouped(METRICS)) == list(get_args(Group))


def test_headline_metrics_are_metrics() -> None:
    assert set(HEADLINE_METRICS) <= set(METRICS)


@pytest.mark.parametrize(
    ("name", "value", "label", "shown"),
    [
        ("final_equity", 1_234_567.891, "Final equity", "1,234,567.89"),
        ("total_return", 4.142299, "Total return", "414.23 %"),
        ("max_drawdown", -0.4798, "Max drawdown", "-47.98 %"),
        ("sharpe", 0.58062, "Sharpe", "0.581"),
        ("trades", 1_066.0, "Trades", "1,066"),
        ("turnover", 15.34, "Turnover a year", "15.3 ×"),
        ("max_drawdown_duration", 584.0, "Longest drawdown", "584 days"),
        ("max_drawdown_duration", 1.0, "Longest drawdown", "1 day"),
        ("profit_factor", None, "Profit factor", "–"),
        ("ulcer_index", 1.25, "ulcer_index", "1.250"),
        ("ulcer_index", None, "ulcer_index", "–"),
    ],
)
def test_metric_has_label_and_format(name: str, value: float | None, label: str, shown: str) -> None:
    assert (label_of(name), format_metric(name, value)) == (label, shown)


def test_column_label_is_the_short_one_where_there_is_one() -> None:
    assert [column_of(name) for name in ("total_return", "max_drawdown", "sharpe", "ulcer_index")] == [
        "Return",
        "Drawdown",
        "Sharpe",
        "ulcer_index",
    ]


def test_grouping_keeps_the_tables_order_and_puts_unknown_metrics_last() -> None:
    assert grouped(["ulcer_index", "sharpe", "trades", "total_return", "final_equity"]) == {
        "Return": ["final_equity", "total_return"],
        "Trades": ["trades"],
        "Ratios": ["sharpe"],
        "Other": ["ulcer_index"],
    }
