"""Trading end to end: a replayed session through feed, trader and portfolio is `tickfold run` over the same bars.

They are real: each is a day of GOOG, as a minute of the session.
"""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from embedded.replay import Recording, recordings
from embedded.schedules import MINUTE, Schedules
from embedded.stack import EmbeddedStack
from tests.cli.conftest import Command, tickfold
from tests.conftest import url_for
from tests.e2e.bots_portfolio import BotsPortfolio
from tests.e2e.release import deployed
from tests.e2e.websocket_client import run, start
from tests.golden import GOOG
from tests.market_data.feed.market import HALF_DAY, minutes_of
from tests.market_data.feed.recording import write_minutes
from tickfold.backtests.recorded_run import ClosedTrades, decode_curve, decode_trades
from tickfold.engine.bars import Bars
from tickfold.market_data.bar_file import read_bar_file
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.protocol.journal import BarSeen, BotStep
from tickfold.storage import layout

__all__ = ["tickfold"]

README = Path(__file__).parents[2] / "README.md"
KILLS = 10
DIES = """
import os, pathlib, random
from functions.trading import trade_itself
from tickfold.portfolios import store
from tickfold.storage.dynamodb import transact

marks = pathlib.Path({marks!r})

def dies(before):
    \"\"\"Each kill is marked by a file, so that there are so many and no more.\"\"\"
    if random.random() < 0.5:
        try:
            (marks / f"{{len(list(marks.iterdir())):02d}}-{{'before' if before else 'after'}}").touch(exist_ok=False)
        except FileExistsError:
            return
        os._exit(1)

def transact_or_die(table, writes):
    alive = len(list(marks.iterdir())) >= {kills}
    alive or dies(before=True)
    transact(table, writes)
    alive or dies(before=False)

store.transact = transact_or_die
handler = trade_itself.handler
"""
CONFIG: dict[str, Any] = {
    "strategy": "sma_cross",
    "parameters": {"fast": 2, "slow": 5},
    "timeframe": "1m",
    "commission": 0.001,
    "slippage": 0.0001,
    "stopLoss": 0.002,
    "closeAtEnd": False,
}
EVERY = 7
"""Minutes between two ticks of the feed, so that ticks bring several bars."""
CLAIM = re.compile(r"^tickfold (bot compare cross --portfolio) growth$", re.MULTILINE)


@pytest.fixture
def recording(stack: EmbeddedStack, replayed: Path) -> Iterator[tuple[Recording, Bars]]:
    """A session of a new symbol."""
    session = minutes_of(HALF_DAY)
    days = read_bar_file(GOOG, "1d").bars[: len(session)]
    bars = replace(days, timestamp=session.timestamp)
    file = replayed / f"T{secrets.token_hex(3).upper()}.csv"
    write_minutes(file, bars)
    (recording,) = recordings(file)
    yield recording, bars
    WatchList(stack.cloud.table(stack.outputs["bars_table"])).remove([recording.symbol])
    file.unlink()


def test_replayed_session_with_kills_trades_as_a_run_over_the_same_range(
    stack: EmbeddedStack,
    recording: tuple[Recording, Bars],
    tmp_path: Path,
    tickfold: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known, bars = recording
    portfolio = f"replayed-{known.symbol.lower()}"
    trading = BotsPortfolio(stack, portfolio)
    trading.start_bot(known.symbol, **CONFIG)
    with deployed(stack, "trade", DIES.format(marks=str(tmp_path), kills=KILLS)):
        WatchList(stack.cloud.table(stack.outputs["bars_table"])).add([known.symbol], known.market, "trader")
        schedules = Schedules(stack.cloud, {known.market})
        for count in range(EVERY, len(bars) + EVERY, EVERY):
            schedules.fire(known.first + (count + 1) * MINUTE)
            trade(stack)  # as its schedule does, beside the event
        while trading.state().last_bar < bars.timestamp[-1]:
            trade(stack)
    kills = sorted(mark.name[3:] for mark in tmp_path.iterdir())
    assert len(kills) == KILLS
    assert trading.state().last_bar == bars.timestamp[-1]
    stack.client("lambda").invoke(
        FunctionName="tickfold-embedded-compact:live",
        Payload=json.dumps({"scheduled_time": f"{datetime(2025, 11, 28, 22, tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}"}),
    )
    day = f"{HALF_DAY}"
    messages = run(url_for(stack, "trader"), start(known.symbol, day, day, **CONFIG))
    assert messages[-1]["type"] == "result", messages[-1]
    run_id = messages[-1]["runId"]
    trades = decode_trades(stored(stack, layout.trades_key(run_id)))
    curve = decode_curve(stored(stack, layout.equity_key(run_id)), 10_000)
    assert_same_trades(trading.steps("exit"), trades)
    assert len(trades) > 3
    events = [event for event in trading.events() if isinstance(event, BarSeen)]
    assert [event.time * 1_000 for event in events] == curve.timestamp.tolist()
    assert [event.bots["cross"] for event in events] == curve.equity.tolist()
    monkeypatch.setenv("TICKFOLD_TOKEN", stack.token("trader"))
    (claim,) = CLAIM.findall(README.read_text())
    compared = tickfold(*claim.split(), portfolio)
    assert compared.status == 0, compared.stdout
    assert f"bars of equal equity,{len(bars)},{len(bars)},True" in compared.stdout.splitlines()
    state = trading.state()
    assert (state.equity, state.shares) == (curve.equity[-1], curve.shares[-1])


def assert_same_trades(exits: list[BotStep], trades: ClosedTrades) -> None:
    assert [step.quantity for step in exits] == trades.quantity.tolist()
    assert [step.price for step in exits] == trades.exit_price.tolist()
    assert [step.commission for step in exits] == trades.commission.tolist()
    assert [step.reason for step in exits] == trades.exit_reason.tolist()
    assert [step.time * 1_000 for step in exits] == trades.exit_time.tolist()


def trade(stack: EmbeddedStack) -> None:
    """Invoke the trader without an event, whether or not it lives on."""
    stack.client("lambda").invoke(FunctionName="tickfold-embedded-trade:live", Payload=b"{}")


def stored(stack: EmbeddedStack, key: str) -> bytes:
    body: bytes = stack.client("s3").get_object(Bucket=stack.outputs["bucket"], Key=key)["Body"].read()
    return body
