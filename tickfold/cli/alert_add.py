"""`tickfold alert add`: makes a rule."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from tickfold.cli.alert_portfolio import ONLY_OF_PORTFOLIOS, portfolio_condition
from tickfold.cli.asking import ask
from tickfold.cli.bad_parameters import bad_parameters
from tickfold.cli.completion import feed_symbols, portfolios, run_ids
from tickfold.cli.console import note
from tickfold.cli.data_load import symbol
from tickfold.cli.target import StackOutputs

if TYPE_CHECKING:
    from tickfold.protocol.alerts import AlertTerms

_ONE_OF = (
    "say when: with a SYMBOL --above, --below, --change, --crosses-above, --crosses-below or --volume; without one "
    "--runs, --run, --feed-silent, or what goes with --portfolio"
)


def add(
    name: Annotated[
        str | None,
        typer.Argument(
            parser=symbol, metavar="[SYMBOL]", help="As `tickfold feed list` shows it.", autocompletion=feed_symbols
        ),
    ] = None,
    *,
    above: Annotated[
        float | None, typer.Option(metavar="PRICE", help="At this price, or amount of --of, or above.")
    ] = None,
    below: Annotated[
        float | None, typer.Option(metavar="PRICE", help="At this price, or amount of --of, or below.")
    ] = None,
    minus: Annotated[
        str | None,
        typer.Option(parser=symbol, metavar="SYMBOL", help="--above and --below are for the spread to this symbol."),
    ] = None,
    change: Annotated[
        float | None,
        typer.Option(metavar="PERCENT", help="Up by so many percent, or down, as in -5, since the session's open."),
    ] = None,
    minutes: Annotated[int | None, typer.Option(help="--change is over so many minutes.")] = None,
    crosses_above: Annotated[
        str | None, typer.Option(metavar="sma9|vwap", help="The close crosses it upwards.")
    ] = None,
    crosses_below: Annotated[str | None, typer.Option(metavar="sma9|vwap", help="The close crosses it down.")] = None,
    volume: Annotated[float | None, typer.Option(metavar="SHARES", help="At least so many in a minute.")] = None,
    portfolio: Annotated[
        str | None,
        typer.Option(metavar="PORTFOLIO", help="What follows is about this portfolio.", autocompletion=portfolios),
    ] = None,
    of: Annotated[
        str | None,
        typer.Option(
            metavar="equity|cash|profit|position", help="--above and --below are dollars of it; position: in SYMBOL."
        ),
    ] = None,
    drawdown: Annotated[
        float | None, typer.Option(metavar="PERCENT", help="Its equity is so many percent below its peak.")
    ] = None,
    orders: Annotated[
        str | None,
        typer.Option(
            metavar="OUTCOMES",
            help="Its orders, or those of SYMBOL: all, or of filled, partly_filled, rejected, expired and cancelled "
            "some, joined by commas.",
        ),
    ] = None,
    limits: Annotated[bool, typer.Option("--limits", help="Its losses breached a limit.")] = False,
    killed: Annotated[bool, typer.Option("--killed", help="Its trading was stopped.")] = False,
    bots: Annotated[bool, typer.Option("--bots", help="Any of its bots is paused or has stopped.")] = False,
    bot: Annotated[str | None, typer.Option(metavar="BOT", help="This bot is paused or has stopped.")] = None,
    runs: Annotated[bool, typer.Option("--runs", help="Any of your runs has ended.")] = False,
    run: Annotated[str | None, typer.Option(metavar="RUN", help="This run has ended.", autocompletion=run_ids)] = None,
    feed_silent: Annotated[
        int | None, typer.Option(metavar="MINUTES", help="No bars for so long in a session.")
    ] = None,
    hysteresis: Annotated[
        float,
        typer.Option(
            help="How far back it must go before the next alert: dollars; percent of changes and drawdowns.", min=0
        ),
    ] = 0,
    once: Annotated[bool, typer.Option("--once", help="Alert once.")] = False,
    daily: Annotated[bool, typer.Option("--daily", help="Alert once a day at most.")] = False,
    cool_down: Annotated[int, typer.Option(metavar="MINUTES", help="The least time between two alerts.")] = 0,
    expires: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M%z"], help="UTC unless it has an offset."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser", help="Show it in the browser and `tickfold alert watch`.")
    ] = False,
    email: Annotated[bool, typer.Option("--email", help="Send it to your confirmed address.")] = False,
    webhook: Annotated[str | None, typer.Option(metavar="URL", help="Post it there, signed.")] = None,
    text: Annotated[str, typer.Option("--note", help="Your own words, which the alert repeats.")] = "",
    stack_outputs: StackOutputs = None,
) -> None:
    """Make a rule. Without --once or --daily it alerts each time that its condition comes true; without channels it
    uses those of `tickfold alert preferences`.

    Example: tickfold alert add GOOG --above 180 --once --email

    Example: tickfold alert add GOOG --change -5 --minutes 30

    Example: tickfold alert add GOOG --minus AAPL --above 20 --hysteresis 0.5

    Example: tickfold alert add --portfolio growth --drawdown 5 --daily

    Example: tickfold alert add --portfolio growth --of equity --below 9000

    Example: tickfold alert add --portfolio growth --orders filled,rejected

    Example: tickfold alert add --runs --webhook https://example.com/hook
    """
    condition = _condition(
        name,
        portfolio=portfolio,
        of=of,
        drawdown=drawdown,
        orders=orders,
        limits=limits,
        killed=killed,
        bots=bots,
        bot=bot,
        above=above,
        below=below,
        minus=minus,
        change=change,
        minutes=minutes,
        crosses_above=crosses_above,
        crosses_below=crosses_below,
        volume=volume,
        runs=runs,
        run=run,
        feed_silent=feed_silent,
        hysteresis=hysteresis,
    )
    if once and daily:
        raise typer.BadParameter("--once and --daily exclude each other")
    channels = [each for each, chosen in (("browser", browser), ("email", email), ("webhook", webhook)) if chosen]
    terms = _terms(
        {
            "condition": condition,
            "frequency": "once" if once else "daily" if daily else "always",
            "coolDownMinutes": cool_down,
            "expiresAt": expires and _milliseconds(expires),
            "channels": channels or None,
            "webhookUrl": webhook,
            "note": text,
        }
    )
    made = ask(stack_outputs, lambda client: client.create_alert_rule(terms))
    note(_title(terms))
    typer.echo(made.rule.rule_id)
    if made.webhook_secret:
        note("the secret that signs what is posted, which is shown this once:")
        typer.echo(made.webhook_secret)


def _condition(name: str | None, *, portfolio: str | None, of: str | None, hysteresis: float, **when: Any) -> Any:
    """Return the condition, as a request has it.

    Raises:
        BadParameter: the options name none, or several, or do not go together.
    """
    if portfolio is not None:
        return portfolio_condition(portfolio, name, of=of, hysteresis=hysteresis, **when)
    for key in ONLY_OF_PORTFOLIOS:
        if when.pop(key):
            raise typer.BadParameter(f"--{key} goes with --portfolio")
    if of is not None:
        raise typer.BadParameter("--of goes with --portfolio")
    return _condition_without_portfolio(name, hysteresis=hysteresis, **when)


def _condition_without_portfolio(
    name: str | None, *, hysteresis: float, minus: str | None, minutes: int | None, **when: Any
) -> Any:
    said = [key for key, value in when.items() if value not in (None, False)]
    of_symbol = [key for key in said if key not in ("runs", "run", "feed_silent")]
    if len(said) != 1 or (name is None) == bool(of_symbol):
        raise typer.BadParameter(_ONE_OF)
    (kind,) = said
    if minus and kind not in ("above", "below"):
        raise typer.BadParameter("--minus goes with --above or --below")
    if minutes is not None and kind != "change":
        raise typer.BadParameter("--minutes goes with --change")
    if hysteresis and kind in ("volume", "runs", "run", "feed_silent"):
        raise typer.BadParameter("--hysteresis goes with prices, changes, spreads and crosses")
    value = when[kind]
    match kind:
        case "above" | "below":
            level = {kind: value, "hysteresis": hysteresis}
            spread = {"kind": "spread", "symbol": name, "minus": minus}
            return (spread if minus else {"kind": "price", "symbol": name}) | level
        case "change":
            level = {"above" if value > 0 else "below": value / 100, "hysteresis": hysteresis / 100}
            return {"kind": "change", "symbol": name, "minutes": minutes, **level}
        case "crosses_above" | "crosses_below":
            crossing = {"crosses": kind.removeprefix("crosses_"), "indicator": value, "hysteresis": hysteresis}
            return {"kind": "indicator", "symbol": name, **crossing}
        case "volume":
            return {"kind": "volume", "symbol": name, "above": value}
        case "feed_silent":
            return {"kind": "feed_silent", "minutes": value}
        case _:
            return {"kind": "run_ended", "runId": None if kind == "runs" else value}


def _terms(given: dict[str, Any]) -> "AlertTerms":
    from tickfold.protocol.alerts import AlertKind, AlertTerms  # noqa: PLC0415 - slow to load, and help needs none

    with bad_parameters(without=("condition", *get_args(AlertKind))):
        return AlertTerms.model_validate(given)


def _title(terms: "AlertTerms") -> str:
    from tickfold.alerts.wording import title_of  # noqa: PLC0415 - slow to load, and help needs none

    return title_of(terms.condition)


def _milliseconds(time: datetime) -> int:
    known = time if time.tzinfo else time.replace(tzinfo=UTC)
    return int(known.timestamp() * 1_000)
