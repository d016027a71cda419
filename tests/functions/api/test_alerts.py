"""Alerts over HTTP: rules, their history and tests, and preferences; each user's alone."""

from typing import TYPE_CHECKING

import pytest

from tests.aws import BARS, BOB
from tests.functions.api.conftest import Answered, Client
from tests.market_data.feed.stored import feed_bars, store
from tickfold.market_data.feed.hot_store import HotStore
from tickfold.market_data.feed.watch_list import WatchList

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

RULES = "/v1/alerts/rules"
PRICE = {"condition": {"kind": "price", "symbol": "GOOG", "above": 180}}


@pytest.fixture
def fed(client: Client, dynamodb: "DynamoDBServiceResource") -> Client:
    """A client, of whose symbol the feed has bars."""
    table = dynamodb.Table(BARS)
    WatchList(table).add(["GOOG"], "XNYS", "ada")
    store(HotStore(table), "GOOG", feed_bars(2))
    return client


def make(client: Client, **more: object) -> Answered:
    made = client.send("POST", RULES, {"rule": PRICE, **more})
    assert made.status == 201, made
    return made


def test_rule_is_made_found_where_the_answer_says_changed_and_deleted(fed: Client) -> None:
    location = make(fed).headers["location"]
    assert (found := fed.get(location))["rule"]["condition"]["above"] == 180
    assert location == f"{RULES}/{found['ruleId']}"
    assert fed.get(RULES)["rules"] == [found]
    below = {"condition": {"kind": "price", "symbol": "GOOG", "below": 90}}
    assert fed.send("PUT", location, {"rule": below}).json["rule"]["rule"]["condition"]["below"] == 90
    for _ in range(2):
        assert fed.send("DELETE", location).json["type"] == "alert_rule_deleted"
    for method, path, body in (("GET", "", None), ("PUT", "", {"rule": PRICE}), ("POST", "/test", None)):
        refused = fed.send(method, location + path, body)
        assert (refused.status, refused.json["detail"]) == (404, f"there is no alert rule {found['ruleId']}")


def test_rule_is_made_once_for_each_key(fed: Client) -> None:
    first, second = (fed.send("POST", RULES, {"rule": PRICE}, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status, first) == (201, second)
    assert make(fed).headers["location"] != first.headers["location"]
    assert len(fed.get(RULES)["rules"]) == 2


def test_secret_of_a_webhook_is_shown_when_it_is_made_only(fed: Client) -> None:
    rule = PRICE | {"channels": ["webhook"], "webhookUrl": "https://example.com/hook"}
    made = make(fed, rule=rule)
    assert made.json["webhookSecret"].startswith("whsec_")
    assert "webhookSecret" not in fed.send("PUT", made.headers["location"], {"rule": rule}).json
    assert "whsec_" not in fed.send("GET", made.headers["location"]).body


def test_test_message_is_in_the_history(fed: Client) -> None:
    location = make(fed).headers["location"]
    sent = [fed.send("POST", f"{location}/test").json for _ in range(2)]
    assert {each["kind"] for each in sent} == {"test"}
    page = fed.get("/v1/alerts?limit=1")
    rest = fed.send("GET", "/v1/alerts", queryStringParameters={"before": page["next"]}).json
    assert [each["alert"] for each in (*page["alerts"], *rest["alerts"])] == sent[::-1]


def test_preferences_are_set(client: Client) -> None:
    assert client.get("/v1/alerts/preferences")["preferences"]["channels"] == ["browser"]
    wanted = {"timeZone": "Europe/Berlin", "quietHours": {"begin": "22:00", "end": "07:00"}}
    assert client.send("PUT", "/v1/alerts/preferences", {"preferences": wanted}).status == 200
    assert client.get("/v1/alerts/preferences")["preferences"]["quietHours"] == wanted["quietHours"]
    by_mail = {"preferences": {"email": "ada@example.com"}}
    refused = client.send("PUT", "/v1/alerts/preferences", by_mail)
    assert (refused.status, refused.json["code"]) == (422, "invalid")
    assert refused.json["detail"].startswith("this stack sends no e-mail")
    assert client.send("PUT", "/v1/alerts/preferences").json["detail"] == "preferences is missing"


def test_rules_and_alerts_are_the_users_own(fed: Client) -> None:
    location = make(fed).headers["location"]
    fed.send("POST", f"{location}/test")
    assert fed.get("/v1/alerts", user=BOB)["alerts"] == fed.get(RULES, user=BOB)["rules"] == []
    assert fed.send("GET", location, user=BOB).status == 404
    assert fed.send("POST", f"{location}/test", user=BOB).status == 404
    assert fed.send("PUT", location, {"rule": PRICE}, user=BOB).status == 404
    assert fed.send("DELETE", location, user=BOB).status == 200  # of a rule that Bob does not have
    assert fed.get(location)["rule"]["condition"]["above"] == 180


def test_symbol_that_the_feed_does_not_fetch_is_not_found(client: Client) -> None:
    refused = client.send("POST", RULES, {"rule": PRICE})
    assert (refused.status, refused.json["code"]) == (404, "not_found")
