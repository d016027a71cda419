"""Every request of the HTTP API: the operation is found, the request checked, carried out and answered."""

from functools import cache
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from functions.api import DOCUMENT
from functions.api.areas import OPERATIONS
from functions.api.operation import Call, Located, Operation
from functions.api.problems import RequestRefusedError, problem
from functions.api.requests import user_of, values_of
from functions.api.services import Services
from functions.settings import HttpSettings
from tickfold.backtests.failure import reason_of
from tickfold.errors import RunError
from tickfold.identity.claims import Login
from tickfold.protocol import dump

_JSON: Final = "application/json"
_SMALL_BYTES: Final = 1_000
"""What is not larger is not compressed."""

logger = Logger()
app = APIGatewayHttpResolver()


@cache
def dependencies() -> tuple[Services, Login]:
    """Return what carries out operations, and what makes a token a login."""
    settings = HttpSettings.read()
    return Services.of(settings, logger), Login(settings.audience, settings.portfolios_claim)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request. The event holds the token, so it is not logged."""
    logger.append_keys(api_request_id=event["requestContext"]["requestId"])
    answered = respond(event, context, *dependencies())
    logger.info("answered", status=answered["statusCode"])
    return answered


def respond(event: dict[str, Any], context: LambdaContext, services: Services, login: Login) -> dict[str, Any]:
    """Return what API Gateway sends to the client."""
    app.append_context(services=services, login=login)  # type: ignore[no-untyped-call] # powertools' own
    return app.resolve(event, context)


def answer(operation: Operation) -> Response[str]:
    """Carry out the operation that the current request asks for."""
    event = app.current_event
    call = Call(user_of(event, app.context["login"]), request_id(), app.context["services"])
    logger.append_keys(operation=operation.name, user_id=call.user.user_id)
    call.services.request_rate.check(call.user.user_id)
    found = operation.carry_out(call, **values_of(operation, event))
    if isinstance(found, Located):
        return _respond(found.body, operation.status, {"Location": found.location})
    body = dump(found) if isinstance(found, BaseModel) else found
    return _validated(body) if operation.has_etag else _respond(body, operation.status, {})


@app.get(DOCUMENT)
def document() -> Response[str]:
    """Return the OpenAPI document."""
    from functions.api.openapi import rendered  # noqa: PLC0415 - makes the schemas of all models

    return _validated(rendered())


def _validated(body: str) -> Response[str]:
    """Return a body that the client may keep, or that the one that it has kept is still right."""
    # Weak: the bytes depend on whether they are compressed.
    etag = f'W/"{sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    kept = app.current_event.headers.get("if-none-match") or ""
    opaque = etag.removeprefix("W/")
    if kept.strip() == "*" or opaque in (each.strip().removeprefix("W/") for each in kept.split(",")):
        return Response(HTTPStatus.NOT_MODIFIED, None, "", headers)
    return _respond(body, HTTPStatus.OK, headers)


def _respond(body: str, status: HTTPStatus, headers: dict[str, str]) -> Response[str]:
    common = {"Cache-Control": "no-store", "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    return Response(status, _JSON, body, common | headers, compress=len(body) > _SMALL_BYTES)


def request_id() -> str:
    """Return API Gateway's id of the current request."""
    return str(app.current_event.request_context.request_id)


def refuse(error: RunError | RequestRefusedError) -> Response[str]:
    """Answer a request that cannot be carried out."""
    logger.warning("refused", code=error.code, reason=str(error))
    return problem(error, request_id())


def fail(error: Exception) -> Response[str]:
    """Answer a request that failed for a reason that is in the log only."""
    logger.exception("the request failed")
    return problem(RunError(reason_of(error, "the request"), "internal"), request_id())


def refuse_path(_error: NotFoundError) -> Response[str]:
    """Answer a request that no operation is for."""
    path, method = app.current_event.path, app.current_event.http_method
    if allowed := sorted(each.method for each in OPERATIONS if each.pattern.fullmatch(path)):
        methods = ", ".join(allowed)
        reason = f"{method} is not a method of {path}; expected {methods}"
        return refuse(RequestRefusedError("wrong_method", reason, {"Allow": methods}))
    return refuse(RunError(f"there is nothing at {path}; {DOCUMENT} says what there is", "not_found"))


def _register(operation: Operation) -> None:
    @app.route(operation.rule, method=operation.method)
    def carried_out() -> Response[str]:
        return answer(operation)


app.exception_handler([RunError, RequestRefusedError])(refuse)
app.exception_handler(Exception)(fail)
app.not_found(refuse_path)
for each in OPERATIONS:
    _register(each)
