"""The watch list: added and removed symbols, idempotent and limited."""

from typing import TYPE_CHECKING

import pytest

from tickfold.errors import RunError
from tickfold.market_data.feed.watch_list import MOST_SYMBOLS, Watched, WatchList

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


@pytest.fixture
def watch_list(table: "Table") -> WatchList:
    return WatchList(table)


def test_added_symbols_are_watched_by_name(watch_list: WatchList) -> None:
    watch_list.add(["IBM", "AAPL"], "XNYS", "ada")
    watch_list.add(["BTC/USD"], "24/7", "ada")
    watch_list.add(["IBM"], "XNYS", "bob")
    assert watch_list.all() == [Watched("AAPL", "XNYS"), Watched("BTC/USD", "24/7"), Watched("IBM", "XNYS")]


def test_removed_symbol_is_known_but_not_watched(watch_list: WatchList) -> None:
    watch_list.add(["IBM", "AAPL"], "XNYS", "ada")
    watch_list.remove(["IBM", "IBM", "MSFT"])
    watch_list.remove(["IBM"])
    assert watch_list.all() == [Watched("AAPL", "XNYS")]
    assert watch_list.ever() == [Watched("AAPL", "XNYS"), Watched("IBM", "XNYS")]


def test_removed_symbol_can_be_added_again(watch_list: WatchList) -> None:
    watch_list.add(["IBM"], "XNYS", "ada")
    watch_list.remove(["IBM"])
    watch_list.add(["IBM"], "24/7", "ada")
    assert watch_list.all() == [Watched("IBM", "24/7")]


def test_full_list_refuses_more_and_adds_none(watch_list: WatchList) -> None:
    watch_list.add([f"S{number}" for number in range(MOST_SYMBOLS)], "XNYS", "ada")
    watch_list.add(["S0"], "XNYS", "ada")
    with pytest.raises(RunError, match="can fetch 200; remove some first"):
        watch_list.add(["S0", "MORE"], "XNYS", "ada")
    assert len(watch_list.all()) == MOST_SYMBOLS
