"""$default: every request of a client. Invalid requests get an `error` reply and have no side effects."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, assert_never

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import APIGatewayWebSocketEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions import wiring
from functions.alerts.wiring import mailer, webhooks
from functions.settings import MessageSettings
from functions.websocket.log_keys import connection_keys, request_keys
from tickfold.alerts.alert_requests import AlertRequests
from tickfold.alerts.alert_store import AlertStore
from tickfold.backtests.cancelling import RunCanceller
from tickfold.backtests.failure import reason_of
from tickfold.backtests.following import RunFollower
from tickfold.backtests.listing import RunLister
from tickfold.backtests.quota import Limits, Quota
from tickfold.backtests.run_lifecycle import RunLifecycle
from tickfold.backtests.starting import RunStarter
from tickfold.backtests.workflow import Workflow
from tickfold.errors import RunError
from tickfold.identity.user import User
from tickfold.market_data.feed.following import SymbolFollower
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.market_data.series_catalog import SeriesCatalog
from tickfold.portfolios.desk import Desk
from tickfold.portfolios.market_time import MarketTime
from tickfold.portfolios.reading import PortfolioReader
from tickfold.portfolios.store import PortfolioStore
from tickfold.portfolios.switches import Switches
from tickfold.protocol import (
    AddFeedSymbols,
    AlertRequest,
    BotRequest,
    Cancel,
    Error,
    FeedRequest,
    GetResult,
    IdentityMessage,
    ListFeed,
    ListRuns,
    Ping,
    Pong,
    PortfolioChange,
    PortfolioQuery,
    PortfolioRequest,
    RemoveFeedSymbols,
    Request,
    RequestError,
    Resume,
    RunRequest,
    StartBacktest,
    StartSweep,
    Subscribe,
    Unsubscribe,
    Whoami,
    parse_request,
)
from tickfold.realtime.caller import Caller
from tickfold.realtime.sender import Sender
from tickfold.strategies import Registry
from tickfold.strategies.files import FOLDER
from tickfold.trading.bot_requests import BotRequests
from tickfold.trading.bot_store import BotStore
from tickfold.trading.bots import Bots

logger = Logger()


@dataclass(frozen=True)
class Dependencies:
    """What carries out requests."""

    sender: Sender
    starter: RunStarter
    follower: RunFollower
    symbols: SymbolFollower
    lister: RunLister
    canceller: RunCanceller
    desk: Desk
    portfolios: PortfolioReader
    bots: BotRequests
    alerts: AlertRequests


@cache
def dependencies() -> Dependencies:
    settings = MessageSettings.read()
    dynamodb = wiring.dynamodb()
    connections = wiring.connection_store(dynamodb, settings)
    runs = RunLifecycle(dynamodb.Table(settings.runs_table), Quota(dynamodb.Table(settings.users_table)))
    workflow = Workflow(wiring.step_functions(), settings.state_machine_arn)
    series = SeriesCatalog(wiring.s3(), settings.bucket)
    bars, trading = dynamodb.Table(settings.bars_table), dynamodb.Table(settings.trading_table)
    hot, watch_list, portfolios = HotStore(bars), WatchList(bars), PortfolioStore(trading)
    strategies, market = Registry.discover(FOLDER), MarketTime(hot, watch_list)
    limits = Limits(running=settings.running_limit, daily=settings.daily_limit)
    return Dependencies(
        sender=wiring.sender(connections, settings),
        starter=RunStarter(
            runs,
            connections,
            series,
            hot,
            watch_list,
            strategies,
            workflow,
            limits,
            settings.reduce_memory,
            logger,
            fetches=bool(json.loads(settings.providers)),
        ),
        follower=RunFollower(runs, connections),
        symbols=SymbolFollower(hot, watch_list, connections),
        lister=RunLister(runs),
        canceller=RunCanceller(runs, workflow),
        desk=Desk(portfolios, Switches(trading), market),
        portfolios=PortfolioReader(portfolios, connections),
        bots=BotRequests(Bots(portfolios, BotStore(trading), strategies), runs, market),
        alerts=AlertRequests(
            AlertStore(dynamodb.Table(settings.alerts_table)),
            hot,
            watch_list,
            connections,
            mailer(settings),
            webhooks(settings),
            portfolios,
        ),
    )


@logger.inject_lambda_context(clear_state=True)
@event_source(data_class=APIGatewayWebSocketEvent)
def handler(event: APIGatewayWebSocketEvent, _context: LambdaContext) -> dict[str, Any]:
    """Reply through the connection; the status code is for API Gateway only."""
    try:
        reply(event, dependencies())
        logger.info("replied")
    except Exception:
        # Raised, it would make API Gateway send the client an error of its own, which says nothing.
        logger.exception("the reply could not be sent")
    return {"statusCode": 200}


def reply(event: APIGatewayWebSocketEvent, dependencies: Dependencies) -> None:
    """Carry out the request in `event` and reply to it, with an error if that fails.

    Raises:
        Exception: the reply could not be sent.
    """
    context = event.request_context
    logger.append_keys(**connection_keys(event.raw_event))
    caller = Caller(context.connection_id, context["messageId"], User.of(context), dependencies.sender)
    try:
        if caller.has_expired:
            _turn_away(caller)
        else:
            _carry_out(caller, event.body or "", dependencies)
    except RunError as error:
        if isinstance(error, RequestError):
            caller.correlation_id = error.correlation_id
        caller.reply(Error(code=error.code, reason=str(error)))
    except Exception as error:
        logger.exception("the request failed")
        caller.reply(Error(code="internal", reason=reason_of(error, "the request")))


def _carry_out(caller: Caller, body: str, dependencies: Dependencies) -> None:
    request, ignored = parse_request(body)
    caller.correlation_id = request.correlation_id
    logger.append_keys(**request_keys(request))
    dispatch(caller, request, ignored, dependencies)


def dispatch(caller: Caller, request: Request, ignored: list[str], dependencies: Dependencies) -> None:
    """Carry out a request. The type checker refuses a member of `Request` that has no case."""
    if isinstance(request, RunRequest):
        _carry_out_run(caller, request, ignored, dependencies)
    elif isinstance(request, PortfolioRequest):
        _trade(caller, request, dependencies)
    elif isinstance(request, BotRequest):
        dependencies.bots.carry_out(caller, request)
    elif isinstance(request, AlertRequest):
        dependencies.alerts.carry_out(caller, request)
    else:
        _carry_out_other(caller, request, dependencies)


def _carry_out_run(caller: Caller, request: RunRequest, ignored: list[str], dependencies: Dependencies) -> None:
    match request:
        case StartBacktest() | StartSweep():
            dependencies.starter.start(caller, request, ignored)
        case Cancel():
            dependencies.canceller.cancel(caller, request)
        case Resume():
            dependencies.follower.resume(caller, request)
        case ListRuns():
            dependencies.lister.list_runs(caller, request)
        case GetResult():
            dependencies.follower.get_result(caller, request)
        case _:
            assert_never(request)


def _carry_out_other(
    caller: Caller, request: Subscribe | Unsubscribe | FeedRequest | Ping | Whoami, dependencies: Dependencies
) -> None:
    match request:
        case Subscribe():
            _subscribe(caller, request, dependencies)
        case Unsubscribe():
            _unsubscribe(caller, request, dependencies)
        case ListFeed() | AddFeedSymbols() | RemoveFeedSymbols():
            dependencies.symbols.feed(caller, request)
        case Ping():
            caller.reply(Pong())
        case Whoami():
            caller.reply(_identity_of(caller))
        case _:
            assert_never(request)


def _trade(caller: Caller, request: PortfolioRequest, dependencies: Dependencies) -> None:
    if isinstance(request, PortfolioQuery):
        dependencies.portfolios.read(caller, request)
    elif isinstance(request, PortfolioChange):
        dependencies.desk.change_portfolio(caller, request)
    else:
        dependencies.desk.change_orders(caller, request)


def _subscribe(caller: Caller, request: Subscribe, dependencies: Dependencies) -> None:
    match request.topic:
        case "symbol":
            dependencies.symbols.subscribe(caller, request)
        case "journal":
            dependencies.portfolios.subscribe(caller, request)
        case "run" | "user" | "portfolio":
            dependencies.follower.subscribe(caller, request.topic, request.id)
        case "alerts":
            dependencies.alerts.subscribe(caller)


def _unsubscribe(caller: Caller, request: Unsubscribe, dependencies: Dependencies) -> None:
    match request.topic:
        case "symbol":
            dependencies.symbols.unsubscribe(caller, request)
        case "journal":
            dependencies.portfolios.unsubscribe(caller, request)
        case "run" | "user" | "portfolio":
            dependencies.follower.unsubscribe(caller, request.topic, request.id)
        case "alerts":
            dependencies.alerts.unsubscribe(caller)


def _identity_of(caller: Caller) -> IdentityMessage:
    return IdentityMessage(
        user_id=caller.user.user_id,
        portfolios=list(caller.user.portfolios),
        expires_at=caller.user.expires_at * 1_000,
        connection_id=caller.connection_id,
    )


def _turn_away(caller: Caller) -> None:
    caller.reply(Error(code="expired", reason="the token has expired; connect again with a new one"))
    caller.disconnect()
