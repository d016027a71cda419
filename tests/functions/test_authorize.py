"""The authorizer's answers, and what it logs."""

import json
from collections.abc import Iterator
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest

from functions import settings
from functions.websocket import authorize
from tests.identity.oidc_provider import Provider, provider
from tickfold.identity.keys import IssuerError

METHOD = "arn:aws:execute-api:eu-north-1:111122223333:a1b2c3d4e5/live/$connect"
CONTEXT: Any = SimpleNamespace(
    function_name="authorize", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """An issuer that the function is configured for, in an execution environment of its own."""
    with provider() as serving:
        monkeypatch.setenv(settings.ISSUER, serving.url)
        monkeypatch.setenv(settings.AUDIENCE, "tickfold")
        monkeypatch.setenv(settings.PORTFOLIOS_CLAIM, "portfolios")
        authorize.dependencies.cache_clear()
        yield serving
    authorize.dependencies.cache_clear()


def answer(token: object) -> dict[str, Any]:
    event = {"type": "REQUEST", "methodArn": METHOD, "queryStringParameters": {"token": token}}
    return authorize.handler(event, CONTEXT)


def statement(effect: str) -> dict[str, Any]:
    document = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": METHOD}
    return {"Version": "2012-10-17", "Statement": [document]}


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the function logs."""
    written = StringIO()
    monkeypatch.setattr(authorize.logger.registered_handler, "stream", written)
    return written


def test_whoever_is_let_in_is_named_to_the_functions(issuer: Provider) -> None:
    exp = issuer.claims()["exp"]
    assert answer(issuer.token(exp=exp, portfolios="growth income")) == {
        "principalId": "auth0|ada",
        "policyDocument": statement("Allow"),
        "context": {"user_id": "auth0|ada", "portfolios": "growth income", "expires_at": str(exp)},
    }


def test_a_refusal_is_a_policy_and_its_reason_is_logged(issuer: Provider, log: StringIO) -> None:
    assert answer(issuer.token(aud="another")) == {"principalId": "nobody", "policyDocument": statement("Deny")}
    logged = json.loads(log.getvalue())
    assert (logged["level"], logged["reason"]) == ("WARNING", "the token is for another audience")


def test_an_issuer_that_is_down_is_an_error_of_the_function(issuer: Provider, log: StringIO) -> None:
    issuer.down = True
    with pytest.raises(IssuerError):
        answer(issuer.token())
    logged = json.loads(log.getvalue())
    assert logged["level"] == "ERROR"
    assert logged["reason"].startswith(f"{issuer.url}/.well-known/openid-configuration could not be read")


def test_an_unexpected_failure_refuses_and_its_place_is_logged_but_not_its_text(
    issuer: Provider, monkeypatch: pytest.MonkeyPatch, log: StringIO
) -> None:
    monkeypatch.delenv(settings.ISSUER)
    assert answer(issuer.token())["policyDocument"] == statement("Deny")
    logged = json.loads(log.getvalue())
    assert (logged["level"], logged["error"]) == ("ERROR", "SettingsError")
    assert "AuthorizeSettings.read" in "".join(logged["frames"])
    assert "exception" not in logged


def test_what_of_a_token_is_left_out_is_logged(issuer: Provider, log: StringIO) -> None:
    found = answer(issuer.token(portfolios=["growth", "/growth"]))
    assert found["context"]["portfolios"] == "growth"
    logged = json.loads(log.getvalue())
    assert (logged["level"], logged["user_id"]) == ("WARNING", "auth0|ada")
    assert logged["left_out"].startswith("1 of 2 groups, which are no portfolio ids")


def test_keys_are_fetched_once_for_an_execution_environment(issuer: Provider) -> None:
    for _ in range(3):
        assert answer(issuer.token())["policyDocument"] == statement("Allow")
    assert len(issuer.requests) == 2
