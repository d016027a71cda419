"""What the shell completes: symbols, strategies, ids of runs and more. Quick, silent, empty where nothing is known."""

import ast
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

import tickfold
from tickfold.alarm import alarm

if TYPE_CHECKING:
    from tickfold.client import Client

SECONDS = 3.0
"""How long a completion may take: a shell waits for it."""
_RUNS = 50

_STRATEGIES = Path(tickfold.__file__).parent / "strategies" / "builtin"
_OWN_STRATEGIES = Path(tickfold.__file__).parents[1] / "strategies"


def symbols(context: typer.Context, incomplete: str) -> list[str]:
    """Return the symbols that are loaded; after a comma, each behind those that are written already."""
    before = incomplete[: incomplete.rfind(",") + 1]
    return [before + symbol for symbol in _in_time(lambda: _symbols(context))]


def run_ids(context: typer.Context) -> list[str]:
    """Return the ids of the user's runs, newest first."""
    return _in_time(lambda: _asked(context, _run_ids))


def feed_symbols(context: typer.Context) -> list[str]:
    """Return the symbols that the feed fetches."""
    return _in_time(lambda: _asked(context, _feed_symbols))


def portfolios(context: typer.Context) -> list[str]:
    """Return the names of the user's portfolios."""
    return _in_time(lambda: _asked(context, _portfolios))


def order_ids(context: typer.Context) -> list[str]:
    """Return the ids of the open orders of the portfolio that is written before, the latest first."""
    portfolio = context.params.get("portfolio") or ""

    async def listed(client: "Client") -> list[str]:
        return [each.order_id for each in await client.list_orders(portfolio)]

    return _in_time(lambda: _asked(context, listed))


def bots(context: typer.Context) -> list[str]:
    """Return the ids of the bots of the portfolio that is named already, else of all."""
    return _in_time(lambda: _asked(context, lambda client: _bots(client, context.params.get("portfolio"))))


def strategies() -> list[str]:
    """Return the names of the strategies, built in and own, without running their files."""
    return sorted({*(file.stem for file in _STRATEGIES.glob("[!_]*.py")), *own_strategies(_OWN_STRATEGIES)})


def _symbols(context: typer.Context) -> list[str]:
    from tickfold.cli.target import find_target  # noqa: PLC0415 - slow to load, and help needs none
    from tickfold.market_data.series_catalog import SeriesCatalog  # noqa: PLC0415

    target = find_target(context.params.get("stack_outputs"))
    return [*SeriesCatalog(target.s3(), target.output("bucket")).symbols()]


def alert_rules(context: typer.Context) -> list[str]:
    """Return the ids of the user's alert rules."""
    return _in_time(lambda: _asked(context, _alert_rules))


async def _alert_rules(client: "Client") -> list[str]:
    return [each.rule_id for each in await client.alert_rules()]


async def _feed_symbols(client: "Client") -> list[str]:
    return [each.symbol for each in await client.feed()]


async def _portfolios(client: "Client") -> list[str]:
    return [each.name for each in await client.list_portfolios()]


async def _bots(client: "Client", portfolio: str | None) -> list[str]:
    named = [portfolio] if portfolio else await _portfolios(client)
    return [each.bot for name in named for each in await client.list_bots(name)]


async def _run_ids(client: "Client") -> list[str]:
    return [run.run_id for run in (await client.list_runs(_RUNS)).runs]


def _asked(context: typer.Context, ask: Callable[["Client"], Awaitable[list[str]]]) -> list[str]:
    import asyncio  # noqa: PLC0415 - slow to load, and help needs none

    from tickfold.cli.follow import client_of  # noqa: PLC0415 - loads the client
    from tickfold.cli.target import find_target  # noqa: PLC0415

    async def answered() -> list[str]:
        async with client_of(find_target(context.params.get("stack_outputs"))) as client:
            return await ask(client)

    return asyncio.run(answered())


def _in_time(look_up: Callable[[], list[str]]) -> list[str]:
    """Return what `look_up` finds; nothing if it fails or takes too long, as a shell has no place for a message."""
    with suppress(Exception), alarm(SECONDS, TimeoutError()):
        return look_up()
    return []


def own_strategies(folder: Path) -> Iterator[str]:
    """Yield the names that the classes in a folder's files state, without running them."""
    for file in folder.glob("[!_]*.py"):
        with suppress(OSError, SyntaxError, ValueError):
            classes = (node for node in ast.parse(file.read_bytes()).body if isinstance(node, ast.ClassDef))
            yield from (name for each in classes for name in _stated_name(each))


def _stated_name(definition: ast.ClassDef) -> Iterator[str]:
    for node in definition.body:
        match node:
            case ast.AnnAssign(target=ast.Name("name"), value=ast.Constant(str(name))):
                yield name
            case ast.Assign(targets=[ast.Name("name")], value=ast.Constant(str(name))):
                yield name
            case _:
                pass
