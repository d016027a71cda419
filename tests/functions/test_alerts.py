"""The functions of alerts: what streams and schedules tell them, and the page of the links."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent, LambdaFunctionUrlEvent
from boto3.dynamodb.types import TypeSerializer

from functions import settings
from functions.alerts import check_silence, evaluate, follow_link, send
from tests.alerts.journals import condition
from tests.alerts.rules import closes, price, rule
from tests.aws import ALERTS, BARS, TRADING, rows
from tickfold.alerts.alert_store import AlertStore, RecordedAlert, Standing, UserPreferences
from tickfold.alerts.evaluation import initial_state
from tickfold.alerts.links import Links
from tickfold.alerts.observation import SeenBar
from tickfold.market_data.feed.hot_store import bar_row
from tickfold.market_data.feed.watch_list import WatchList
from tickfold.portfolios.journal import blank
from tickfold.portfolios.store import PortfolioStore
from tickfold.protocol.alerts import Alert, Preferences
from tickfold.protocol.journal import Deposit, Withdrawal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBServiceResource

CONTEXT: Any = SimpleNamespace(
    function_name="evaluate", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
)
LINKS = Links("https://links.example/")
ADA = UserPreferences(Preferences(email="ada@example.com"), "unconfirmed", "ab" * 32)
RUN = {"run_id": "r1", "entry": "run", "user_id": "ada", "status": "failed"}


@pytest.fixture
def store(dynamodb: "DynamoDBServiceResource", monkeypatch: pytest.MonkeyPatch) -> AlertStore:
    """The table of alerts, and the variables of all functions."""
    for name, value in {
        settings.ALERTS_TABLE: ALERTS,
        settings.BARS_TABLE: BARS,
        settings.TRADING_TABLE: TRADING,
        settings.ALERT_LINKS_URL: LINKS.url,
    }.items():
        monkeypatch.setenv(name, value)
    for module in (evaluate, check_silence, send, follow_link):
        module.dependencies.cache_clear()
    return AlertStore(dynamodb.Table(ALERTS))


def stream(*images: dict[str, Any]) -> dict[str, Any]:
    """Return the event of a stream with new images."""
    serializer = TypeSerializer()
    return {
        "Records": [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "NewImage": {name: serializer.serialize(value) for name, value in image.items()},
                    "SequenceNumber": str(number),
                    "ApproximateCreationDateTime": 1_769_783_460,
                },
            }
            for number, image in enumerate(images, 1)
        ]
    }


def begin(store: AlertStore, condition: dict[str, Any], **terms: Any) -> None:
    of = rule(condition, **terms)
    assert store.create(Standing(of, initial_state(of)))


def titles(store: AlertStore) -> list[str]:
    return [each.alert.title for each in store.alerts_of("ada", 50)[0]]


def announced(dynamodb: "DynamoDBServiceResource", bars: list[SeenBar], times: int = 1) -> None:
    """Store bars of GOOG, and announce them."""
    for each in bars:
        dynamodb.Table(BARS).put_item(Item=bar_row(each.symbol, each.stored))
    for _ in range(times):
        evaluate.handler({"detail": {"symbols": ["GOOG", "IBM"]}}, CONTEXT)


def test_bars_alert_once_however_often_they_are_announced(
    store: AlertStore, dynamodb: "DynamoDBServiceResource"
) -> None:
    begin(store, price(above=10), frequency="always")
    announced(dynamodb, closes(9, 11, 12), times=2)
    assert titles(store) == ["GOOG above 10.00"]


def test_bars_that_nobody_announced_are_made_up_for(store: AlertStore, dynamodb: "DynamoDBServiceResource") -> None:
    begin(store, price(above=10), frequency="always")
    seen = closes(9, 11, 9, 12, 9)
    announced(dynamodb, seen[:1])
    announced(dynamodb, seen[1:4], times=0)
    announced(dynamodb, seen[4:])
    assert len(titles(store)) == 2
    assert store.evaluated_to("symbol#GOOG") == 5


def test_rules_see_no_bar_from_before_them(store: AlertStore, dynamodb: "DynamoDBServiceResource") -> None:
    announced(dynamodb, closes(9, 11))
    of = rule(price(above=10))
    assert store.create(Standing(of, initial_state(of, (("symbol#GOOG", 2),))))
    announced(dynamodb, [])
    assert titles(store) == []


def test_numbers_that_were_evaluated_only_grow(store: AlertStore) -> None:
    for number in (3, 2):
        store.note_evaluated("symbol#GOOG", number)
    assert store.evaluated_to("symbol#GOOG") == 3
    assert store.watching("symbol#GOOG") == []


def test_journals_are_evaluated_as_they_are_announced_and_now_and_then_all_that_rules_watch(
    store: AlertStore, dynamodb: "DynamoDBServiceResource"
) -> None:
    portfolios = PortfolioStore(dynamodb.Table(TRADING))
    begin(store, condition("cash", above=10))
    portfolio = blank("growth-1")
    for event in ({"detail": {"portfolios": ["growth-1", "idle-1"]}}, {"detail-type": "Scheduled Event", "detail": {}}):
        for amount in (20.0, -20.0):
            paid = Deposit(amount=amount) if amount > 0 else Withdrawal(amount=-amount)
            portfolio = portfolios.append(portfolio, [paid], "ada")
        for _ in range(2):
            evaluate.handler(event, CONTEXT)
    assert titles(store) == 2 * ["growth-1 cash above $10.00"]


def test_journal_that_cannot_be_read_is_told_and_keeps_no_other_from_being_evaluated(
    store: AlertStore, dynamodb: "DynamoDBServiceResource"
) -> None:
    begin(store, condition("cash", above=10))
    broken = replace(rule(condition("killed") | {"portfolio": "broken-1"}), rule_id="r0000000000000001")
    assert store.create(Standing(broken, initial_state(broken)))
    dynamodb.Table(TRADING).put_item(
        Item={"portfolio": "p#broken-1", "entry": "journal#000000000001", "body": "of another version"}
    )
    PortfolioStore(dynamodb.Table(TRADING)).append(blank("growth-1"), [Deposit(amount=20.0)], "ada")
    with pytest.raises(evaluate.NotEvaluatedError, match=r"^not evaluated: broken-1; see the log$"):
        evaluate.handler({}, CONTEXT)
    assert titles(store) == ["growth-1 cash above $10.00"]


def test_end_of_a_run_alerts_at_its_time(store: AlertStore) -> None:
    begin(store, {"kind": "run_ended"})
    for _ in range(2):
        evaluate.handler(stream(RUN), CONTEXT)
    ((alert,), _) = store.alerts_of("ada", 50)
    assert (alert.alert.text, alert.alert.at) == ("Run r1 has failed.", 1_769_783_460_000)


def test_other_records_of_a_stream_are_nothing(store: AlertStore) -> None:
    event: dict[str, Any] = {"Records": [{"eventName": "REMOVE", "dynamodb": {"Keys": {}}}]}
    assert [*evaluate.ended_runs(DynamoDBStreamEvent(event))] == []


def test_silence_alerts_in_a_session_only(store: AlertStore, dynamodb: "DynamoDBServiceResource") -> None:
    begin(store, {"kind": "feed_silent", "minutes": 20})
    event = {"scheduled_time": "2025-11-28T14:55:00Z"}
    assert check_silence.handler(event, CONTEXT) is None
    WatchList(dynamodb.Table(BARS)).add(["GOOG"], "XNYS", "ada")
    assert check_silence.handler({"scheduled_time": "2025-11-28T20:00:00Z"}, CONTEXT) is None
    assert [check_silence.handler(event, CONTEXT) for _ in range(2)] == [25, 25]
    assert titles(store) == ["Feed silent for 20 minutes"]


def test_alert_that_cannot_be_noted_is_tried_again_and_delays_no_other(
    store: AlertStore, dynamodb: "DynamoDBServiceResource"
) -> None:
    for number in (1, 2):
        message = Alert(alert_id=f"a{number}", rule_id="r", kind="price", title="t", text="x", at=number)
        store.record(RecordedAlert("ada", message, ("email",)))
    first, second = sorted(rows(dynamodb.Table(ALERTS)), key=lambda row: str(row["entry"]))
    dynamodb.Table(ALERTS).delete_item(Key={"holder": first["holder"], "entry": first["entry"]})
    answer = send.handler(stream(first, second), CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert store.alerts_of("ada", 1)[0][0].deliveries == {"email": "not sent: this stack sends no e-mail"}


# --- links -----------------------------------------------------------------------------------------------------------


def open_link(method: str, token: str, store: AlertStore) -> dict[str, Any]:
    event = {"queryStringParameters": {"token": token}, "requestContext": {"http": {"method": method}}}
    return follow_link.answer(LambdaFunctionUrlEvent(event), store)


def test_get_shows_a_button_and_changes_nothing_and_post_does_it(store: AlertStore) -> None:
    store.set_preferences("ada", ADA)
    token = LINKS.link("ada", ADA, "confirm").partition("=")[2]
    for method in ("GET", "HEAD"):
        page = open_link(method, token, store)
        assert (page["statusCode"], '<form method="post">' in page["body"]) == (200, True)
    assert "ada@example.com" in page["body"]
    assert store.preferences("ada").email_state == "unconfirmed"
    assert open_link("POST", token, store)["statusCode"] == 200
    assert store.preferences("ada").email_state == "confirmed"


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("POST", 404), ("DELETE", 405)])
def test_wrong_links_tell_nothing_of_a_user(store: AlertStore, method: str, status: int) -> None:
    store.set_preferences("ada", ADA)
    found = open_link(method, "YWRh.confirm.00", store)
    assert found["statusCode"] == status
    assert "ada" not in found["body"]


def test_page_is_not_kept_framed_or_sent_on(store: AlertStore) -> None:
    headers = follow_link.handler({"requestContext": {"http": {"method": "GET"}}}, CONTEXT)["headers"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert json.dumps(headers)
