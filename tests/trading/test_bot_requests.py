"""The requests about bots: who may do what, what a run becomes, and what is sent back."""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.aws import ADA, RUNS
from tests.backtests.records import Connection, a_run, caller
from tests.market_data.feed.market import HALF_DAY, minutes_of
from tests.trading.desk import CASH, PORTFOLIO, Desk
from tickfold.backtests.run_store import RunStore, record_of
from tickfold.errors import RunError
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.series import utc
from tickfold.portfolios.market_time import MarketTime
from tickfold.protocol import BotMessage, BotsMessage, dump, parse_request
from tickfold.protocol.bots import BotRequest
from tickfold.strategies import BUILT_IN
from tickfold.strategies.code_version import code_version
from tickfold.trading.bot_requests import BotRequests

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

BARS = minutes_of(HALF_DAY)[:40]
SEEN = 10
NOW = utc(int(BARS.timestamp[SEEN - 1])) + timedelta(seconds=75)
CODE = code_version(BUILT_IN.strategies["sma_cross"])
OLD = "0123456789ab"
CONFIG: dict[str, Any] = {
    "stock": "GOOG",
    "startDate": "2025-11-28",
    "endDate": "2025-11-28",
    "startCapital": 10_000,
    "timeframe": "1m",
    "strategy": "sma_cross",
    "parameters": {"fast": 2, "slow": 5},
    "commission": 0.001,
}


@dataclass
class Door:
    """A way for Ada to send requests. The feed has the first minutes of a session of GOOG."""

    desk: Desk
    requests: BotRequests
    runs: Any

    def ask(self, user: str = "ada", **request: Any) -> Any:
        """Return the reply, as a client reads it."""
        parsed, ignored = parse_request(json.dumps({"portfolio": PORTFOLIO, **request}))
        assert not ignored
        connection = Connection()
        self.requests.carry_out(caller(connection, replace(ADA, user_id=user)), cast(BotRequest, parsed))
        (reply,) = connection.messages
        assert reply.correlation_id == "x1"
        return reply.model_copy(update={"correlation_id": None})

    def create(self, **more: Any) -> BotMessage:
        made: BotMessage = self.ask(**({"type": "create_bot", "bot": "cross", "fromRun": "tested"} | more))
        return made

    def trade(self, count: int) -> None:
        self.desk.feed("GOOG", BARS, count)
        self.desk.trader().advance(PORTFOLIO)

    def record(self, run_id: str, **fields: Any) -> None:
        given = {"status": "succeeded", "request": json.dumps(CONFIG), "code": CODE} | fields
        self.runs.put_item(Item=record_of(replace(a_run(run_id), **given)))


@pytest.fixture
def door(desk: Desk, dynamodb: "DynamoDBServiceResource") -> Door:
    watch_list = WatchList(cast(Any, desk.hot)._table)
    watch_list.add(["GOOG"], "XNYS", "ada")
    desk.feed("GOOG", BARS, SEEN)
    runs = dynamodb.Table(RUNS)
    door = Door(desk, BotRequests(desk.owner, RunStore(runs), MarketTime(desk.hot, watch_list, lambda: NOW)), runs)
    door.record("tested")
    return door


def refused(door: Door, **request: Any) -> str:
    before = door.desk.portfolio
    with pytest.raises(RunError) as error:
        door.ask(**request)
    assert door.desk.portfolio == before
    return f"{error.value.code}: {error.value}"


def test_bot_from_a_run_trades_its_config_from_the_next_bar_on(door: Door) -> None:
    made = door.create(capital=5_000, limits={"drawdown": "5%"})
    assert (made.portfolio, made.sequence) == (PORTFOLIO, 2)
    bot = made.bot
    config = json.loads(dump(bot.config))
    assert {name: config[name] for name in CONFIG} == CONFIG | {"endDate": "9999-12-31", "startCapital": 5_000} | {
        "commission": config["commission"]
    }
    assert config["adjustment"] == "raw"
    assert (bot.from_run, bot.code, bot.run_code, bot.warm) == ("tested", CODE, CODE, True)
    assert bot.limits.drawdown == 0.05
    assert (bot.status, bot.equity, bot.last_bar, bot.profit) == ("running", 5_000, None, 0)
    assert bot.since * 1_000 == BARS.timestamp[SEEN + 1]  # of the bar after the one that is not over
    assert door.desk.portfolio.cash == CASH - 5_000
    assert door.create(capital=5_000) == made
    assert "has another bot cross" in refused(door, type="create_bot", bot="cross", fromRun="tested")
    door.trade(14)
    stepped: BotMessage = door.ask(type="get_bot", bot="cross")
    assert (stepped.bot.bars, cast(int, stepped.bot.last_bar) * 1_000) == (3, BARS.timestamp[13])


def test_bot_of_a_config_needs_no_run(door: Door) -> None:
    made = door.create(fromRun=None, config=CONFIG, warm=False)
    assert (made.bot.from_run, made.bot.run_code, made.bot.warm, made.bot.capital) == (None, None, False, 10_000)


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ({"user_id": "bob"}, "not_found: there is no run r"),
        ({"status": "running"}, "conflict: run r is running: give one that has succeeded"),
        (
            {"code": OLD},
            f"conflict: run r tested code {OLD} of strategy sma_cross, which is now {CODE}: run it",
        ),
        (
            {"request": json.dumps(CONFIG | {"timeframe": "1d"})},
            "invalid: a bot trades the feed's bars of 1m, not of 1d",
        ),
        ({"request": json.dumps(CONFIG | {"stock": ["GOOG"]})}, "invalid: a bot trades one symbol"),
        ({"request": json.dumps(CONFIG | {"stock": "MSFT"})}, "not_found: the feed does not fetch MSFT"),
        ({"request": json.dumps(CONFIG | {"strategy": "gone"})}, "invalid: unknown strategy 'gone'"),
        (
            {"request": json.dumps(CONFIG | {"rankBy": "sharpe", "parameters": {"fast": [2, 3]}})},
            "invalid: run r is a sweep",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else next(iter(value)),
)
def test_run_that_no_bot_can_trade_is_refused(door: Door, run: dict[str, Any], reason: str) -> None:
    door.record("r", **run)
    assert refused(door, type="create_bot", bot="b", fromRun="r").startswith(reason)


def test_code_that_no_run_has_tested_is_traded_if_that_is_wanted(door: Door) -> None:
    door.record("older", code=OLD)
    made = door.create(fromRun="older", adoptCode=True)
    assert (made.bot.code, made.bot.run_code) == (CODE, OLD)
    door.record("unknown", code=None)
    assert door.create(bot="other", fromRun="unknown").bot.run_code is None


def test_wrong_limits_are_refused(door: Door) -> None:
    wrong = {"hours": ["21:00", "14:30"]}
    assert "21:00 to 14:30" in refused(door, type="create_bot", bot="b", fromRun="tested", limits=wrong)
    door.create()
    assert "21:00 to 14:30" in refused(door, type="set_bot_limits", bot="cross", limits=wrong)


@pytest.mark.parametrize(
    "request_",
    [
        {"type": "create_bot", "fromRun": "tested"},
        {"type": "list_bots"},
        {"type": "get_bot"},
        {"type": "pause_bot"},
        {"type": "resume_bot"},
        {"type": "stop_bot", "positions": "keep"},
        {"type": "set_bot_limits", "limits": {}},
    ],
    ids=lambda request: request["type"],
)
def test_nobody_but_the_owner_may_do_anything(door: Door, request_: dict[str, Any]) -> None:
    more = {} if request_["type"] == "list_bots" else {"bot": "cross"}
    assert refused(door, user="bob", **request_, **more).startswith("not_found: you have no")


def test_bot_is_paused_limited_resumed_and_stopped(door: Door) -> None:
    door.create()
    for _ in range(2):
        paused = door.ask(type="pause_bot", bot="cross").bot
        assert (paused.status, paused.reason) == ("paused", "by ada")
    limited = door.ask(type="set_bot_limits", bot="cross", limits={"position": 50_000}).bot
    assert limited.limits.model_dump(exclude_none=True) == {"position": 50_000}
    for _ in range(2):
        assert door.ask(type="resume_bot", bot="cross").bot.status == "running"
    door.trade(40)
    kept: BotMessage = door.ask(type="stop_bot", bot="cross", positions="keep")
    assert kept.bot.status == "stopped"
    assert door.ask(type="stop_bot", bot="cross", positions="close") == kept
    assert door.desk.portfolio.bots == {}
    assert "cannot become running" in refused(door, type="resume_bot", bot="cross")
    assert "is stopped" in refused(door, type="set_bot_limits", bot="cross", limits={})
    whats = [step.what for step in door.desk.steps("cross") if step.what not in ("entry", "exit")]
    assert whats == ["started", "paused", "limits_set", "resumed", "stopped"]
    (told,) = door.desk.steps("cross", "limits_set")
    assert told.limits == limited.limits


def test_bots_are_listed_with_what_they_have_made(door: Door) -> None:
    assert door.ask(type="list_bots").bots == []
    for name in ("ended", "cross", "swing"):
        door.create(bot=name, warm=False)
    door.ask(type="stop_bot", bot="ended", positions="close")
    door.trade(40)
    listed: BotsMessage = door.ask(type="list_bots")
    assert [each.bot for each in listed.bots] == ["cross", "swing", "ended"]
    state, row = door.desk.run_of("cross").state, listed.bots[0]
    assert (row.cash, row.shares, row.equity, row.trades) == (state.cash, state.shares, state.equity, state.trades)
    assert row.profit == state.equity - 10_000 != 0
    assert "has no bot crass (did you mean cross?); it has: cross, ended, swing" in refused(
        door, type="get_bot", bot="crass"
    )
