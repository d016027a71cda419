"""A bot: a strategy that trades a part of a portfolio. It is a run that has no last day."""

from datetime import date
from typing import Annotated, Final

from pydantic import Field

from tickfold.errors import RunError
from tickfold.protocol import BacktestConfig
from tickfold.protocol.bots import BotStatus
from tickfold.protocol.journal import BotLimits
from tickfold.protocol.wire import Wire

TRANSITIONS: Final[dict[BotStatus, frozenset[BotStatus]]] = {
    "running": frozenset({"paused", "stopping", "stopped"}),
    "paused": frozenset({"running", "stopping", "stopped"}),
    "stopping": frozenset({"stopped"}),
    "stopped": frozenset(),
}
"""The states that may follow each one."""
NO_LAST_DAY: Final = date.max


class Bot(Wire):
    """What a bot is, and whether it trades.

    Its `config` is that of the run which it goes on from: the symbol, the strategy and its parameters, orders, costs
    and sizes; `startCapital` is what the portfolio has given it, and `endDate` is never reached.
    """

    bot: Annotated[str, Field(description="Its id, unique within its portfolio.")]
    portfolio: str
    config: BacktestConfig
    code: Annotated[str, Field(description="The version of its strategy's code: see tickfold.strategies.code_version.")]
    since: Annotated[int, Field(description="Its first bar is the first one from here on; microseconds since 1970.")]
    warm: Annotated[
        bool, Field(description="Whether its strategy sees the bars before its first one; a run's never does.")
    ] = True
    limits: BotLimits = BotLimits()
    from_run: Annotated[str | None, Field(description="The run that it was made from.")] = None
    run_code: Annotated[str | None, Field(description="The version of the code in that run, if known.")] = None
    status: BotStatus = "running"
    reason: Annotated[str | None, Field(description="Why it is paused.")] = None

    @property
    def symbol(self) -> str:
        """What it trades."""
        return self.config.allocations[0].symbol

    @property
    def trades(self) -> bool:
        """Whether its strategy is asked for signals."""
        return self.status == "running"

    @property
    def ended(self) -> bool:
        """Whether it has seen its last bar."""
        return self.status == "stopped"

    def moved(self, status: BotStatus, reason: str | None = None) -> "Bot":
        """Return the bot in another state; itself, if it is in that state.

        Raises:
            RunError: that state does not follow its own.
        """
        if status == self.status:
            return self
        if status not in TRANSITIONS[self.status]:
            raise RunError(f"bot {self.bot} is {self.status}, and cannot become {status}", "conflict")
        return self.model_copy(update={"status": status, "reason": reason})
