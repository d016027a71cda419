"""Symbols of every notation: loaded, run, reported, queried and removed on the embedded stack."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import Command

NOTATIONS = ("ES=F", "^GSPC", "BTC/USD", "ÄÖ", "M&M", ".INX", "@ES+", "ES1!", "BINANCE:BTC", "貴州茅台")
BARS = "SELECT count(*) AS bars FROM bars WHERE symbol = '{}' AND timeframe = '1d'"
RUN = "SELECT symbol FROM runs WHERE run_id = '{}'"
DAYS = pd.bdate_range("2024-01-01", "2024-03-29")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notations") / "bars.csv"
    rows = (f"{day:%Y-%m-%d},{price},{price + 1},{price - 1},{price},10\n" for price, day in enumerate(DAYS, start=50))
    path.write_text("date,open,high,low,close,volume\n" + "".join(rows))
    return path


@pytest.mark.parametrize("symbol", NOTATIONS)
def test_symbol_of_any_notation_goes_all_the_way(tickfold: Command, file: Path, tmp_path: Path, symbol: str) -> None:
    loaded = tickfold("data", "load", str(file), "--symbol", symbol.lower())
    assert loaded.stdout.startswith(f"loaded {len(DAYS)} bars; {symbol} 1d now has {len(DAYS)} ")
    listed = json.loads(tickfold("data", "list", "--json").stdout)
    assert [series["bars"] for series in listed if series["symbol"] == symbol] == [len(DAYS)]
    ended = tickfold("run", "--symbol", symbol, "--report", str(tmp_path / "run.html"), "--json")
    assert ended.status == 0, ended.stderr
    run = json.loads(ended.stdout)
    assert (run["symbol"], run["bars"], run["sessions"]) == (symbol, len(DAYS), "weekdays")
    escaped = symbol.replace("&", "&amp;")
    assert f"<h1>{escaped} 1d<small>" in (tmp_path / "run.html").read_text(encoding="utf-8")
    found = tickfold("query", BARS.format(symbol), "--json")
    assert json.loads(found.stdout) == [{"bars": len(DAYS)}]
    found = tickfold("query", RUN.format(run["run_id"]), "--json")
    assert json.loads(found.stdout) == [{"symbol": symbol}]
    assert tickfold("data", "remove", symbol, "--yes").status == 0
    assert symbol not in tickfold("data", "list", "--csv").stdout


def test_symbols_of_any_notation_share_the_capital(tickfold: Command, file: Path) -> None:
    for symbol in ("BTC", "BTC/USD", "ES=F"):
        assert tickfold("data", "load", str(file), "--symbol", symbol).status == 0
    ended = tickfold("run", "--symbol", "es=f=50%,btc/usd=0.25,btc=0.25", "--json")
    assert ended.status == 0, ended.stderr
    shares = {each["symbol"]: each["share"] for each in json.loads(ended.stdout)["symbols"]}
    assert shares == {"ES=F": 0.5, "BTC/USD": 0.25, "BTC": 0.25}
    removed = tickfold("data", "remove", "BTC", "--yes").stdout
    assert removed.startswith("removed BTC 1d: ")
    assert removed.count("\n") == 1
    assert "\nBTC/USD," in tickfold("data", "list", "--csv").stdout
