"""A client of the HTTP API's function, in this process, on AWS in this process."""

import json
import logging
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from functions.api import http
from functions.api.services import Services
from functions.settings import HttpSettings
from tests.aws import (
    ADA,
    ALERTS,
    BARS,
    BUCKET,
    RUNS,
    STATE_MACHINE_ARN,
    TRADING,
    USERS,
    StepFunctions,
    aws,
    bucket,
    dynamodb,
    runs,
)
from tests.backtests.lake import load, walk
from tests.market_data.feed.stored import feed_bars, store
from tickfold.identity.claims import Login
from tickfold.identity.user import User
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.storage.bucket import Bucket

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

__all__ = ["aws", "bucket", "dynamodb", "runs"]

Json = dict[str, Any]
AUDIENCE = "tickfold"
GROWTH = "/v1/portfolios/growth"
FED = feed_bars(10)
CONTEXT: Any = SimpleNamespace(
    function_name="http", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)
SETTINGS = HttpSettings(
    bucket=BUCKET,
    runs_table=RUNS,
    users_table=USERS,
    bars_table=BARS,
    trading_table=TRADING,
    alerts_table=ALERTS,
    alert_links_url="https://links.example/",
    providers="[]",
    state_machine_arn=STATE_MACHINE_ARN,
    running_limit=3,
    daily_limit=100,
    reduce_memory=3_008,
    audience=AUDIENCE,
    portfolios_claim="portfolios",
    request_limit=1_000,
)


@dataclass(frozen=True)
class Answered:
    """What API Gateway would send to the client. Names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: str
    is_base64: bool

    @property
    def json(self) -> Json:
        found: Json = json.loads(self.body)
        return found


def token_of(user: User = ADA, header: Json | None = None, **claims: Any) -> str:
    """Return a token as API Gateway has let it pass: nobody here checks the signature."""
    said = {"sub": user.user_id, "aud": AUDIENCE, "exp": user.expires_at, "portfolios": list(user.portfolios)} | claims
    parts = (header or {"alg": "RS256", "typ": "JWT", "kid": "k"}, said)
    return ".".join([*(urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts), "sig"])


def event_of(method: str, target: str, body: str | None, headers: Mapping[str, str], token: str | None) -> Json:
    """Return the event of a request as API Gateway makes it; the path of `target` is decoded already."""
    path, _, query = target.partition("?")
    given = {**headers, **({} if token is None else {"Authorization": f"Bearer {token}"})}
    context: Json = {
        "http": {"method": method, "path": path, "sourceIp": "1.2.3.4", "protocol": "HTTP/1.1", "userAgent": "test"},
        "requestId": "api-request-1",
        "stage": "$default",
        "routeKey": "ANY /v1/{proxy+}",
    }
    if token is not None:
        context["authorizer"] = {"jwt": {"claims": {"sub": "as text"}, "scopes": None}}
    event: Json = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in given.items()},
        "requestContext": context,
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(each.split("=", 1) for each in query.split("&"))
    return event if body is None else event | {"body": body}


@dataclass
class Client:
    """Sends requests to the function."""

    services: Services
    step_functions: StepFunctions
    requests: int = 0

    def send(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        user: User = ADA,
        headers: Mapping[str, str] | None = None,
        token: str | None = "",
        **more: Any,
    ) -> Answered:
        """Send a request as `user`, or with `token`; `body` is made JSON unless it is text."""
        text = body if isinstance(body, str | None) else json.dumps(body)
        given = ({} if text is None else {"Content-Type": "application/json"}) | dict(headers or {})
        event = event_of(method, target, text, given, token_of(user) if token == "" else token) | more
        self.requests += 1
        event["requestContext"]["requestId"] = f"api-request-{self.requests}"
        answer = http.respond(event, CONTEXT, self.services, Login(AUDIENCE, "portfolios"))
        named = {name.lower(): value for name, value in answer.get("headers", {}).items()}
        return Answered(answer["statusCode"], named, answer.get("body") or "", bool(answer.get("isBase64Encoded")))

    def get(self, target: str, **more: Any) -> Json:
        """Return the JSON of a GET that must succeed."""
        found = self.send("GET", target, **more)
        assert found.status == 200, found
        return found.json


@pytest.fixture
def client(bucket: Bucket, dynamodb: "DynamoDBServiceResource", runs: object) -> Client:
    load(bucket, "WALK", walk(1))
    step_functions = StepFunctions()
    services = Services(SETTINGS, http.logger, dynamodb, bucket.s3, cast(Any, step_functions))
    return Client(services, step_functions)


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that is logged."""
    caplog.set_level(logging.INFO)
    return caplog


def outcome(answered: Answered) -> tuple[int, str]:
    return answered.status, answered.json["code"]


@pytest.fixture
def traded(client: Client, dynamodb: "DynamoDBServiceResource") -> Client:
    """A client of whose user there is a portfolio, and of whose symbol the feed has five bars."""
    table = dynamodb.Table(BARS)
    WatchList(table).add(["BTC/USD"], "24/7", "ada")
    store(HotStore(table), "BTC/USD", FED[:5])
    assert client.send("POST", "/v1/portfolios", {"name": "growth", "cash": 10_000}).status == 201
    return client
