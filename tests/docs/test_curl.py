"""The page on the HTTP API: its requests work as written, with nothing but curl."""

import json
import re
import subprocess
from pathlib import Path

from embedded.stack import EmbeddedStack
from tests.market_data.feed.stored import feed_bars, store
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList

PAGE = Path(__file__).parents[2] / "docs/how-to/use-the-http-api.md"


def feed_symbol(stack: EmbeddedStack, symbol: str) -> None:
    """Have the feed fetch a symbol, as the page says, which has given five bars."""
    table = stack.cloud.table(stack.outputs["bars_table"])
    WatchList(table).add([symbol], "XNYS", "test")
    store(HotStore(table), symbol, feed_bars(5))


def test_requests_of_the_page_work_as_written(stack: EmbeddedStack, tmp_path: Path) -> None:
    feed_symbol(stack, "AAPL")
    blocks = [block for block in re.findall(r"```sh\n(.+?)```", PAGE.read_text(), re.DOTALL) if "curl" in block]
    given = {"URL": stack.outputs["http_url"], "TOKEN": stack.token("ada"), "PATH": "/usr/bin:/bin"}
    # Each answer in a line of its own.
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks).replace("-sS", r"-sS -w '\n'")],
        cwd=tmp_path,
        env=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answers = [json.loads(line) for line in done.stdout.strip().splitlines()]
    whoami, bars, accepted, equity, trades = answers[:5]
    assert whoami["userId"] == "ada"
    assert 50 < len(bars["candles"]) <= 100
    assert accepted["type"] == "accepted"
    assert equity["bars"] == 754
    assert len(trades["trades"]) == 10
    portfolio, placed, changed, orders, positions, cancelled, rule, test, alerts = answers[5:]
    assert (portfolio["type"], portfolio["equity"]) == ("portfolio", 10_000)
    assert (placed["order"]["orderId"], changed["order"]["terms"]["limit"]) == ("first", 91)
    assert orders["orders"] == [changed["order"]]
    assert positions["positions"] == []
    assert cancelled["order"]["status"] == "cancelled"
    assert rule["rule"]["status"] == "armed"
    assert [each["alert"] for each in alerts["alerts"]] == [test]
