"""`tickfold feed list`, `add` and `remove`: the symbols that the feed fetches every minute of the session."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tickfold.cli.asking import ask
from tickfold.cli.completion import feed_symbols
from tickfold.cli.console import note
from tickfold.cli.data_load import symbol
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, write_rows
from tickfold.cli.target import StackOutputs
from tickfold.cli.times import to_minute
from tickfold.errors import RunError
from tickfold.protocol.formats import counted
from tickfold.protocol.spelling import suggestion
from tickfold.protocol.symbol import shown_symbols

if TYPE_CHECKING:
    from tickfold.client import Client
    from tickfold.protocol import FeedSymbol

COLUMNS = ("symbol", "market", "timeframe", "last_bar", "bars", "provider", "quarantined")


def list_symbols(as_csv: AsCsv = False, as_json: AsJson = False, stack_outputs: StackOutputs = None) -> None:
    """List the symbols that the feed fetches: market, timeframe, start of the last bar (UTC), number of bars, the
    provider of the last one, and how many bars were held back since they cannot be right.

    Example: tickfold feed list
    """
    check_formats(as_csv, as_json)
    found = ask(stack_outputs, lambda client: client.feed())
    write_rows(COLUMNS, map(_row, found), as_csv, as_json, folds=False)
    if not found:
        note("the feed fetches no symbols: see `tickfold feed add`")


def add(
    names: Annotated[list[str], typer.Argument(parser=symbol, metavar="SYMBOL", help="Symbols of the provider.")],
    market: Annotated[
        Literal["XNYS", "24/7"],
        typer.Option(help="When they trade: in the sessions of the New York Stock Exchange, or around the clock."),
    ] = "XNYS",
    stack_outputs: StackOutputs = None,
) -> None:
    """Have the feed fetch symbols from its next tick on. A symbol that it fetches already gets the market.

    Example: tickfold feed add GOOG AAPL

    Example: tickfold feed add BTC/USD --market 24/7
    """
    found = ask(stack_outputs, lambda client: client.add_feed_symbols(names, market))
    typer.echo(f"the feed fetches {', '.join(names)}: {counted(len(found), 'symbol')} in all")


def remove(
    names: Annotated[
        list[str],
        typer.Argument(
            parser=symbol, metavar="SYMBOL", help="As `tickfold feed list` shows them.", autocompletion=feed_symbols
        ),
    ],
    stack_outputs: StackOutputs = None,
) -> None:
    """Have the feed fetch symbols no longer. Their bars stay.

    Example: tickfold feed remove GOOG
    """

    async def removed(client: "Client") -> "list[FeedSymbol]":
        known = [each.symbol for each in await client.feed()]
        for name in names:
            if name not in known:
                raise RunError(f"the feed does not fetch {name}{suggestion(name, known)}; nothing is removed")
        return await client.remove_feed_symbols(names)

    left = [each.symbol for each in ask(stack_outputs, removed)]
    still = f"{counted(len(left), 'symbol')} left: {shown_symbols(','.join(left))}" if left else "no symbol is left"
    typer.echo(f"the feed fetches {', '.join(names)} no longer; {still}")


def _row(each: "FeedSymbol") -> list[Value]:
    last = each.last_bar and to_minute(each.last_bar)
    return [each.symbol, each.market, each.timeframe, last, each.sequence, each.provider, each.quarantined]
