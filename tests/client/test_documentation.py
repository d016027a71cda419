"""The page about the client is true: its example runs, and its numbers are the code's."""

import asyncio
import os
import re
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from tests.client.fake_stack import OPEN, Series, progress, result, stack, stack_in_thread
from tickfold.client import Client, Patience
from tickfold.client.portfolios import PortfolioClient
from tickfold.client.run import WINDOW
from tickfold.client.subscription import MOST_KEPT
from tickfold.client.topic_stream import MOST_ITEMS

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "use-the-client.md").read_text()


def test_example_of_page_runs() -> None:
    example, _ = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    with stack_in_thread(plan=[progress(2, ""), result(3, "")]) as fake:
        environment = os.environ | {"TICKFOLD_WEBSOCKET_URL": fake.url, "TICKFOLD_TOKEN": "secret"}
        ended = subprocess.run(
            [sys.executable, "-c", example], env=environment, capture_output=True, text=True, timeout=30, check=False
        )
    assert (ended.stdout, ended.stderr) == ("2 of 100 chunks\n12345.0\n", "")
    assert fake.attempts == ["secret"]


def test_example_of_bars_runs() -> None:
    _, example = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    printed: list[tuple[Any, ...]] = []

    async def follow() -> None:
        async with stack(series={"GOOG": Series(last=10, session=8)}) as fake, asyncio.timeout(10):
            names = {"Client": Client, "url": fake.url, "token": None, "print": lambda *line: printed.append(line)}
            body = "async def example():\n" + textwrap.indent(example, "    ")
            exec(body, names)  # noqa: S102 - the page's own code
            following = asyncio.create_task(cast(Any, names["example"])())
            await fake.until(lambda: bool(fake.subscribers["GOOG"]))
            await fake.store("GOOG")
            while len(printed) < 3:
                await asyncio.sleep(0)
            following.cancel()
            await asyncio.wait([following])

    asyncio.run(follow())
    assert printed[-1] == (OPEN + timedelta(minutes=10), 11.25, 7.0, 11.125)


def test_every_method_is_documented() -> None:
    known = {**vars(PortfolioClient), **vars(Client)}
    methods = [name for name, member in known.items() if callable(member) and not name.startswith("_")]
    assert [name for name in methods if f"`{name}(" not in PAGE] == []


def test_documented_numbers_are_the_defaults() -> None:
    patience = Patience()
    assert f"every {patience.heartbeat:g} s" in PAGE
    assert f"no answer comes within {patience.answer:g} s" in PAGE
    assert (patience.gap, patience.margin, patience.reconnecting, patience.connection) == (3, 60, 180, 7_200)
    assert (patience.run, patience.opening, patience.closing, patience.quiet) == (3_600, 15, 1, 180)
    assert (patience.first_retry, patience.longest_retry) == (0.5, 15)
    assert f"A handle buffers {WINDOW} events" in PAGE
    assert f"A subscription buffers {MOST_KEPT}" in PAGE
    assert f"`bars` buffers {MOST_ITEMS:,}" in PAGE
