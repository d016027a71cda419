"""How a provider can fail, and for each failure whether a later try or another provider may help.

Messages name the provider and say what to do. They hold no key, no URL, and no more of a response than its own message.
"""

from collections.abc import Sequence
from typing import ClassVar

from tickfold.errors import ErrorCode, RunError


class ProviderError(RunError):
    """A provider cannot answer a request; another provider may.

    `retryable`: the same request may succeed later. `provider_at_fault`: the failure concerns all requests to the
    provider, not this one alone.
    """

    provider_at_fault: ClassVar[bool] = False
    kind: ClassVar[ErrorCode] = "invalid"

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(f"{provider}: {reason}", self.kind)
        self.provider = provider
        self.reason = reason


class UnavailableError(ProviderError):
    """The provider is down, too slow, or its response is broken."""

    retryable = True
    provider_at_fault = True
    kind = "internal"


class RateLimitedError(ProviderError):
    """Too many requests. `retry_after` is in seconds, where the provider says it."""

    retryable = True
    provider_at_fault = True
    kind = "limit"

    def __init__(self, provider: str, reason: str, retry_after: float | None = None) -> None:
        super().__init__(provider, reason)
        self.retry_after = retry_after


class KeyRefusedError(ProviderError):
    """The provider does not accept the key or the token: it is wrong, revoked or expired."""

    provider_at_fault = True


class SubscriptionError(ProviderError):
    """The key is accepted, but its plan does not include what is asked for."""


class KeyMissingError(ProviderError):
    """No key of the provider is stored."""

    provider_at_fault = True

    def __init__(self, provider: str, missing: str, remedy: str = "") -> None:
        command = remedy or f"tickfold data keys set {provider}"
        super().__init__(provider, f"no {missing} is stored; run `{command}`")


class UnknownSymbolError(ProviderError):
    """The provider does not know the symbol, or no longer."""

    kind = "not_found"

    def __init__(self, provider: str, symbol: str, reason: str = "") -> None:
        super().__init__(provider, reason or f"unknown or delisted symbol {symbol}")
        self.symbol = symbol


class NotSupportedError(ProviderError):
    """The provider has no such timeframe, adjustment, range or kind of data; the message says what it has."""


class AllProvidersFailedError(RunError):
    """No provider could answer. The message gives the reason of each; `failures` are theirs, in the order asked."""

    def __init__(self, wanted: str, failures: Sequence[ProviderError]) -> None:
        reasons = "; ".join(str(failure) for failure in failures)
        super().__init__(f"no provider has {wanted}: {reasons}", _common_code(failures))
        self.failures = tuple(failures)


class ProvidersUnavailableError(AllProvidersFailedError):
    """No provider could answer now; at least one of them may later."""

    retryable = True


def all_failed(wanted: str, failures: Sequence[ProviderError]) -> AllProvidersFailedError:
    """Return the error that says that no provider has `wanted`, such as `1m bars of GOOG`."""
    may_pass = any(failure.retryable for failure in failures)
    return (ProvidersUnavailableError if may_pass else AllProvidersFailedError)(wanted, failures)


def _common_code(failures: Sequence[ProviderError]) -> ErrorCode:
    """Return the code that all failures have; else that of one that may pass, since a later try may succeed."""
    codes = {failure.code for failure in failures}
    if len(codes) == 1:
        return codes.pop()
    return next((failure.code for failure in failures if failure.retryable), "invalid")
