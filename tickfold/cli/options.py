"""The options that say what to run and on which terms, which every command that starts runs has alike."""

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from tickfold.cli.symbols import symbols_of
from tickfold.cli.target import Target
from tickfold.engine.decisions.orders import Direction, Fill
from tickfold.errors import RunError
from tickfold.protocol import TAGS, BacktestConfig, SweepConfig
from tickfold.protocol.validation import explain

OPTIONS = {
    "stock": "--symbol",
    "startDate": "--start",
    "endDate": "--end",
    "startCapital": "--capital",
    "strategy": "--strategy",
    "parameters": "--param",
    "timeframe": "--timeframe",
    "direction": "--direction",
    "fill": "--fill",
    "limit": "--limit",
    "limitBars": "--limit-bars",
    "stopLoss": "--stop-loss",
    "takeProfit": "--take-profit",
    "trailingStop": "--trailing-stop",
    "maxBars": "--max-bars",
    "sizing.kind": "--size",
    "sizing.value": "--size",
    "sizing.bars": "--size",
    "sizing": "--size",
    "fractionalShares": "--fractional",
    "commission.relative": "--commission",
    "commission.perShare": "--commission-per-share",
    "commission.fixed": "--commission-fixed",
    "commission.minimum": "--commission-minimum",
    "spread": "--spread",
    "slippage": "--slippage",
    "closeAtEnd": "--close-at-end",
    "chunks": "--chunks",
    "rankBy": "--rank",
    "walkForward": "--walk-forward",
}
"""The protocol's names of what the options set."""

DAYS = ["%Y-%m-%d"]
BARS, STRATEGY, ORDERS, MONEY = "Bars", "Strategy", "Orders", "Money"  # the panels of --help
SHARE = "0.002, 0.2% or 20bp."

Kind = TypeVar("Kind", BacktestConfig, SweepConfig)


def parameter(text: str) -> tuple[str, float]:
    """Parse `name=value`.

    Raises:
        BadParameter: it is no such pair, or the value is no number.
    """
    name, equals, value = text.partition("=")
    if not (name.strip() and equals):
        raise typer.BadParameter(f"{text!r} is not name=value, such as fast=10")
    try:
        number = int(value) if re.fullmatch(r"\s*[+-]?\d+\s*", value) else float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise typer.BadParameter(f"{text!r}: {value!r} is not a number")
    return name.strip(), number


def sizing(text: str) -> dict[str, Any]:
    """Parse `kind:number` or `kind:number:bars`; whether they are right is for the protocol to say.

    Raises:
        BadParameter: it is not of that form.
    """
    match = re.fullmatch(r"([a-z]+):([^:]+)(?::(\d+))?", text)
    if not match:
        raise typer.BadParameter(f"{text!r} is not kind:number, such as fraction:0.5 or cash:5000")
    return {"kind": match[1], "value": match[2]} | ({"bars": match[3]} if match[3] else {})


def distinct(pairs: list[Any] | None) -> list[Any] | None:
    """Refuse a parameter that is given twice."""
    names = [name for name, _ in pairs or []]
    if twice := {name for name in names if names.count(name) > 1}:
        raise typer.BadParameter(f"{', '.join(sorted(twice))} is given more than once")
    return pairs


def known_by_name(text: str) -> str:
    """Refuse a strategy that is given as a file: the workers are not on this machine, and run what was deployed."""
    if text.endswith(".py") or "/" in text:
        raise typer.BadParameter(
            f"{text} is a file; give a strategy's name. To run your own, put its file into strategies/, "
            "deploy again (`pulumi up`, or stop and start `tickfold up`), and give the name that its class has"
        )
    return text


def terms(
    *,
    timeframe: Annotated[
        str | None,
        typer.Option(
            help="Such as 1m, 1h, 1d. Left out: the coarsest that is loaded.", rich_help_panel=BARS, metavar="TIME"
        ),
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(
            formats=DAYS, help="First UTC day. Left out: the first bar's.", rich_help_panel=BARS, metavar="DAY"
        ),
    ] = None,
    end: Annotated[
        datetime | None,
        typer.Option(
            formats=DAYS, help="Last UTC day, inclusive. Left out: the last bar's.", rich_help_panel=BARS, metavar="DAY"
        ),
    ] = None,
    direction: Annotated[Direction, typer.Option(help="Sides that may be held.", rich_help_panel=STRATEGY)] = "both",
    fill: Annotated[
        Fill, typer.Option(help="Fill at the next open, or at the close that decides.", rich_help_panel=ORDERS)
    ] = "open",
    limit: Annotated[
        str | None,
        typer.Option(
            help=f"Enter by a limit order, so much better than the close. {SHARE}",
            rich_help_panel=ORDERS,
            metavar="FRACTION",
        ),
    ] = None,
    limit_bars: Annotated[
        int | None, typer.Option(help="How long a limit order lives.", rich_help_panel=ORDERS, metavar="BARS")
    ] = None,
    stop_loss: Annotated[
        str | None, typer.Option(help=f"Leave at this loss. {SHARE}", rich_help_panel=ORDERS, metavar="FRACTION")
    ] = None,
    take_profit: Annotated[
        str | None, typer.Option(help=f"Leave at this profit. {SHARE}", rich_help_panel=ORDERS, metavar="FRACTION")
    ] = None,
    trailing_stop: Annotated[
        str | None,
        typer.Option(help=f"Leave so far from the best price. {SHARE}", rich_help_panel=ORDERS, metavar="FRACTION"),
    ] = None,
    max_bars: Annotated[
        int | None, typer.Option(help="Hold no longer than this.", rich_help_panel=ORDERS, metavar="BARS")
    ] = None,
    close_at_end: Annotated[
        bool,
        typer.Option("--close-at-end/--keep-open", help="Close an open trade at the last bar.", rich_help_panel=ORDERS),
    ] = True,
    capital: Annotated[
        float, typer.Option(help="Cash at the start.", rich_help_panel=MONEY, metavar="DOLLARS")
    ] = 10_000.0,
    size: Annotated[
        Any,
        typer.Option(
            parser=sizing,
            help="How large positions are: fraction:0.5, cash:5000, shares:100, volatility:0.2 or volatility:0.2:60 "
            "(yearly, measured over 60 bars). Left out: all cash.",
            rich_help_panel=MONEY,
            metavar="KIND:NUMBER",
        ),
    ] = None,
    fractional: Annotated[
        bool, typer.Option("--fractional", help="Buy fractions of a share.", rich_help_panel=MONEY)
    ] = False,
    commission: Annotated[
        str, typer.Option(help=f"Of each fill's value. {SHARE}", rich_help_panel=MONEY, metavar="FRACTION")
    ] = "0",
    commission_per_share: Annotated[
        float, typer.Option(help="Of each share.", rich_help_panel=MONEY, metavar="DOLLARS")
    ] = 0.0,
    commission_fixed: Annotated[
        float, typer.Option(help="Of each fill.", rich_help_panel=MONEY, metavar="DOLLARS")
    ] = 0.0,
    commission_minimum: Annotated[
        float, typer.Option(help="That a fill costs at least.", rich_help_panel=MONEY, metavar="DOLLARS")
    ] = 0.0,
    spread: Annotated[
        str, typer.Option(help=f"Paid by market orders on entry. {SHARE}", rich_help_panel=MONEY, metavar="FRACTION")
    ] = "0",
    slippage: Annotated[
        str,
        typer.Option(
            help=f"By which market and stop fills are worse. {SHARE}", rich_help_panel=MONEY, metavar="FRACTION"
        ),
    ] = "0",
    chunks: Annotated[
        int | None,
        typer.Option(min=1, help="Force the number of chunks. Left out: follows from the bars.", metavar="COUNT"),
    ] = None,
) -> dict[str, Any]:
    """Return what these options ask for, by the protocol's names: all of a config but its symbols and parameters."""
    return {
        "startDate": day(start),
        "endDate": day(end),
        "startCapital": capital,
        "timeframe": timeframe,
        "direction": direction,
        "fill": fill,
        "limit": limit,
        "limitBars": limit_bars,
        "stopLoss": stop_loss,
        "takeProfit": take_profit,
        "trailingStop": trailing_stop,
        "maxBars": max_bars,
        "sizing": size or {"value": 1},
        "fractionalShares": fractional,
        "commission": {
            "relative": commission,
            "perShare": commission_per_share,
            "fixed": commission_fixed,
            "minimum": commission_minimum,
        },
        "spread": spread,
        "slippage": slippage,
        "closeAtEnd": close_at_end,
        "chunks": chunks,
    }


def takes_terms(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command`, which takes them by name, the options of `terms` after its own."""
    own = [each for each in signature(command).parameters.values() if each.kind is Parameter.KEYWORD_ONLY]
    # What Typer reads, as it would the signature of a command that has written out all of them.
    command.__signature__ = Signature([*own, *signature(terms).parameters.values()])  # type: ignore[attr-defined]
    return command


def with_range(target: Target, wanted: dict[str, Any]) -> dict[str, Any]:
    """Fill in the days that were left out: those of the first and the last bar."""
    if wanted["startDate"] and wanted["endDate"]:
        return wanted
    from tickfold.market_data.series_catalog import SeriesCatalog  # noqa: PLC0415 - its client is slow to load

    catalog = SeriesCatalog(target.s3(), target.output("bucket"))
    found = catalog.find_all(symbols_of(wanted["stock"]), wanted["timeframe"])
    return wanted | {
        "startDate": wanted["startDate"] or min(series.first for series in found).date(),
        "endDate": wanted["endDate"] or max(series.last for series in found).date(),
    }


def config_of(kind: type[Kind], wanted: dict[str, Any]) -> Kind:
    """Return the config that the options ask for.

    Raises:
        RunError: a value is wrong; the message names its option.
    """
    try:
        return kind.model_validate(wanted)
    except ValidationError as error:
        # With the place in a list of symbols, where it is one: the value that follows says which is meant.
        names = re.compile(rf"\b({'|'.join(re.escape(name) for name in OPTIONS)})\b(\.\d+(\.\w+)?)?")
        raise RunError(names.sub(lambda name: OPTIONS[name[1]], explain(error, without=TAGS))) from None


def day(chosen: datetime | None) -> date | None:
    """Return the day that an option gives."""
    return chosen.date() if chosen else None
