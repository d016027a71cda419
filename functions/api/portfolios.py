"""Portfolios: create, list and look at them; pay in and out; their limits, fills and journals; stop their trading."""

from http import HTTPStatus

from functions.api.operation import Area, Call, Located
from tickfold.protocol import (
    CreatePortfolio,
    DepositCash,
    GetJournal,
    GetPortfolio,
    JournalPage,
    Kill,
    Lift,
    ListPortfolios,
    ListTrades,
    Portfolios,
    PortfolioState,
    SetRiskLimits,
    TradesState,
    WithdrawCash,
)
from tickfold.protocol.portfolios import (
    EntriesPage,
    FillsPage,
    KillTerms,
    NewLimits,
    NewPortfolio,
    Payment,
    PortfolioRef,
)
from tickfold.protocol.wire import Wire

area = Area(
    "portfolios",
    "Portfolios, which trade on paper: create, list and look at them; pay in and out; their limits, fills and "
    "journals. Each is its owner's alone.",
)


class PortfolioPath(Wire):
    """A portfolio."""

    portfolio: PortfolioRef


@area.operation("GET", "/v1/portfolios", answer=Portfolios)
def list_portfolios(call: Call) -> str:
    """List your portfolios, by name."""
    return call.reply_to(ListPortfolios(), call.services.portfolios.read)


@area.operation(
    "POST",
    "/v1/portfolios",
    answer=PortfolioState,
    status=HTTPStatus.CREATED,
    refusals=("conflict", "limit"),
    headers={"Location": "The portfolio."},
)
def create_portfolio(call: Call, body: NewPortfolio) -> Located:
    """Create a portfolio. Idempotent by name: the same again has the same answer."""
    reply = call.reply_to(CreatePortfolio(**dict(body)), call.services.desk.change_portfolio)
    return Located(reply, f"/v1/portfolios/{PortfolioState.model_validate_json(reply).portfolio.portfolio}")


@area.operation("GET", "/v1/portfolios/{portfolio}", answer=PortfolioState, refusals=("not_found",), has_etag=True)
def get_portfolio(call: Call, path: PortfolioPath) -> str:
    """Look at a portfolio: what it holds and is worth. It changes with its revision only, and so does the ETag."""
    return call.reply_to(GetPortfolio(**dict(path)), call.services.portfolios.read)


@area.operation(
    "POST",
    "/v1/portfolios/{portfolio}/deposits",
    answer=PortfolioState,
    refusals=("not_found", "conflict"),
    key="key",
)
def deposit_cash(call: Call, path: PortfolioPath, body: Payment) -> str:
    """Pay dollars in. Idempotent by key: the same again pays nothing twice."""
    return call.reply_to(DepositCash(**dict(path), **dict(body)), call.services.desk.change_portfolio)


@area.operation(
    "POST",
    "/v1/portfolios/{portfolio}/withdrawals",
    answer=PortfolioState,
    refusals=("not_found", "conflict"),
    key="key",
)
def withdraw_cash(call: Call, path: PortfolioPath, body: Payment) -> str:
    """Pay dollars out. Idempotent by key: the same again pays nothing twice."""
    return call.reply_to(WithdrawCash(**dict(path), **dict(body)), call.services.desk.change_portfolio)


@area.operation("GET", "/v1/portfolios/{portfolio}/trades", answer=TradesState, refusals=("not_found",))
def list_fills(call: Call, path: PortfolioPath, query: FillsPage) -> str:
    """List the fills, the latest first."""
    return call.reply_to(ListTrades(**dict(path), **dict(query)), call.services.portfolios.read)


@area.operation("GET", "/v1/portfolios/{portfolio}/journal", answer=JournalPage, refusals=("not_found",))
def get_journal(call: Call, path: PortfolioPath, query: EntriesPage) -> str:
    """Get entries of the journal, in order: everything that has changed the portfolio."""
    return call.reply_to(GetJournal(**dict(path), **dict(query)), call.services.portfolios.read)


@area.operation("PUT", "/v1/portfolios/{portfolio}/limits", answer=PortfolioState, refusals=("not_found", "conflict"))
def set_risk_limits(call: Call, path: PortfolioPath, body: NewLimits) -> str:
    """Set all limits; those that are left out are removed. Idempotent."""
    return call.reply_to(SetRiskLimits(**dict(path), **dict(body)), call.services.desk.change_portfolio)


@area.operation(
    "POST", "/v1/portfolios/{portfolio}/kill", answer=PortfolioState, refusals=("not_found", "conflict", "limit")
)
def kill_portfolio(call: Call, path: PortfolioPath, body: KillTerms) -> str:
    """Stop all trading at once: cancel the orders, and take none that opens a position. Idempotent."""
    return call.reply_to(Kill(**dict(path), **dict(body)), call.services.desk.change_portfolio)


@area.operation("POST", "/v1/portfolios/{portfolio}/lift", answer=PortfolioState, refusals=("not_found", "conflict"))
def lift_portfolio(call: Call, path: PortfolioPath) -> str:
    """Let a portfolio trade again that is paused or killed. Idempotent."""
    return call.reply_to(Lift(**dict(path)), call.services.desk.change_portfolio)
