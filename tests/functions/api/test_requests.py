"""What every operation has in common: whose a request is, what is wrong with it, and in which words that is told."""

import gzip
import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import pytest

from functions.api import http
from functions.api.areas import OPERATIONS
from functions.api.services import Services
from tests.aws import ADA, BOB, USERS
from tests.functions.api.conftest import AUDIENCE, CONTEXT, Client, event_of, token_of
from tickfold.identity.claims import Login
from tickfold.protocol import MAX_REQUEST_BYTES
from tickfold.protocol.problem import MEDIA_TYPE, Problem
from tickfold.realtime.request_rate import RequestRate

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

START = "/v1/runs"


def test_whoami_is_the_token_s_user(client: Client) -> None:
    assert client.get("/v1/whoami") == {"userId": "ada", "portfolios": ["growth"], "expiresAt": 4_000_000_000_000}


@pytest.mark.parametrize(
    ("portfolios", "expected"), [("growth income", ["growth", "income"]), (["a b", "c"], ["c"]), (None, [])]
)
def test_portfolios_are_the_token_s_own_rather_than_the_gateway_s_text(
    client: Client, portfolios: Any, expected: list[str]
) -> None:
    assert client.get("/v1/whoami", token=token_of(portfolios=portfolios))["portfolios"] == expected


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (token_of(events={"logout": {}}), "tells of an event"),
        (token_of(header={"typ": "logout+jwt"}), "not meant as a login"),
        (token_of(cnf={"jkt": "a"}), "bound to a key"),
        (token_of(azp="ada"), "a client's own"),
        (token_of(aud="other"), "for another audience"),
        (token_of(exp=1), "has expired"),
        ("a.b.c", "malformed"),
        (token_of(sub=7), "malformed"),
    ],
)
def test_token_that_is_no_login_is_forbidden(client: Client, token: str, reason: str) -> None:
    refused = client.send("GET", "/v1/whoami", token=token)
    assert (refused.status, refused.json["code"]) == (403, "forbidden")
    assert reason in refused.json["detail"]
    assert token not in refused.body


def test_request_that_no_authorizer_has_let_pass_is_not_carried_out(client: Client) -> None:
    """A route without the authorizer is a mistake of the deployment: the token could be anybody's."""
    event = event_of("GET", "/v1/whoami", None, {"Authorization": f"Bearer {token_of()}"}, None)
    answer = http.respond(event, CONTEXT, client.services, Login(AUDIENCE, "portfolios"))
    assert answer["statusCode"] == 500
    assert "ada" not in answer["body"]


@pytest.mark.parametrize("target", ["/v1/nothing", "/v1/runs/", "/v1/series/A/bars"])
def test_path_of_no_operation_is_not_found(client: Client, target: str) -> None:
    refused = client.send("GET", target)
    assert (refused.status, refused.json["code"]) == (404, "not_found")
    assert refused.json["detail"] == f"there is nothing at {target}; /v1/openapi.json says what there is"


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("PATCH", "/v1/runs", "GET, POST"),
        ("PUT", "/v1/portfolios/a/positions/B/C", "DELETE"),
        ("HEAD", "/v1/whoami", "GET"),
        ("POST", "/v1/runs/r1", "DELETE, GET"),
    ],
)
def test_method_of_no_operation_is_refused_with_those_there_are(
    client: Client, method: str, target: str, allowed: str
) -> None:
    refused = client.send(method, target)
    assert (refused.status, refused.json["code"], refused.headers["allow"]) == (405, "wrong_method", allowed)
    assert refused.json["detail"] == f"{method} is not a method of {target}; expected {allowed}"


@pytest.mark.parametrize(
    ("body", "status", "code", "detail"),
    [
        ("{", 400, "malformed", "the body is not JSON"),
        ("[" * 5_000, 400, "malformed", "the body is not JSON"),
        ("[]", 422, "invalid", "the body is JSON but not an object"),
        ("", 422, "invalid", "type is missing"),
        ("{}", 422, "invalid", "type is missing"),
        (
            '{"type": "cancel"}',
            422,
            "invalid",
            "type 'cancel' is unknown; expected one of 'start_backtest', 'start_sweep'",
        ),
        ('{"type": "start_backtest"}', 422, "invalid", "config is missing"),
        ('{"a": "' + "x" * MAX_REQUEST_BYTES + '"}', 413, "too_large", "the body has 32,009 bytes; at most 32,000 are"),
    ],
    ids=lambda each: str(each)[:20],
)
def test_wrong_bodies(client: Client, body: str, status: int, code: str, detail: str) -> None:
    refused = client.send("POST", START, body)
    assert (refused.status, refused.json["code"]) == (status, code)
    assert refused.json["detail"].startswith(detail)


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_media_types_are_refused(client: Client, media_type: str) -> None:
    refused = client.send("POST", START, "{}", headers={"Content-Type": media_type})
    assert (refused.status, refused.json["code"]) == (415, "wrong_media_type")


def test_media_type_may_have_parameters_and_the_body_may_be_base64(client: Client) -> None:
    body = b64encode(b'{"market": "24/7"}').decode()
    added = client.send(
        "PUT",
        "/v1/feed/symbols/BTC",
        body,
        headers={"Content-Type": "Application/JSON; charset=utf-8"},
        isBase64Encoded=True,
    )
    assert added.json["symbols"][0]["market"] == "24/7"


def test_body_that_is_no_text_is_not_json(client: Client) -> None:
    refused = client.send("POST", START, b64encode(b"\xff\xfe{").decode(), isBase64Encoded=True)
    assert (refused.status, refused.json["code"]) == (400, "malformed")


def test_problem_says_all_that_rfc_9457_asks_and_the_request_s_id(client: Client) -> None:
    refused = client.send("GET", "/v1/runs/r9")
    assert refused.headers["content-type"] == MEDIA_TYPE
    assert refused.headers["cache-control"] == "no-store"
    assert refused.json == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is no run r9",
        "code": "not_found",
        "requestId": f"api-request-{client.requests}",
    }
    Problem.model_validate_json(refused.body)


def test_internal_error_is_in_the_log_only(client: Client, logged: pytest.LogCaptureFixture) -> None:
    class Broken(Services):
        @property
        def lister(self) -> Any:
            raise ValueError("the password is hunter2")

        @lister.setter
        def lister(self, _value: Any) -> None:
            pass

    broken = Broken.__new__(Broken)
    broken.request_rate = client.services.request_rate
    event = event_of("GET", "/v1/runs", None, {}, token_of(ADA))
    answer = http.respond(event, CONTEXT, broken, Login(AUDIENCE, "portfolios"))
    told = json.loads(answer["body"])
    assert (answer["statusCode"], told["code"]) == (500, "internal")
    assert told["detail"] == "the request failed with an internal error (ValueError); its log says more"
    assert "hunter2" in logged.text


def test_log_has_no_token(client: Client, logged: pytest.LogCaptureFixture) -> None:
    client.send("GET", "/v1/runs/r9")
    client.send("GET", "/v1/whoami", token=token_of(cnf={}))
    assert token_of().split(".")[1] not in logged.text


def test_large_answers_are_compressed_for_who_takes_it(client: Client) -> None:
    plain = client.send("GET", "/v1/strategies")
    packed = client.send("GET", "/v1/strategies", headers={"Accept-Encoding": "br, gzip"})
    assert (packed.is_base64, packed.headers["content-encoding"]) == (True, "gzip")
    assert gzip.decompress(b64decode(packed.body)).decode() == plain.body
    assert packed.headers["etag"] == plain.headers["etag"]
    assert plain.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in client.send("GET", "/v1/whoami", headers={"Accept-Encoding": "gzip"}).headers


def allowed(client: Client, dynamodb: "DynamoDBServiceResource", limit: int) -> Client:
    """Return a client of a stack where a user may make `limit` requests in a minute; now is its tenth second."""
    client.services.request_rate = RequestRate(dynamodb.Table(USERS), limit, lambda: 1_769_783_410)
    return client


def test_user_who_asks_too_often_is_told_when_to_try_again(client: Client, dynamodb: "DynamoDBServiceResource") -> None:
    limited = allowed(client, dynamodb, 2)
    assert [limited.send("GET", "/v1/whoami").status for _ in range(2)] == [200, 200]
    refused = limited.send("GET", "/v1/whoami")
    assert (refused.status, refused.json["code"], refused.headers["retry-after"]) == (429, "limit", "50")
    assert refused.headers["content-type"] == MEDIA_TYPE
    assert refused.json["detail"] == "request limit reached (2 in a minute): try again in 50 s"
    assert limited.send("GET", "/v1/whoami", user=BOB).status == 200


def test_refused_requests_count_too(client: Client, dynamodb: "DynamoDBServiceResource") -> None:
    limited = allowed(client, dynamodb, 1)
    assert [limited.send("GET", "/v1/runs?limit=0").status for _ in range(2)] == [422, 429]


def test_operations_have_names_and_paths_of_their_own() -> None:
    assert len({each.name for each in OPERATIONS}) == len(OPERATIONS)
    assert len({(each.method, each.path) for each in OPERATIONS}) == len(OPERATIONS)
    assert all(each.carry_out.__doc__ for each in OPERATIONS)
