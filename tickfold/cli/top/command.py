"""`tickfold top`: the command."""

import json
import math
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.console import stdout
from tickfold.cli.follow import client_of
from tickfold.cli.target import StackOutputs, Target, find_target
from tickfold.cli.termination import ended_by_sigterm

if TYPE_CHECKING:
    from tickfold.cli.top.snapshot import Snapshot


def top(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Print everything once, and end; the default where nothing can be drawn.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write it once, as a JSON document.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Watch the feed, your portfolios, positions and bots, and the last alerts and fills, on one screen.

    Keys: q quits, p pauses the screen, s sorts the portfolios by name, equity, profit of the day or drawdown; arrows,
    PageUp and PageDown scroll the sections that have more rows than there is room for. The change is since the open of
    the session, the day is that of the portfolio's last bar, drawdown is from its highest equity.

    Example: tickfold top

    Example: tickfold top --json
    """
    import asyncio  # noqa: PLC0415 - slow to load, and help needs none

    target = find_target(stack_outputs)
    if not once and not as_json and sys.stdout.isatty() and not stdout().is_dumb_terminal:
        with ended_by_sigterm():
            asyncio.run(_live(target))
        return
    snapshot = asyncio.run(_read(target))
    if as_json:
        typer.echo(json.dumps(snapshot.document(), indent=2, ensure_ascii=False))
    else:
        _print(snapshot)


async def _read(target: Target) -> "Snapshot":
    from tickfold.cli.top.source import Source  # noqa: PLC0415 - loads the client
    from tickfold.cli.top.state import TopState  # noqa: PLC0415

    state = TopState()
    async with client_of(target) as client:
        await Source(client, state).begin()
    return state.snapshot()


async def _live(target: Target) -> None:
    import asyncio  # noqa: PLC0415 - as above

    from tickfold.cli.top.source import Source  # noqa: PLC0415
    from tickfold.cli.top.state import TopState  # noqa: PLC0415
    from tickfold.cli.top.terminal import LiveScreen  # noqa: PLC0415
    from tickfold.client import Patience  # noqa: PLC0415

    state = TopState()
    screen = LiveScreen(state)
    # Who leaves it open over a night wants it to go on in the morning: it tries to connect until it is ended.
    async with client_of(target, screen.note_connection, Patience(reconnecting=math.inf)) as client:
        source = Source(client, state, screen.note_changed)
        tasks = [asyncio.create_task(screen.run(client, source)), asyncio.create_task(source.follow())]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _print(snapshot: "Snapshot") -> None:
    from tickfold.cli.top.screen import report  # noqa: PLC0415 - loads rich

    if not sys.stdout.isatty():
        for line in report(snapshot):
            typer.echo(line.plain.rstrip())
        return
    console = stdout()
    for line in report(snapshot, console.width):
        console.print(line, soft_wrap=True)
