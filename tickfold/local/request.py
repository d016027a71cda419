"""The request of a call: its config, checked as the stack checks one, and the bars that it is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tickfold.backtests.date_range import DayError, with_range
from tickfold.backtests.planning import Range, check
from tickfold.engine.bars import Bars
from tickfold.engine.calendar import SessionCalendar
from tickfold.engine.timeframe import canonical_timeframe
from tickfold.errors import RunError
from tickfold.local.choice import Choice, choose
from tickfold.local.keywords import Keywords
from tickfold.local.market import Market, read_market
from tickfold.local.spelling import in_python
from tickfold.market_data.bar_table import BarFileError
from tickfold.protocol import BacktestConfig, SweepConfig

BACKTEST = Keywords(BacktestConfig)
SWEEP = Keywords(SweepConfig)


@dataclass(frozen=True, eq=False)
class Request:
    """A config that can be run: its strategy, and for each symbol its market and the range of it."""

    config: Any
    choice: Choice
    markets: Sequence[Market]
    ranges: Sequence[Range]

    def bars(self, at: int = 0) -> Bars:
        """Return the bars within the range of the symbol with the number `at`."""
        wanted = self.ranges[at]
        return self.markets[at].bars[wanted.first : wanted.stop]

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on how the bars were read, each once; those that not all symbols have, with theirs."""
        owners: dict[str, list[str]] = {}
        for market in self.markets:
            for note in market.notes:
                owners.setdefault(note, []).append(market.series.symbol)
        return tuple(
            note if len(symbols) == len(self.markets) else f"{', '.join(symbols)}: {note}"
            for note, symbols in owners.items()
        )


def checked(
    choice: Choice,
    markets: Sequence[Market],
    fields: Mapping[str, Any],
    validate: Callable[[Mapping[str, Any]], Any],
) -> Request:
    """Return the request to run `choice` on `markets`; `fields` are those of its config that were given.

    `validate` makes the config.

    Raises:
        DayError: the one day that was given is beyond the bars.
        RunError: as `validate` does, and the planner's check.
    """
    found = [market.series for market in markets]
    own = {"stock": found[0].symbol, "strategy": choice.name, "timeframe": found[0].timeframe}
    config = validate(with_range(own | {**fields}, found))
    return Request(config, choice, markets, check(config, found, choice.registry))


def request_of(
    keywords: Keywords,
    sources: Mapping[str | None, Any],
    strategy: Any,
    given: Mapping[str, Any],
    *,
    timeframe: str | None,
    calendar: str | SessionCalendar | None,
    parameters: Mapping[str, Any] | None,
    shares: Mapping[str, Any] | None = None,
    is_universe: bool = False,
    more: Mapping[str, Any] | None = None,
) -> Request:
    """Return the request of a call over `sources`, the bars by symbol (None: as the bars say).

    `shares` are those of the capital by symbol, and `more` are fields of the config besides those of keywords.

    Raises:
        RunError: whatever is wrong about it, in one line.
    """
    choice = choose(strategy)
    asked = keywords.sort(given, choice.name, choice.accepted, parameters)
    bar_length, sessions = _timeframe(timeframe), _calendar(calendar)
    try:
        markets = [read_market(bars, symbol, bar_length, asked.reading, sessions) for symbol, bars in sources.items()]
    except BarFileError as error:
        raise BarFileError(in_python(str(error))) from None
    fields = {**asked.request, **(more or {}), "parameters": {**choice.parameters, **asked.parameters}}
    if is_universe:
        fields["stock"] = _stock([market.series.symbol for market in markets], shares)
    try:
        request = checked(choice, markets, fields, keywords.config)
    except DayError as error:
        raise RunError(keywords.spelled(str(error))) from None
    told = [replace(market, notes=tuple(map(in_python, market.notes))) for market in markets]
    return replace(request, markets=told)


def _timeframe(text: str | None) -> str | None:
    if text is not None and not (isinstance(text, str) and canonical_timeframe(text)):
        raise RunError(f"timeframe {text!r} is not a timeframe, such as 5m, 1d or 1mo")
    return text


def _calendar(calendar: str | SessionCalendar | None) -> SessionCalendar | None:
    if not isinstance(calendar, str):
        return calendar
    try:
        return SessionCalendar.parse(calendar)
    except ValueError as error:
        raise RunError(f"calendar {error}") from None


def _stock(symbols: Sequence[str], shares: Mapping[str, Any] | None) -> list[Any]:
    if shares is None:
        return list(symbols)
    given = {symbol.upper(): share for symbol, share in shares.items()}
    if {*given} != {*symbols}:
        raise RunError(f"shares are given for {', '.join(given)}, and the bars are of {', '.join(symbols)}")
    return [{"symbol": symbol, "share": given[symbol]} for symbol in symbols]
