"""`tickfold portfolio journal`: everything that has changed a portfolio, in order, and what follows."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

import typer

from tickfold.cli.asking import ask
from tickfold.cli.portfolio_options import PortfolioArgument
from tickfold.cli.target import StackOutputs

if TYPE_CHECKING:
    from tickfold.client import Client
    from tickfold.protocol import JournalEntry


def journal(
    portfolio: PortfolioArgument,
    after: Annotated[int, typer.Option(min=0, metavar="NUMBER", help="Begin with the entry after this one.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with each entry once it is written.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Print the journal of a portfolio: each entry as a line of JSON.

    Example: tickfold portfolio journal growth --follow
    """
    ask(stack_outputs, lambda client: _print(client, portfolio, after, follow=follow))


async def _print(client: "Client", portfolio: str, after: int, *, follow: bool) -> None:
    async for entry in _entries(client, portfolio, after, follow=follow):
        typer.echo(entry.model_dump_json(by_alias=True, exclude={"version", "run_id"}))


async def _entries(client: "Client", portfolio: str, after: int, *, follow: bool) -> AsyncIterator["JournalEntry"]:
    """Yield the entries by pages, and then as they come: a stream begins late where much is to be made up."""
    last = after
    async for entry in client.journal_entries(portfolio, after):
        last = entry.sequence
        yield entry
    if follow:
        async for entry in await client.journal(portfolio, last):
            yield entry
