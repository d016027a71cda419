"""`tickfold bot compare`: a bot beside the run of its config over the same bars."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tickfold.cli.asking import ask
from tickfold.cli.bot_options import BotArgument, OfPortfolio
from tickfold.cli.console import note
from tickfold.cli.rows import AsCsv, AsJson, check_formats, write_rows
from tickfold.cli.target import StackOutputs, find_target
from tickfold.cli.times import to_minute

if TYPE_CHECKING:
    from tickfold.client import Client
    from tickfold.trading.comparison import Comparison


def compare(
    bot: BotArgument,
    portfolio: OfPortfolio,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Compare what a bot has done with the run of its config over the same bars: trades, equity of each bar, and cash.

    The bars are read from the stack, and the run is carried out here. Exit status 0 only if both are equal to the last
    bit; a bot that was paused or stopped meanwhile is not.

    Example: tickfold bot compare cross --portfolio growth
    """
    check_formats(as_csv, as_json)
    found = _compared(bot, ask(stack_outputs, lambda client: _id_of(client, portfolio, bot)), stack_outputs)
    rows = ((row.figure, row.bot, row.run, row.equal) for row in found.rows)
    write_rows(("figure", "bot", "run", "equal"), rows, as_csv, as_json, folds=False)
    if difference := found.difference:
        for step in found.told:
            note(f"the bot {step.what} at {to_minute(step.time)}" + (f": {step.reason}" if step.reason else ""))
        note(f"first difference, {difference.figure}: the bot has {difference.bot}, the run {difference.run}")
        raise typer.Exit(1)


async def _id_of(client: "Client", portfolio: str, bot: str) -> str:
    """Return the id of a portfolio that is the user's, and has the bot."""
    await client.get_bot(portfolio, bot)
    return (await client.get_portfolio(portfolio)).portfolio.portfolio


def _compared(bot: str, portfolio: str, stack_outputs: Path | None) -> "Comparison":
    from tickfold.market_data.bar_store import BarStore  # noqa: PLC0415 - slow to import, and help needs none
    from tickfold.market_data.feed.hot_store import HotStore  # noqa: PLC0415
    from tickfold.portfolios.store import PortfolioStore  # noqa: PLC0415
    from tickfold.strategies import Registry  # noqa: PLC0415
    from tickfold.strategies.files import FOLDER  # noqa: PLC0415
    from tickfold.trading import comparison  # noqa: PLC0415
    from tickfold.trading.bot_store import BotStore  # noqa: PLC0415
    from tickfold.trading.bots import Bots  # noqa: PLC0415
    from tickfold.trading.tape import Tape  # noqa: PLC0415

    target = find_target(stack_outputs)
    portfolios, registry = PortfolioStore(target.trading()), Registry.discover(FOLDER)
    stored = Bots(portfolios, BotStore(target.trading()), registry).find(portfolio, bot)
    tape = Tape(HotStore(target.bars()), BarStore(target.s3(), target.output("bucket")))
    return comparison.compare(stored, portfolios.entries_after(portfolio, 0), tape, registry)
