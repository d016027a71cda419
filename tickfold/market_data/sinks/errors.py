"""The errors of sinks. Their messages never hold a connection string, or what a driver says about one."""

from tickfold.errors import RunError, TickfoldError


class SinkUnavailableError(TickfoldError):
    """The sink cannot be reached, or is busy; the same work may succeed later."""


class SinkMisconfiguredError(RunError):
    """The sink is not set up as Tickfold needs it: the message says what to change."""
