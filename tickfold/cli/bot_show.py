"""`tickfold bot list` and `show`: the bots of a portfolio, what they trade, and what they have made."""

import json
from typing import TYPE_CHECKING

from tickfold.cli.asking import ask
from tickfold.cli.bot_options import BotArgument, OfPortfolio
from tickfold.cli.console import note
from tickfold.cli.rows import AsCsv, AsJson, Value, check_formats, write_rows
from tickfold.cli.target import StackOutputs
from tickfold.cli.times import to_minute

if TYPE_CHECKING:
    from tickfold.protocol import BotSummary, BotView

BOTS = ("bot", "symbol", "strategy", "status", "equity", "profit", "cash", "shares", "trades", "last_bar")


def list_bots(
    portfolio: OfPortfolio, as_csv: AsCsv = False, as_json: AsJson = False, stack_outputs: StackOutputs = None
) -> None:
    """List the bots of a portfolio by id, those that are stopped last, with what they had at their end.

    Example: tickfold bot list --portfolio growth
    """
    check_formats(as_csv, as_json)
    found = ask(stack_outputs, lambda client: client.list_bots(portfolio))
    write_rows(BOTS, map(_row, found), as_csv, as_json, folds=False)
    if not found:
        note(f"{portfolio} has no bots yet: see `tickfold bot create`")


def show(
    bot: BotArgument,
    portfolio: OfPortfolio,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Show what a bot trades and since when, what it has made, and its limits.

    Example: tickfold bot show cross --portfolio growth
    """
    check_formats(as_csv, as_json)
    found = ask(stack_outputs, lambda client: client.get_bot(portfolio, bot))
    write_rows(("figure", "value"), _figures(found), as_csv, as_json, folds=False)


def _row(each: "BotSummary") -> list[Value]:
    figures = [each.equity, each.profit, each.cash, each.shares, each.trades]
    return [each.bot, each.symbol, each.strategy, each.status, *figures, _time(each.last_bar)]


def _figures(shown: "BotView") -> list[tuple[str, Value]]:
    config = shown.config
    return [
        ("bot", shown.bot),
        ("status", shown.status),
        ("reason", shown.reason),
        ("symbol", shown.symbol),
        ("strategy", shown.strategy),
        ("parameters", json.dumps(config.parameters)),
        ("code", shown.code),
        ("from_run", shown.from_run),
        ("run_code", shown.run_code),
        ("since", to_minute(shown.since)),
        ("warm", shown.warm),
        ("last_bar", _time(shown.last_bar)),
        ("bars", shown.bars),
        ("capital", shown.capital),
        ("equity", shown.equity),
        ("profit", shown.profit),
        ("cash", shown.cash),
        ("shares", shown.shares),
        ("entry_price", shown.entry_price),
        ("trades", shown.trades),
        ("peak_equity", shown.peak_equity),
        ("day_start_equity", shown.day_start_equity),
        *((f"limit {name}", json.dumps(value)) for name, value in shown.limits.model_dump(exclude_none=True).items()),
    ]


def _time(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else to_minute(milliseconds)
