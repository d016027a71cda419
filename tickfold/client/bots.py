"""The client's methods of bots."""

from typing import Literal

from tickfold.client.answers import expect
from tickfold.client.session import Session
from tickfold.protocol import (
    BacktestConfig,
    BotChange,
    BotLimits,
    BotMessage,
    BotsMessage,
    BotSummary,
    BotView,
    CreateBot,
    GetBot,
    ListBots,
    PauseBot,
    ResumeBot,
    SetBotLimits,
    StopBot,
)


class BotClient:
    """Bots: each is named by its portfolio, whose id or name is given, and its own id. Every change is idempotent."""

    def __init__(self, session: Session) -> None:
        """Send requests over `session`."""
        self._session = session

    async def create_bot(
        self,
        portfolio: str,
        bot: str,
        *,
        from_run: str | None = None,
        config: BacktestConfig | None = None,
        capital: float | None = None,
        warm: bool = True,
        adopt_code: bool = False,
        limits: BotLimits | None = None,
    ) -> BotView:
        """Create a bot that trades what the run `from_run` has tested, or a `config`; give one of the two.

        `capital` dollars are its portfolio's; by default as many as the config says.
        """
        request = CreateBot(
            portfolio=portfolio,
            bot=bot,
            from_run=from_run,
            config=config,
            capital=capital,
            warm=warm,
            adopt_code=adopt_code,
            limits=limits or BotLimits(),
        )
        return await self._changed_bot(request)

    async def list_bots(self, portfolio: str) -> list[BotSummary]:
        """Return the bots of a portfolio by id, those that have ended last."""
        return expect(BotsMessage, await self._session.ask(ListBots(portfolio=portfolio))).bots

    async def get_bot(self, portfolio: str, bot: str) -> BotView:
        """Return a bot as it is now."""
        return expect(BotMessage, await self._session.ask(GetBot(portfolio=portfolio, bot=bot))).bot

    async def pause_bot(self, portfolio: str, bot: str) -> BotView:
        """Ask a bot's strategy no longer; what closes its position goes on."""
        return await self._changed_bot(PauseBot(portfolio=portfolio, bot=bot))

    async def resume_bot(self, portfolio: str, bot: str, *, adopt_code: bool = False) -> BotView:
        """Let a paused bot trade again, with `adopt_code` by its strategy's code as it is now."""
        return await self._changed_bot(ResumeBot(portfolio=portfolio, bot=bot, adopt_code=adopt_code))

    async def stop_bot(self, portfolio: str, bot: str, positions: Literal["close", "keep"]) -> BotView:
        """Stop a bot once its position is closed, or at once: the portfolio then keeps the position."""
        return await self._changed_bot(StopBot(portfolio=portfolio, bot=bot, positions=positions))

    async def set_bot_limits(self, portfolio: str, bot: str, limits: BotLimits) -> BotView:
        """Set all limits of a bot."""
        return await self._changed_bot(SetBotLimits(portfolio=portfolio, bot=bot, limits=limits))

    async def _changed_bot(self, request: BotChange) -> BotView:
        return expect(BotMessage, await self._session.ask(request)).bot
