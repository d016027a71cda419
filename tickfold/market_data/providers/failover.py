"""Failover: providers in a configured order, each asked when those before it have failed."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta

from tickfold.engine.bars import Bars
from tickfold.engine.timeframe import timeframe_seconds
from tickfold.errors import RunError
from tickfold.market_data.corporate_actions import CorporateAction
from tickfold.market_data.providers.circuit_breaker import COOL_DOWN_SECONDS, FAILURES, CircuitBreaker
from tickfold.market_data.providers.failures import ProviderError, RateLimitedError, UnavailableError, all_failed
from tickfold.market_data.providers.provider import Adjustment, BarRequest, Provider, Quote
from tickfold.market_data.series import utc

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """A page of bars, who sent it, and what its prices are adjusted for; `ANY` if that is not known."""

    provider: str
    bars: Bars
    adjustment: Adjustment = Adjustment.ANY


@dataclass(frozen=True)
class QuoteAnswer:
    """A quote, and who sent it."""

    provider: str
    quote: Quote


@dataclass(frozen=True)
class ActionsAnswer:
    """Splits and dividends, and who sent them."""

    provider: str
    actions: list[CorporateAction]


class Failover:
    """Asks providers in order. Each has a circuit breaker, on `clock`, in seconds.

    Raises:
        RunError: there are no providers, or one is named twice.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        clock: Callable[[], float] = time.monotonic,
        failures: int = FAILURES,
        cool_down: float = COOL_DOWN_SECONDS,
    ) -> None:
        names = [provider.name for provider in providers]
        if not names or len(set(names)) < len(names):
            raise RunError(
                f"the order of providers needs one or more names, each once; it is {', '.join(names) or '-'}"
            )
        self._providers = list(providers)
        self._breakers = {name: CircuitBreaker(clock, failures, cool_down) for name in names}

    def bars(self, request: BarRequest) -> Iterator[Answer]:
        """Yield the bars of `request` in pages. After a failure the next provider goes on at the first missing bar.

        Raises:
            AllProvidersFailedError: each has failed or does not know the symbol; bars from there on are missing.
        """
        failures = list[ProviderError]()
        step = timedelta(seconds=timeframe_seconds(request.timeframe))
        for provider in self._available(failures):
            if request.end - request.start < step:
                return
            with self._reporting(provider, failures):
                adjustment = provider.limits.check(provider.name, request)
                for bars in provider.bars(request):
                    yield Answer(provider.name, bars, adjustment)
                    request = replace(request, start=utc(int(bars.timestamp[-1])) + step)
                return
        raise all_failed(f"{request.timeframe} bars of {request.symbol} from {request.start:%Y-%m-%d %H:%M}Z", failures)

    def quotes(self, symbols: Sequence[str]) -> Mapping[str, QuoteAnswer]:
        """Return the quotes of the symbols that any provider knows.

        Raises:
            AllProvidersFailedError: no provider has answered.
        """
        failures, found, answered = list[ProviderError](), dict[str, QuoteAnswer](), False
        for provider in self._available(failures):
            missing = [symbol for symbol in symbols if symbol not in found]
            if not missing:
                break
            with self._reporting(provider, failures):
                quotes = provider.quotes(missing)
                found |= {symbol: QuoteAnswer(provider.name, quote) for symbol, quote in quotes.items()}
                answered = True
        if symbols and not answered:
            raise all_failed(f"quotes of {', '.join(symbols)}", failures)
        return found

    def actions(self, symbol: str, start: date, end: date) -> ActionsAnswer:
        """Return the splits and dividends with ex-dates from `start` to `end`, both inclusive.

        Raises:
            AllProvidersFailedError: no provider has answered.
        """
        failures = list[ProviderError]()
        for provider in self._available(failures):
            with self._reporting(provider, failures):
                return ActionsAnswer(provider.name, provider.actions(symbol, start, end))
        raise all_failed(f"splits and dividends of {symbol}", failures)

    def _available(self, failures: list[ProviderError]) -> Iterator[Provider]:
        """Yield the providers in order; one whose circuit breaker is open is left out, which is a failure, too."""
        for provider in self._providers:
            breaker = self._breakers[provider.name]
            if breaker.lets_through():
                yield provider
            else:
                reason = f"left alone after failures in a row, for {breaker.seconds_left:.0f} s more"
                failures.append(UnavailableError(provider.name, reason))

    @contextmanager
    def _reporting(self, provider: Provider, failures: list[ProviderError]) -> Iterator[None]:
        """Note a failure of the provider, and tell its circuit breaker how the call ended."""
        breaker = self._breakers[provider.name]
        try:
            yield
        except ProviderError as error:
            logger.warning("%s", error)
            failures.append(error)
            if error.provider_at_fault:
                breaker.failed(error.retry_after if isinstance(error, RateLimitedError) else None)
            else:
                breaker.abandoned()
        except BaseException:
            breaker.abandoned()
            raise
        else:
            breaker.succeeded()
