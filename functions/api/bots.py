"""Bots of portfolios: create them from runs, list and look at them; pause, resume, limit and stop them."""

from http import HTTPStatus

from functions.api.operation import Area, Call, Located
from functions.api.portfolios import PortfolioPath
from tickfold.protocol import (
    BotMessage,
    BotsMessage,
    CreateBot,
    GetBot,
    ListBots,
    PauseBot,
    ResumeBot,
    SetBotLimits,
    StopBot,
)
from tickfold.protocol.bots import BotRef, NewBot, NewBotLimits, ResumeTerms, StopTerms

area = Area("bots", "Bots, which trade a part of a portfolio by the rules of the backtest that they are made from.")


class BotPath(PortfolioPath):
    """A bot of a portfolio."""

    bot: BotRef


@area.operation("GET", "/v1/portfolios/{portfolio}/bots", answer=BotsMessage, refusals=("not_found",), has_etag=True)
def list_bots(call: Call, path: PortfolioPath) -> str:
    """List the bots by id, those that have ended last."""
    return call.reply_to(ListBots(**dict(path)), call.services.bots.carry_out)


@area.operation(
    "POST",
    "/v1/portfolios/{portfolio}/bots",
    answer=BotMessage,
    status=HTTPStatus.CREATED,
    refusals=("not_found", "conflict", "limit"),
    headers={"Location": "The bot."},
)
def create_bot(call: Call, path: PortfolioPath, body: NewBot) -> Located:
    """Create a bot, which trades from the next bar on. Idempotent by its id: the same again returns it."""
    reply = call.reply_to(CreateBot(**dict(path), **dict(body)), call.services.bots.carry_out)
    created = BotMessage.model_validate_json(reply)
    return Located(reply, f"/v1/portfolios/{created.portfolio}/bots/{created.bot.bot}")


@area.operation(
    "GET", "/v1/portfolios/{portfolio}/bots/{bot}", answer=BotMessage, refusals=("not_found",), has_etag=True
)
def get_bot(call: Call, path: BotPath) -> str:
    """Look at a bot: what it is, and what it has made so far."""
    return call.reply_to(GetBot(**dict(path)), call.services.bots.carry_out)


@area.operation(
    "POST", "/v1/portfolios/{portfolio}/bots/{bot}/pause", answer=BotMessage, refusals=("not_found", "conflict")
)
def pause_bot(call: Call, path: BotPath) -> str:
    """Ask its strategy no longer, and withdraw its order to enter; what closes its position goes on. Idempotent."""
    return call.reply_to(PauseBot(**dict(path)), call.services.bots.carry_out)


@area.operation(
    "POST", "/v1/portfolios/{portfolio}/bots/{bot}/resume", answer=BotMessage, refusals=("not_found", "conflict")
)
def resume_bot(call: Call, path: BotPath, body: ResumeTerms) -> str:
    """Let a paused bot trade again; its losses count from here on. Idempotent."""
    return call.reply_to(ResumeBot(**dict(path), **dict(body)), call.services.bots.carry_out)


@area.operation(
    "PUT", "/v1/portfolios/{portfolio}/bots/{bot}/limits", answer=BotMessage, refusals=("not_found", "conflict")
)
def set_bot_limits(call: Call, path: BotPath, body: NewBotLimits) -> str:
    """Set all limits of a bot; those that are left out are removed. Idempotent."""
    return call.reply_to(SetBotLimits(**dict(path), **dict(body)), call.services.bots.carry_out)


@area.operation(
    "DELETE", "/v1/portfolios/{portfolio}/bots/{bot}", answer=BotMessage, refusals=("not_found", "conflict")
)
def stop_bot(call: Call, path: BotPath, query: StopTerms) -> str:
    """Stop a bot for good; its cash becomes the portfolio's, and so does its position with `keep`. Idempotent."""
    return call.reply_to(StopBot(**dict(path), **dict(query)), call.services.bots.carry_out)
