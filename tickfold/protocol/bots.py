"""Bots: strategies that trade a part of a portfolio, and the requests about them."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from tickfold.protocol.backtest_config import BacktestConfig
from tickfold.protocol.journal import BotLimits
from tickfold.protocol.portfolios import Amount, PortfolioRef
from tickfold.protocol.wire import ClientRequest, Message, RunId, Wire

BOT_NAME: Final = r"^[A-Za-z0-9_-]{1,40}$"
BotName = Annotated[
    str, Field(pattern=BOT_NAME, description="Its id, unique within its portfolio: letters, digits, _ and -.")
]
BotRef = Annotated[str, Field(min_length=1, max_length=64, description="Id of the bot.")]
BotStatus = Literal["running", "paused", "stopping", "stopped"]


class BotSummary(Wire):
    """A bot in a list. Amounts are dollars. Of a stopped bot they are what it had at its end."""

    bot: Annotated[str, Field(description="Its id.")]
    symbol: str
    strategy: str
    status: BotStatus
    reason: Annotated[str | None, Field(description="Why it is paused.")] = None
    capital: Annotated[float, Field(description="What the portfolio gave it.")]
    equity: Annotated[float, Field(description="Its cash and shares after its last bar.")]
    profit: Annotated[float, Field(description="Its equity, less its capital.")]
    cash: float
    shares: Annotated[float, Field(description="Shares held, negative when short.")]
    trades: Annotated[int, Field(description="Closed trades.")]
    last_bar: Annotated[
        int | None,
        Field(description="The start of its last bar, milliseconds since 1970 UTC; null before its first."),
    ]


class BotView(BotSummary):
    """A bot: what it is, and what it has made so far."""

    config: Annotated[
        BacktestConfig,
        Field(description="What it trades, and how; it has no last day, and trades prices as they are (`raw`)."),
    ]
    code: Annotated[str, Field(description="The version of its strategy's code: digits of the SHA-256 of its file.")]
    from_run: Annotated[str | None, Field(description="The run that it was made from.")] = None
    run_code: Annotated[
        str | None, Field(description="The version of the strategy's code in that run, if it was recorded.")
    ] = None
    since: Annotated[
        int, Field(description="Its first bar is the first one from here on; milliseconds since 1970 UTC.")
    ]
    warm: Annotated[bool, Field(description="Whether its strategy sees the bars before its first one.")]
    limits: BotLimits
    bars: Annotated[int, Field(description="How many bars it has stepped.")]
    entry_price: Annotated[
        float | None, Field(description="What its shares were bought or sold for, a share; null if it holds none.")
    ] = None
    peak_equity: Annotated[float, Field(description="The most it was worth at a bar since it was resumed last.")]
    day_start_equity: Annotated[float, Field(description="What it was worth before the first bar of its last day.")]


class BotMessage(Message):
    """A bot after the request; `sequence` is its portfolio's revision."""

    type: Literal["bot"] = "bot"
    portfolio: str
    bot: BotView


class BotsMessage(Message):
    """The bots of a portfolio by id, those that have ended last; `sequence` is the portfolio's revision."""

    type: Literal["bots"] = "bots"
    portfolio: str
    bots: list[BotSummary]


class _BotRequest(ClientRequest):
    portfolio: PortfolioRef
    bot: BotRef


class NewBot(Wire):
    """A bot that is created.

    It trades what a run has tested (`fromRun`: a run of one symbol on minutes that has succeeded), or a config of its
    own. Days of the config are ignored, and prices are not adjusted: `adjustment` becomes `raw`.
    """

    bot: BotName
    from_run: Annotated[RunId | None, Field(description="The run whose config it trades.")] = None
    config: Annotated[BacktestConfig | None, Field(description="In place of `fromRun`: what it trades.")] = None
    capital: Annotated[
        Amount | None, Field(description="Dollars of the portfolio's cash. Default: `startCapital` of the config.")
    ] = None
    warm: Annotated[
        bool, Field(description="Whether its strategy sees the bars before its first one; a run's never does.")
    ] = True
    adopt_code: Annotated[
        bool, Field(description="Trade by the strategy's code as it is now, though the run had another version.")
    ] = False
    limits: BotLimits = BotLimits()

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.from_run is None) == (self.config is None):
            raise ValueError("give either fromRun, a run that was tested, or a config")
        return self


class CreateBot(NewBot, ClientRequest):
    """Create a bot: it trades from the next bar on. Idempotent by its id. Reply: `bot`.

    It trades what a run has tested (`fromRun`: a run of one symbol on minutes that has succeeded), or a config of its
    own. Days of the config are ignored, and prices are not adjusted: `adjustment` becomes `raw`.
    """

    type: Literal["create_bot"] = "create_bot"
    portfolio: PortfolioRef


class ListBots(ClientRequest):
    """List the bots of a portfolio. Reply: `bots`."""

    type: Literal["list_bots"] = "list_bots"
    portfolio: PortfolioRef


class GetBot(_BotRequest):
    """Get a bot. Reply: `bot`."""

    type: Literal["get_bot"] = "get_bot"


class PauseBot(_BotRequest):
    """Ask its strategy no longer, and withdraw its order to enter; what closes its position goes on. Idempotent.
    Reply: `bot`."""

    type: Literal["pause_bot"] = "pause_bot"


class ResumeTerms(Wire):
    """How a paused bot goes on."""

    adopt_code: Annotated[bool, Field(description="Go on with the strategy's code as it is now.")] = False


class ResumeBot(ResumeTerms, _BotRequest):
    """Let a paused bot trade again; its losses count from here on. Idempotent. Reply: `bot`."""

    type: Literal["resume_bot"] = "resume_bot"


class StopTerms(Wire):
    """What becomes of the position of a bot that is stopped."""

    positions: Annotated[
        Literal["close", "keep"],
        Field(
            description="`close`: its position is closed by the next bars, and then it is stopped. `keep`: it is "
            "stopped at once, and its position becomes the portfolio's own, without its stops."
        ),
    ]


class StopBot(StopTerms, _BotRequest):
    """Stop a bot for good; its cash becomes the portfolio's. Idempotent. Reply: `bot`."""

    type: Literal["stop_bot"] = "stop_bot"


class NewBotLimits(Wire):
    """All limits of a bot."""

    limits: BotLimits


class SetBotLimits(NewBotLimits, _BotRequest):
    """Set all limits of a bot; those that are left out are removed. Idempotent. Reply: `bot`."""

    type: Literal["set_bot_limits"] = "set_bot_limits"


BotQuery = ListBots | GetBot
"""Requests that read bots."""
BotChange = CreateBot | PauseBot | ResumeBot | StopBot | SetBotLimits
"""Requests that change a bot; their reply is the bot."""
BotRequest = BotQuery | BotChange
BotAnswer = BotMessage | BotsMessage
