"""The record of a run."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backtests.records import a_run
from tickfold.backtests.run import Failure, Run, new_run_id

NOW = datetime(2026, 1, 31, 12, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("symbols", "run_id"),
    [
        (["AAPL"], "aapl-sma_cross-20260131T120509-1a2b3c"),
        (["BRK.B"], "brk-b-sma_cross-20260131T120509-1a2b3c"),
        (["^GSPC"], "gspc-sma_cross-20260131T120509-1a2b3c"),
        (["BTC/USDT:USDT"], "btc-usdt-usdt-sma_cross-20260131T120509-1a2b3c"),
        (["ÄÖ=F"], "ao-f-sma_cross-20260131T120509-1a2b3c"),
        (["貴州茅台"], "symbol-sma_cross-20260131T120509-1a2b3c"),
        (["AAPL", "IBM", "GOOG"], "aapl-and-2-more-sma_cross-20260131T120509-1a2b3c"),
    ],
)
def test_run_id_names_symbol_strategy_and_time(symbols: list[str], run_id: str) -> None:
    assert new_run_id(symbols, "sma_cross", NOW, "1a2b3c") == run_id


@given(
    st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=100),
    st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{6}", fullmatch=True),
)
def test_run_id_is_a_name_of_an_execution_that_ends_in_its_whole_suffix(
    symbols: list[str], strategy: str, suffix: str
) -> None:
    found = new_run_id(symbols, strategy, NOW, suffix)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", found)
    assert found.endswith(f"-{NOW:%Y%m%dT%H%M%S}-{suffix}")


def test_record_of_a_new_run_has_defaults() -> None:
    item = {
        "run_id": "r1",
        "user_id": "ada",
        "status": "running",
        "created_at": NOW.isoformat(),
        "execution_arn": "arn",
        "request": "{}",
        "sequence": 1,
    }
    assert Run.of(item) == Run("r1", "ada", None, "running", NOW, "arn", "{}", 1, 0, 0, 0.0, frozenset(), None, None)


def test_record_holds_progress_failure_and_end() -> None:
    item: dict[str, Any] = {
        "run_id": "r1",
        "user_id": "ada",
        "portfolio": "growth",
        "status": "failed",
        "created_at": NOW.isoformat(),
        "execution_arn": "arn",
        "request": "{}",
        "sequence": 7,
        "chunks": 10,
        "chunks_done": 3,
        "progress_at": "1.5",
        "published": {"planned"},
        "failure": '{"stage": "plan", "reason": "no bars"}',
        "ended_with": "{}",
    }
    failure = Failure("plan", "no bars")
    published = frozenset({"planned"})
    assert Run.of(item) == Run(
        "r1", "ada", "growth", "failed", NOW, "arn", "{}", 7, 10, 3, 1.5, published, failure, "{}"
    )


def test_topics_are_those_of_run_user_and_portfolio() -> None:
    assert a_run().topics == ["run#r1", "user#ada"]
    assert a_run(portfolio="growth").topics == ["run#r1", "user#ada", "portfolio#growth"]
