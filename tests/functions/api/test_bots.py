"""Bots over HTTP: what the WebSocket does with them, under paths, methods and statuses."""

from typing import Any

import pytest

from tests.aws import BOB
from tests.functions.api.conftest import GROWTH, Answered, Client, Json, outcome

BOTS = f"{GROWTH}/bots"
CROSS = f"{BOTS}/cross"
CONFIG: Json = {
    "stock": "BTC/USD",
    "timeframe": "1m",
    "startDate": "2026-01-01",
    "endDate": "2026-01-02",
    "startCapital": 5_000,
    "strategy": "sma_cross",
    "parameters": {"fast": 2, "slow": 3},
}


def create(client: Client, **more: Any) -> Answered:
    return client.send("POST", BOTS, {"bot": "cross", "config": CONFIG} | more)


def test_bot_is_created_once_found_where_the_answer_says_and_listed(traded: Client) -> None:
    first, second = (create(traded, limits={"drawdown": 0.2}) for _ in range(2))
    bot = first.json["bot"]
    assert (first.status, first.json["type"], bot["capital"], bot["limits"]["drawdown"]) == (201, "bot", 5_000, 0.2)
    assert second.json["bot"] == bot
    assert first.headers["location"] == f"/v1/portfolios/{first.json['portfolio']}/bots/cross"
    assert traded.get(first.headers["location"]) == traded.get(CROSS) == second.json
    assert [each["bot"] for each in traded.get(BOTS)["bots"]] == ["cross"]
    assert traded.get(GROWTH)["portfolio"]["cash"] == 5_000
    kept = {"If-None-Match": traded.send("GET", CROSS).headers["etag"]}
    assert traded.send("GET", CROSS, headers=kept).status == 304
    assert outcome(create(traded, capital=1)) == (409, "conflict")


def test_bot_is_paused_resumed_limited_and_stopped(traded: Client) -> None:
    create(traded)
    paused = traded.send("POST", f"{CROSS}/pause")
    assert (paused.status, paused.json["bot"]["status"], paused.json["bot"]["reason"]) == (200, "paused", "by ada")
    assert traded.send("POST", f"{CROSS}/resume", {"adoptCode": True}).json["bot"]["status"] == "running"
    limited = traded.send("PUT", f"{CROSS}/limits", {"limits": {"position": 100}})
    assert limited.json["bot"]["limits"]["position"] == 100
    unsaid = traded.send("DELETE", CROSS)
    assert (*outcome(unsaid), unsaid.json["detail"]) == (422, "invalid", "positions is missing")
    stopped = traded.send("DELETE", f"{CROSS}?positions=close")
    assert (stopped.status, stopped.json["bot"]["status"]) == (200, "stopped")
    assert traded.get(GROWTH)["portfolio"]["cash"] == 10_000
    assert traded.send("DELETE", f"{CROSS}?positions=keep").json["bot"] == stopped.json["bot"]
    assert outcome(traded.send("POST", f"{CROSS}/resume")) == (409, "conflict")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("GET", "/cross", None),
        ("POST", "", {"bot": "other", "config": CONFIG}),
        ("POST", "/cross/pause", None),
        ("POST", "/cross/resume", None),
        ("PUT", "/cross/limits", {"limits": {}}),
        ("DELETE", "/cross?positions=close", None),
    ],
)
def test_bots_of_others_do_not_exist(traded: Client, method: str, path: str, body: Json | None) -> None:
    portfolio = create(traded).json["portfolio"]
    before = traded.get(BOTS)
    refused = traded.send(method, f"/v1/portfolios/{portfolio}/bots{path}", body, user=BOB)
    assert outcome(refused) == (404, "not_found")
    assert refused.json["detail"].startswith(f"you have no portfolio {portfolio}")
    assert traded.get(BOTS) == before


def test_bot_that_is_not_there_is_named(traded: Client) -> None:
    create(traded)
    refused = traded.send("POST", f"{BOTS}/crss/pause")
    assert outcome(refused) == (404, "not_found")
    assert "no bot crss (did you mean cross?)" in refused.json["detail"]


def test_bot_trades_a_run_or_a_config(traded: Client) -> None:
    refused = create(traded, fromRun="r1")
    assert (*outcome(refused), refused.json["detail"]) == (
        *(422, "invalid"),
        "give either fromRun, a run that was tested, or a config",
    )
    unknown = traded.send("POST", BOTS, {"bot": "cross", "fromRun": "r1"})
    assert outcome(unknown) == (404, "not_found")
