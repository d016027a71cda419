"""Market data over HTTP: series, their bars, and the symbols of the feed."""

import pytest

from tests.functions.api.conftest import Client
from tickfold.protocol.symbol import parse_symbol

SYMBOLS = [
    "BTC/USD",
    "^GSPC",
    "ES=F",
    "ES1!",
    "@ES",
    "M&M",
    "EURUSD=X",
    "BINANCE:BTCUSDT",
    "BRK.B",
    "7203.T",
    "日本",
    "A+B",
]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_symbols_of_any_notation_are_found_in_paths(client: Client, symbol: str) -> None:
    """API Gateway decodes a path before the function sees it, slashes included."""
    added = client.send("PUT", f"/v1/feed/symbols/{symbol}")
    assert [each["symbol"] for each in added.json["symbols"]] == [parse_symbol(symbol)]
    missing = client.send("GET", f"/v1/series/{symbol}/1d/bars")
    assert (missing.status, missing.json["code"]) == (404, "not_found")
    assert missing.json["detail"].startswith(f"unknown symbol {symbol}")
    assert client.send("DELETE", f"/v1/feed/symbols/{symbol}").json["symbols"] == []


def test_feed_is_changed_and_listed(client: Client) -> None:
    assert client.send("PUT", "/v1/feed/symbols/btcusd", {"market": "24/7"}).status == 200
    client.send("PUT", "/v1/feed/symbols/GOOG")
    listed = client.get("/v1/feed")
    assert [(each["symbol"], each["market"]) for each in listed["symbols"]] == [("BTCUSD", "24/7"), ("GOOG", "XNYS")]
    assert [each["symbol"] for each in client.get("/v1/feed?after=BTCUSD")["symbols"]] == ["GOOG"]


@pytest.mark.parametrize(
    ("target", "body", "detail"),
    [
        ("/v1/feed/symbols/GO OG", None, "symbol 'GO OG': a symbol has 1 to 20 letters"),
        ("/v1/feed/symbols/GOOG", {"market": "XLON"}, "market 'XLON': input should be 'XNYS' or '24/7'"),
        (
            "/v1/feed/symbols/GOOG",
            {"markt": "XNYS"},
            "markt is not a known field (did you mean market?); known: market",
        ),
    ],
)
def test_wrong_symbols_and_markets_are_explained(client: Client, target: str, body: object, detail: str) -> None:
    refused = client.send("PUT", target, body)
    assert (refused.status, refused.json["code"]) == (422, "invalid")
    assert refused.json["detail"].startswith(detail)


def test_series_are_listed_and_their_bars_come_by_window(client: Client) -> None:
    (series,) = client.get("/v1/series")["series"]
    assert (series["symbol"], series["timeframe"], series["bars"]) == ("WALK", "1d", 600)
    bars = client.get("/v1/series/walk/1D/bars?points=100")
    assert (bars["symbol"], bars["timeframe"], bars["bars"], bars["barsEach"]) == ("WALK", "1d", 600, 8)
    assert len(bars["candles"]) == 75
    assert bars["candles"][0][0] == series["first"]


def test_strategies_have_schemas_and_do_not_change(client: Client) -> None:
    found = client.send("GET", "/v1/strategies")
    strategies = {each["name"]: each for each in found.json["strategies"]}
    assert strategies["sma_cross"]["parameters"]["properties"]["fast"]["type"] == "integer"
    assert strategies["vwap_reversion"]["usesVolume"]
    assert strategies["buy_and_hold"]["builtIn"]
    again = client.send("GET", "/v1/strategies", headers={"If-None-Match": found.headers["etag"]})
    assert again.status == 304
