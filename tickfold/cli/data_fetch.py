"""`tickfold data fetch`: fetch from providers the bars that the stack's lake lacks."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tickfold.cli.completion import symbols
from tickfold.cli.data_check import market
from tickfold.cli.data_list import shown, span
from tickfold.cli.data_load import symbol, timeframe
from tickfold.cli.exit_codes import UsageError, exit_code
from tickfold.cli.failure import explain
from tickfold.cli.fetch_progress import FetchProgress
from tickfold.cli.forms import day
from tickfold.cli.next_steps import suggest, with_stack
from tickfold.cli.target import StackOutputs, Target, find_target
from tickfold.engine.timeframe import canonical_timeframe
from tickfold.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tickfold.market_data.history import Filled, History
    from tickfold.market_data.history_range import Wanted
    from tickfold.market_data.providers.failover import Failover
    from tickfold.market_data.series import Series

_MOST_LISTED = 5


class Adjusted(StrEnum):
    """What prices can be adjusted for."""

    RAW = "raw"
    SPLITS = "splits"
    ALL = "all"


@dataclass(frozen=True)
class _Outcome:
    """How the fetch of a symbol ended."""

    symbol: str
    filled: "Filled | None"
    error: Exception | None = None


def fetch(
    named: Annotated[
        list[str],
        typer.Argument(
            parser=symbol, metavar="SYMBOL...", help="Symbols, such as GOOG or BTC/USD.", autocompletion=symbols
        ),
    ],
    *,
    start: Annotated[Any, typer.Option(parser=day, metavar="DAY", help="First day.")],
    end: Annotated[
        Any, typer.Option(parser=day, metavar="DAY", help="Last day, inclusive. Left out: what is final by now.")
    ] = None,
    bar_length: Annotated[
        str,
        typer.Option(
            "--timeframe", parser=timeframe, metavar="TIMEFRAME", help="Such as 1m, 1h or 1d, but no longer than 1d."
        ),
    ] = "1d",
    exchange: Annotated[
        Any,  # an ExchangeCalendar, whose module loads numpy
        typer.Option(
            "--market",
            parser=market,
            metavar="MARKET",
            help="XNYS (all US equities) or 24/7: bars outside of its sessions are left out. Left out: XNYS for bars "
            "shorter than a day, and 24/7 for symbols with a slash; bars of a day are taken as they come.",
        ),
    ] = None,
    adjustment: Annotated[
        Adjusted | None,
        typer.Option(
            help="What stored prices are adjusted for. Left out: as those of the series; of a new one raw, with splits "
            "and dividends beside it for runs to adjust by, if providers have both; else as much as they have."
        ),
    ] = None,
    providers: Annotated[
        list[str] | None,
        typer.Option(
            "--provider", metavar="NAME", help="Ask this provider, and no other. May be repeated: in that order."
        ),
    ] = None,
    path: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Of --provider files: a folder of SYMBOL.csv, or one such file."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write a JSON array with an object for each symbol.")] = False,
    stack_outputs: StackOutputs = None,
) -> None:
    """Fetch from providers the bars that the lake lacks, and store them. Asks for exactly the missing parts.

    Providers are those that the stack configures, in their order; each needs keys (tickfold data keys set PROVIDER).
    Bars that are stored are kept as they are. Bars with errors, as tickfold data check finds them, are left out and
    shown. Days that are not over, and the last 20 minutes, are left for another time.

    Each piece is stored as soon as it is there: after Ctrl-C or a failure the same command goes on from there. A symbol
    that fails does not keep the others from being fetched.

    Example: tickfold data fetch GOOG MSFT --start 2020-01-01

    Example: tickfold data fetch GOOG --start 2024-01-01 --end 2024-03-31 --timeframe 1m

    Example: tickfold data fetch GOOG --start 2020-01-01 --provider files --path downloads/
    """
    target = find_target(stack_outputs)
    history = _history(target, _order(target, providers or [], path))
    now = datetime.now(UTC)
    days = start, end or max(start, now.date())
    wanted = [_wanted(name, days, bar_length, exchange, adjustment) for name in dict.fromkeys(named)]
    outcomes = list(_fetched(history, wanted, now))
    for each in outcomes:
        if each.filled and not as_json:
            typer.echo(_told(each.filled))
    if as_json:
        typer.echo(json.dumps([_document(each) for each in outcomes], indent=2))
    failures = [each.error for each in outcomes if each.error]
    if failures:
        raise typer.Exit(exit_code(failures[0]))
    suggest(with_stack(stack_outputs, "run", "--symbol", wanted[0].symbol, "--strategy", "sma_cross"))


def _history(target: Target, order: Sequence[Mapping[str, Any]]) -> "History":
    from tickfold.market_data.bar_store import BarStore  # noqa: PLC0415 - slow to import
    from tickfold.market_data.history import History  # noqa: PLC0415

    # Failures are told at the end, by the error that they lead to.
    logging.getLogger("tickfold").addHandler(logging.NullHandler())
    return History(BarStore(target.s3(), target.output("bucket")), _failover(target, order))


def _failover(target: Target, order: Sequence[Mapping[str, Any]]) -> "Failover":
    from tickfold.market_data.keys_secret import KeysSecret  # noqa: PLC0415 - slow to import
    from tickfold.market_data.providers.configured import failover  # noqa: PLC0415
    from tickfold.market_data.providers.registry import KEY_FIELDS, Keys  # noqa: PLC0415

    names = {each["name"] for each in order}
    if not names & KEY_FIELDS.keys():
        return failover(order, Keys({}))
    fields = KeysSecret(target.secrets(), target.output("keys_secret")).fields()
    return failover(order, Keys(fields, _schwab_token(target) if "schwab" in names else None))


def _schwab_token(target: Target) -> "Callable[[], str] | None":
    """Return the source of Schwab's access tokens; None of a stack that does not use Schwab, where nobody logs in."""
    from tickfold.market_data.schwab_login import SchwabLogin  # noqa: PLC0415 - slow to import

    if not target.outputs.get("schwab_tokens_secret"):
        return None
    tokens = target.output("schwab_tokens_secret")
    return SchwabLogin(target.secrets(), target.output("keys_secret"), tokens, target.bars()).access_token


def _order(target: Target, names: Sequence[str], path: Path | None) -> list[dict[str, Any]]:
    """Return the providers to ask: those that are named, with the settings that the stack has of them, else its own.

    Raises:
        UsageError: a path is given without files, or files without one.
        RunError: the stack has no providers, and none is named.
    """
    configured = [dict(each) for each in json.loads(target.outputs.get("providers") or "[]")]
    settings = {each["name"]: each for each in configured}
    order = [settings.get(name, {"name": name}) for name in map(_provider, names)] or configured
    if path is not None:
        if not any(each["name"] == "files" for each in order):
            raise UsageError("--path is for --provider files")
        order = [each | {"path": str(path)} if each["name"] == "files" else each for each in order]
    elif "files" in names and "path" not in settings.get("files", {}):
        raise UsageError("--provider files needs --path FOLDER: a folder of SYMBOL.csv, or one such file")
    if not order:
        raise RunError(
            f"{target.origin} configures no provider of market data: name one, such as --provider alpaca, after "
            "`tickfold data keys set alpaca`, or --provider files --path FOLDER; to configure some for good, "
            "`pulumi config set tickfold:providers alpaca`"
        )
    return order


def _provider(name: str) -> str:
    from tickfold.market_data.providers.registry import BUILDERS  # noqa: PLC0415 - slow to import

    known = name.strip().lower().replace("-", "_")
    if known not in BUILDERS:
        raise UsageError(f"--provider {name!r} is not a provider; expected one of {', '.join(BUILDERS)}")
    return known


def _wanted(
    name: str, days: tuple[date, date], bar_length: str, exchange: Any, adjustment: Adjusted | None
) -> "Wanted":
    from tickfold.market_data.history_range import Wanted, day_range, market_of  # noqa: PLC0415 - slow to import
    from tickfold.market_data.providers.provider import Adjustment  # noqa: PLC0415

    if days[1] < days[0]:
        raise UsageError(f"--end {days[1]} is before --start {days[0]}")
    length = canonical_timeframe(bar_length) or bar_length
    adjusted = Adjustment(adjustment.value) if adjustment else None
    return Wanted(name, length, *day_range(*days), exchange or market_of(name, length), adjusted)


def _fetched(history: "History", wanted: Sequence["Wanted"], now: datetime) -> Iterator[_Outcome]:
    """Fetch one symbol after the other, and tell of each."""
    with FetchProgress() as progress:
        for each in wanted:
            try:
                filled = history.fill(each, now, progress.show)
            except KeyboardInterrupt:
                progress.tell(f"interrupted: {progress.stored(each.symbol)}; the same command goes on from there")
                raise
            except RunError as error:
                progress.tell(f"tickfold: {each.symbol} {each.timeframe}: {explain(error)}")
                if stored := progress.stored(each.symbol, even_none=False):
                    progress.tell(f"{stored}; the same command goes on from there")
                yield _Outcome(each.symbol, None, error)
            else:
                _tell(filled, progress)
                yield _Outcome(each.symbol, filled)


def _tell(filled: "Filled", progress: FetchProgress) -> None:
    name = f"{filled.symbol} {filled.timeframe}"
    for remark in filled.remarks:
        progress.tell(f"{name}: {remark}")
    _tell_errors(name, filled, progress)


def _told(filled: "Filled") -> str:
    name, (first, end) = f"{filled.symbol} {filled.timeframe}", filled.asked
    if first == end:
        return f"{name}: nothing to fetch yet: no bar of the range is final"
    if not filled.pieces or filled.series is None:
        return f"{name}: nothing to fetch: the lake has all from {shown(first)} to {shown(end)}"
    whom = f" from {', '.join(filled.providers)}" if filled.providers else ""
    prices, now = _prices(filled.series), span(filled.series)
    return f"{name}: fetched {filled.added:,} bars{whom}, prices {prices}; it now has {now}"


def _prices(series: "Series") -> str:
    from tickfold.protocol.backtests import PRICES  # noqa: PLC0415 - slow to import
    from tickfold.protocol.formats import counted  # noqa: PLC0415

    prices = PRICES[series.adjustment or "raw"]
    if series.actions is None:
        return prices
    splits, dividends = (counted(series.actions.count(kind), kind) for kind in ("split", "dividend"))
    return f"{prices} with {splits} and {dividends} beside them"


def _tell_errors(name: str, filled: "Filled", progress: FetchProgress) -> None:
    from tickfold.market_data.overlap import shown_time  # noqa: PLC0415 - loads numpy

    for error in filled.errors[:_MOST_LISTED]:
        at = "" if error.time is None else f" {shown_time(error.time, filled.timeframe)}"
        progress.tell(f"{name}{at} left out: {error.found}; expected {error.kind.expected}")
    if len(filled.errors) > _MOST_LISTED:
        progress.tell(f"… and {len(filled.errors) - _MOST_LISTED:,} more; --json lists all")


def _document(outcome: _Outcome) -> dict[str, Any]:
    filled = outcome.filled
    if filled is None:
        return {"symbol": outcome.symbol, "status": "failed", "reason": str(outcome.error)}
    from tickfold.market_data.overlap import shown_time  # noqa: PLC0415 - loads numpy

    errors = [
        {
            "time": None if each.time is None else shown_time(each.time, filled.timeframe),
            "kind": each.kind.value,
            "found": each.found,
            "expected": each.kind.expected,
        }
        for each in filled.errors
    ]
    series = filled.series
    actions = series.actions if series else None
    return {
        "symbol": filled.symbol,
        "status": "fetched" if filled.pieces else "nothing to fetch",
        "timeframe": filled.timeframe,
        "added": filled.added,
        "providers": filled.providers,
        "adjustment": series.adjustment if series else None,
        "splits": actions.count("split") if actions else None,
        "dividends": actions.count("dividend") if actions else None,
        "bars": series.bars if series else 0,
        "first": shown(series.first) if series else None,
        "last": shown(series.last) if series else None,
        "outside_sessions": filled.outside,
        "errors": errors,
        "remarks": filled.remarks,
    }
